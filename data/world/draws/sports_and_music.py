"""Families whose tools no other task uses: sports and music."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from toolgrove.data.records import Reference
from toolgrove.data.world.apis.music import SCALE
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.pools import decimal, one, whole
from toolgrove.data.world.tasks.build import Ask, Families, count, name, number

__all__ = ["DRAWINGS", "FAMILIES"]

FAMILIES = Families()
DRAWINGS = Drawings()

_DISTANCES = [3, 5, 8, 10, 12, 15, 21.1, 42.2]


def _race(rng: Random) -> Mapping[str, Any]:
    distance = rng.choice(_DISTANCES)
    return {"distance_km": distance, "minutes": round(distance * rng.uniform(4.1, 6.9), 1)}


@FAMILIES.add("G1", "race-pace", tempting=["Pace Lookup"])
def race_pace(ask: Ask, distance_km: float, minutes: float) -> Reference:
    found = ask("Race Pace", distance_km=distance_km, minutes=minutes)
    return number(found["seconds_per_km"], "second")


DRAWINGS.add(
    "g1-race-pace",
    [
        "I ran {distance_km} km in {minutes} minutes. How many seconds did a kilometre take me?",
        "What pace, in seconds per kilometre, does one run to finish {distance_km} km in {minutes} "
        "minutes?",
        "{distance_km} km in {minutes} minutes: what is the pace in seconds for each kilometre?",
    ],
    _race,
)


@FAMILIES.add("G1", "finish-time", tempting=["Pace Lookup"])
def finish_time(ask: Ask, distance_km: float, pace: int) -> Reference:
    found = ask("Finish Time", distance_km=distance_km, seconds_per_km=pace)
    return number(found["minutes"], "minute")


DRAWINGS.add(
    "g1-finish-time",
    [
        "At a pace of {pace} seconds per kilometre, how many minutes do I need for {distance_km} "
        "km?",
        "A runner needs {pace} seconds for each kilometre. After how many minutes are "
        "{distance_km} km done?",
        "How many minutes does a race of {distance_km} km take at {pace} seconds per kilometre?",
    ],
    one("distance_km", [7, 9, 11, 13, 14, 16, 18, 21.1, 25, 30, 42.2]),
    whole("pace", 245, 425),
)


@FAMILIES.add("G1", "race-prediction", tempting=["Pace Lookup"])
def prediction(ask: Ask, distance_km: float, minutes: float, goal_km: float) -> Reference:
    found = ask("Race Prediction", known_km=distance_km, known_minutes=minutes, goal_km=goal_km)
    return number(found["minutes"], "minute")


DRAWINGS.add(
    "g1-race-prediction",
    [
        "I ran {distance_km} km in {minutes} minutes. By Riegel's formula, how many minutes can I "
        "expect for {goal_km} km?",
        "From {minutes} minutes over {distance_km} km, predict the minutes over {goal_km} km with "
        "Riegel's formula.",
        "What time in minutes does Riegel's formula give for {goal_km} km to somebody who ran "
        "{distance_km} km in {minutes} minutes?",
    ],
    _race,
    one("goal_km", [7, 16, 18, 25, 30]),
)


def _body(rng: Random) -> Mapping[str, Any]:
    sex = rng.choice(["female", "male"])
    return {
        "weight": rng.randint(52, 108), "height": rng.randint(154, 197),
        "age": rng.randint(22, 71), "sex": sex,
        "who": "woman" if sex == "female" else "man",
    }  # fmt: skip


@FAMILIES.add("G1", "body-mass-index")
def bmi(ask: Ask, weight: int, height: int) -> Reference:
    return number(ask("Body Mass Index", weight_kg=weight, height_cm=height)["bmi"])


DRAWINGS.add(
    "g1-body-mass-index",
    [
        "What is the body mass index of somebody who weighs {weight} kg and is {height} cm tall?",
        "I am {height} cm tall and weigh {weight} kg. Give me my BMI with two decimals.",
        "Work out the BMI for {weight} kg and {height} cm.",
    ],
    _body,
)


@FAMILIES.add("G1", "resting-energy")
def resting(ask: Ask, weight: int, height: int, age: int, sex: str) -> Reference:
    found = ask("Resting Energy", weight_kg=weight, height_cm=height, age=age, sex=sex)
    return number(found["kcal_per_day"], "kilocalorie")


DRAWINGS.add(
    "g1-resting-energy",
    [
        "How many kilocalories a day does a {who} of {age} years, {height} cm and {weight} kg need "
        "at rest?",
        "A {who} is {age} years old, {height} cm tall and weighs {weight} kg. What is the energy "
        "need at rest in kilocalories a day?",
        "Give me the resting energy per day, in kilocalories, for a {who} of {age} with {weight} "
        "kg and {height} cm.",
    ],
    _body,
)


@FAMILIES.add("G1", "heart-rate")
def heart_rate(ask: Ask, age: int, percent: int) -> Reference:
    return count(ask("Heart Rate Zone", age=age, percent=percent)["beats_per_minute"])


DRAWINGS.add(
    "g1-heart-rate",
    [
        "I am {age} years old. How many heart beats a minute are {percent} percent of my maximum?",
        "What heart rate, in beats per minute, is {percent} percent of the maximum at the age of "
        "{age}?",
        "At {age} years of age, what pulse in beats per minute corresponds to {percent} percent of "
        "the maximum heart rate?",
    ],
    whole("age", 19, 72),
    whole("percent", 55, 90, 5),
)


@FAMILIES.add(
    "G2", "energy-in-race", offer=["Race Pace", "Heart Rate Zone"], tempting=["Pace Lookup"]
)
def energy_in_race(
    ask: Ask, weight: int, height: int, age: int, sex: str, distance_km: float, pace: int
) -> Reference:
    minutes = ask("Finish Time", distance_km=distance_km, seconds_per_km=pace)["minutes"]
    daily = ask("Resting Energy", weight_kg=weight, height_cm=height, age=age, sex=sex)
    return number(round(daily["kcal_per_day"] * minutes / 1440, 2), "kilocalorie", 0.005)


DRAWINGS.add(
    "g2-energy-in-race",
    [
        "A {who} of {age} years, {weight} kg and {height} cm runs {distance_km} km at {pace} "
        "seconds per kilometre. How many kilocalories would the body need at rest in the minutes "
        "that the run takes?",
        "How many kilocalories does a {who} ({age} years, {height} cm, {weight} kg) need at rest "
        "during the time of a {distance_km} km race run at {pace} seconds per kilometre?",
        "Take the finishing time of {distance_km} km at {pace} seconds per kilometre. How many "
        "kilocalories of resting energy does a {who} of {age} years with {weight} kg and {height} "
        "cm need in that time?",
    ],
    _body,
    one("distance_km", [10, 15, 21.1, 42.2]),
    whole("pace", 270, 420),
)


def _key(rng: Random, low: int = 2, high: int = 5) -> str:
    return f"{rng.choice(SCALE)}{rng.randint(low, high)}"


def _tone(rng: Random) -> Mapping[str, Any]:
    return {
        "note": _key(rng),
        "semitones": rng.choice([-17, -9, -5, 4, 5, 7, 8, 11, 14, 19]),
    }


@FAMILIES.add("G1", "note-frequency", tempting=["Pitch of Note"])
def note_frequency(ask: Ask, note: str) -> Reference:
    return number(ask("Note Frequency", note=note)["hertz"], "hertz")


DRAWINGS.add(
    "g1-note-frequency",
    [
        "What is the frequency of the note {note} in hertz?",
        "How many hertz does the note {note} have in equal temperament, with A4 at 440 Hz?",
        "Give me the pitch of {note} in Hz (A4 is 440 Hz).",
    ],
    _tone,
    fits=lambda answers: answers[0]["hertz"] != 440,
)


@FAMILIES.add("G1", "nearest-note", tempting=["Pitch of Note"])
def nearest_note(ask: Ask, hertz: float) -> Reference:
    return name(ask("Nearest Note", hertz=hertz)["note"])


DRAWINGS.add(
    "g1-nearest-note",
    [
        "Which note is nearest to {hertz} Hz? Name it with its octave and write black keys with #.",
        "A bell sounds at {hertz} Hz. Which note, with its octave, is closest? Sharps only.",
        "To what note with octave (such as C#4) does a tone of {hertz} hertz come closest?",
    ],
    decimal("hertz", 80, 2200, 1),
    fits=lambda answers: abs(answers[0]["cents"]) <= 30,
)


@FAMILIES.add("G1", "transpose", tempting=["Pitch of Note"])
def transposed(ask: Ask, note: str, semitones: int) -> Reference:
    return name(ask("Transpose Note", note=note, semitones=semitones)["note"])


DRAWINGS.add(
    "g1-transpose",
    [
        "Transpose the note {note} by {semitones:+d} semitones. Write black keys with #.",
        "Which note, with its octave, do I get if I move {note} by {semitones:+d} semitones? Use "
        "sharps, not flats.",
        "Shift {note} by {semitones:+d} semitones and name the note with its octave, sharps only.",
    ],
    _tone,
)


@FAMILIES.add("G1", "transposed-frequency", tempting=["Pitch of Note"])
def transposed_frequency(ask: Ask, note: str, semitones: int) -> Reference:
    found = ask("Transpose Note", note=note, semitones=semitones)["note"]
    return number(ask("Note Frequency", note=found)["hertz"], "hertz")


DRAWINGS.add(
    "g1-transposed-frequency",
    [
        "What is the frequency in hertz of the note {semitones:+d} semitones from {note}?",
        "Move {note} by {semitones:+d} semitones. What is the frequency of the new note in hertz?",
        "I play {note} and then the note that lies {semitones:+d} semitones from it. What is the "
        "second one's frequency in Hz?",
    ],
    _tone,
    fits=lambda answers: answers[1]["hertz"] != 440,
)


def _song(rng: Random) -> Mapping[str, Any]:
    return {
        "bpm": rng.randint(61, 187), "beats": rng.choice([3, 4, 5, 6, 7]),
        "bars": rng.randint(9, 90), "note": _key(rng, 3, 4),
    }  # fmt: skip


@FAMILIES.add("G1", "beat-duration")
def beat_duration(ask: Ask, bpm: int) -> Reference:
    return number(ask("Beat Duration", bpm=bpm)["milliseconds"], "millisecond")


DRAWINGS.add(
    "g1-beat-duration",
    [
        "How many milliseconds does a beat last at {bpm} beats per minute?",
        "At a tempo of {bpm} bpm, what is the length of one beat in milliseconds?",
        "My metronome is set to {bpm} bpm. How many milliseconds lie between two ticks?",
    ],
    _song,
)


@FAMILIES.add("G1", "bar-duration")
def bar_duration(ask: Ask, bpm: int, beats: int, bars: int) -> Reference:
    found = ask("Bar Duration", bpm=bpm, beats_per_bar=beats, bars=bars)
    return number(found["seconds"], "second")


DRAWINGS.add(
    "g1-bar-duration",
    [
        "How many seconds do {bars} bars of {beats} beats take at {bpm} beats per minute?",
        "A piece has {bars} bars with {beats} beats each and is played at {bpm} bpm. How long is "
        "it in seconds?",
        "At {bpm} bpm, how many seconds long are {bars} bars of {beats} beats?",
    ],
    _song,
)


@FAMILIES.add(
    "G2", "vibrations", offer=["Beat Duration", "Nearest Note"], tempting=["Pitch of Note"]
)
def vibrations(ask: Ask, note: str, bpm: int, beats: int, bars: int) -> Reference:
    seconds = ask("Bar Duration", bpm=bpm, beats_per_bar=beats, bars=bars)["seconds"]
    hertz = ask("Note Frequency", note=note)["hertz"]
    return number(round(seconds * hertz, 1), tolerance=0.005)


DRAWINGS.add(
    "g2-vibrations",
    [
        "The note {note} is held for {bars} bars of {beats} beats at {bpm} beats per minute. How "
        "many vibrations does it make in that time?",
        "How often does a string that sounds {note} vibrate during {bars} bars of {beats} beats at "
        "{bpm} bpm?",
        "Multiply the frequency of {note} in hertz by the length in seconds of {bars} bars with "
        "{beats} beats each at {bpm} bpm. What is the result?",
    ],
    _song,
)
