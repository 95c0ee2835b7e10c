"""Families whose tools no other task uses: electronics, signals, and several of them."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from toolgrove.data.records import Reference
from toolgrove.data.world.apis.electronics import COLORS
from toolgrove.data.world.apis.signals import to_morse
from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.pools import one, whole
from toolgrove.data.world.tasks.build import Ask, Families, name, number, text

__all__ = ["DRAWINGS", "FAMILIES"]

FAMILIES = Families()
DRAWINGS = Drawings()


def _bands(rng: Random) -> Mapping[str, Any]:
    bands = [rng.choice(COLORS[1:]), rng.choice(COLORS), rng.choice(COLORS[1:5])]
    return {"bands": ",".join(bands), "listed": ", ".join(bands)}


@FAMILIES.add("G1", "color-bands", tempting=["Resistor Value"])
def color_bands(ask: Ask, bands: str) -> Reference:
    return number(ask("Resistor Color Code", bands=bands)["ohms"], "ohm", 0.0)


DRAWINGS.add(
    "g1-color-bands",
    [
        "A resistor has the color bands {listed}. How many ohms is that?",
        "What is the value in ohms of a resistor with the bands {listed}?",
        "Read these color bands of a resistor for me: {listed}. I want the value in ohms.",
    ],
    _bands,
)


def _parts(rng: Random) -> Mapping[str, Any]:
    return {
        "a": rng.randrange(120, 990, 10), "b": rng.randrange(1000, 6800, 100),
        "volts": rng.choice([5, 9, 12, 15, 24, 48]), "nanofarads": rng.randrange(15, 470, 5),
        "capacity": rng.randrange(600, 9000, 50), "current": rng.randint(17, 340),
    }  # fmt: skip


@FAMILIES.add("G1", "parallel", tempting=["Resistor Value"])
def parallel(ask: Ask, a: int, b: int) -> Reference:
    return number(ask("Parallel Resistance", a=a, b=b)["ohms"], "ohm")


DRAWINGS.add(
    "g1-parallel",
    [
        "What is the resistance in ohms of {a} ohms and {b} ohms in parallel?",
        "I connect a resistor of {a} ohms in parallel to one of {b} ohms. How many ohms do I get?",
        "Two resistors in parallel, {a} ohms and {b} ohms: what do they come to, in ohms?",
    ],
    _parts,
)


@FAMILIES.add("G1", "divider", tempting=["Resistor Value"])
def divider(ask: Ask, volts: int, a: int, b: int) -> Reference:
    return number(ask("Voltage Divider", volts=volts, upper=b, lower=a)["volts"], "volt")


DRAWINGS.add(
    "g1-divider",
    [
        "A voltage divider on {volts} V has {b} ohms above and {a} ohms below. How many volts are "
        "across the lower resistor?",
        "How many volts fall on the lower resistor of a divider at {volts} V, with {b} ohms as "
        "the upper and {a} ohms as the lower one?",
        "In series on {volts} V: {b} ohms at the top, {a} ohms at the bottom. What is the voltage "
        "across the bottom one, in volts?",
    ],
    _parts,
)


@FAMILIES.add("G1", "rc-cutoff", tempting=["Resistor Value"])
def rc_cutoff(ask: Ask, b: int, nanofarads: int) -> Reference:
    return number(ask("RC Cutoff", ohms=b, nanofarads=nanofarads)["hertz"], "hertz")


DRAWINGS.add(
    "g1-rc-cutoff",
    [
        "What is the cutoff frequency, in hertz, of an RC filter with {b} ohms and {nanofarads} "
        "nF?",
        "A filter has one resistor of {b} ohms and one capacitor of {nanofarads} nF. At how many "
        "hertz is its cutoff?",
        "Give me the cutoff in Hz of {b} ohms with {nanofarads} nanofarads.",
    ],
    _parts,
)


@FAMILIES.add("G1", "charge-time")
def charge_time(ask: Ask, capacity: int, current: int) -> Reference:
    found = ask("Charge Time", capacity_mah=capacity, current_ma=current)
    return number(found["hours"], "hour")


DRAWINGS.add(
    "g1-charge-time",
    [
        "How many hours does it take to charge a battery of {capacity} mAh at {current} mA, when a "
        "fifth of the current is lost?",
        "A battery of {capacity} mAh is charged with {current} mA, of which a fifth is lost. After "
        "how many hours is it full?",
        "With a loss of a fifth, how many hours do {current} mA need to charge {capacity} mAh?",
    ],
    _parts,
)


@FAMILIES.add(
    "G2", "battery-on-bands", offer=["Voltage Divider", "Charge Time"], tempting=["Resistor Value"]
)
def battery_on_bands(ask: Ask, bands: str, volts: int, capacity: int) -> Reference:
    ohms = ask("Resistor Color Code", bands=bands)["ohms"]
    milliamps = round(1000 * volts / ohms, 4)
    found = ask("Battery Runtime", capacity_mah=capacity, current_ma=milliamps)
    return number(found["hours"], "hour", 0.005)


DRAWINGS.add(
    "g2-battery-on-bands",
    [
        "A battery of {volts} V and {capacity} mAh feeds a resistor with the color bands {listed}. "
        "How many hours does it last?",
        "For how many hours can {capacity} mAh at {volts} V drive a current through a resistor "
        "whose bands are {listed}?",
        "The color bands of a resistor are {listed}. It is connected to {volts} V from a battery "
        "of {capacity} mAh. After how many hours is the battery empty?",
    ],
    _bands,
    _parts,
    fits=lambda answers: 200 <= answers[0]["ohms"] <= 9000,
)

_CALLS = listed("ANCHOR BAKER CANDLE DELFT EMBER FALCON GARDEN HARBOR ISLAND JACKET KETTLE LANTERN")


@FAMILIES.add("G1", "from-morse", tempting=["Morse Translate"])
def decoded(ask: Ask, morse: str) -> Reference:
    return text(ask("From Morse", morse=morse)["text"])


def _message(rng: Random) -> Mapping[str, Any]:
    message = f"{rng.choice(_CALLS)} {rng.choice(_CALLS)} {rng.randint(10, 99)}"
    return {"message": message, "morse": to_morse(message)["morse"]}


DRAWINGS.add(
    "g1-from-morse",
    [
        "What does this Morse message say: {morse}",
        "Somebody sent '{morse}' in Morse. Read it for me.",
        "Decode the Morse code {morse} into plain text.",
    ],
    _message,
)


@FAMILIES.add("G1", "spell-out", tempting=["Morse Translate"])
def spelled(ask: Ask, word: str) -> Reference:
    return text(ask("Spelling Alphabet", word=word)["spoken"])


def _call_sign(rng: Random) -> Mapping[str, Any]:
    return {"word": "".join(rng.sample("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 4))}


DRAWINGS.add(
    "g1-spell-out",
    [
        "How do I say the call sign {word} in the radio spelling alphabet? Only the words.",
        "Spell {word} in the international radio alphabet (Alfa, Bravo, ...).",
        "Write {word} in the words of the radio spelling alphabet.",
    ],
    _call_sign,
)


def _digits(rng: Random) -> Mapping[str, Any]:
    return {
        "isbn": "978" + "".join(rng.choices("0123456789", k=9)),
        "card": "4" + "".join(rng.choices("0123456789", k=14)),
    }


@FAMILIES.add("G1", "isbn")
def whole_isbn(ask: Ask, isbn: str) -> Reference:
    return text(ask("ISBN Check Digit", digits=isbn)["isbn"])


DRAWINGS.add(
    "g1-isbn",
    [
        "The first 12 digits of an ISBN are {isbn}. Give me all 13 digits, without hyphens.",
        "Complete the ISBN {isbn}, which lacks its check digit, and write it without hyphens.",
        "What is the whole 13-digit ISBN that begins with {isbn}?",
    ],
    _digits,
    in_query=True,
)


@FAMILIES.add("G1", "luhn")
def whole_card(ask: Ask, card: str) -> Reference:
    return text(ask("Luhn Check Digit", digits=card)["number"])


DRAWINGS.add(
    "g1-luhn",
    [
        "Append the Luhn check digit to {card} and give me the whole number without blanks.",
        "A card number is {card}, and its last digit, by Luhn's rule, is missing. What is the "
        "complete number, without blanks?",
        "Which number do I get when the Luhn check digit is put behind {card}?",
    ],
    _digits,
    in_query=True,
)


@FAMILIES.add(
    "G2", "card-in-morse", offer=["ISBN Check Digit", "To Morse"], tempting=["Morse Translate"]
)
def card_in_morse(ask: Ask, signal: str) -> Reference:
    digits = ask("From Morse", morse=signal)["text"]
    return text(ask("Luhn Check Digit", digits=digits)["number"])


DRAWINGS.add(
    "g2-card-in-morse",
    [
        "'{signal}' is a number in Morse code. Put its Luhn check digit behind it and give me the "
        "whole number in digits.",
        "Decode the Morse digits {signal} and append the Luhn check digit. Which number comes out?",
        "What number do I get when I read {signal} as Morse and add the check digit by Luhn's rule "
        "at the end?",
    ],
    lambda rng: {"signal": to_morse(str(rng.randint(100_000, 999_999)))["morse"]},
)


@FAMILIES.add(
    "G3",
    "note-from-morse",
    offer=["Nearest Note", "Transpose Note", "Spelling Alphabet"],
    tempting=["Pitch of Note", "Morse Translate"],
)
def note_from_morse(ask: Ask, signal: str) -> Reference:
    note = ask("From Morse", morse=signal)["text"]
    return number(ask("Note Frequency", note=note)["hertz"], "hertz")


DRAWINGS.add(
    "g3-note-from-morse",
    [
        "The Morse code {signal} names a note with its octave. What is its frequency in hertz?",
        "Decode {signal} from Morse: it is a note and an octave. What is its frequency in hertz?",
        "A radio amateur sends '{signal}', the name of a note. Give me its pitch in Hz.",
    ],
    lambda rng: {"signal": to_morse(f"{rng.choice('CDEFGAB')}{rng.randint(2, 6)}")["morse"]},
    fits=lambda answers: answers[1]["hertz"] != 440,
)


@FAMILIES.add(
    "G3",
    "filter-note",
    offer=["Parallel Resistance", "Note Frequency"],
    tempting=["Pitch of Note", "Resistor Value"],
)
def filter_note(ask: Ask, a: int, nanofarads: int) -> Reference:
    hertz = ask("RC Cutoff", ohms=a, nanofarads=nanofarads)["hertz"]
    return name(ask("Nearest Note", hertz=hertz)["note"])


DRAWINGS.add(
    "g3-filter-note",
    [
        "Which note, with its octave (sharps only), is nearest to the cutoff frequency of an RC "
        "filter of {a} ohms and {nanofarads} nF?",
        "An RC filter has {a} ohms and {nanofarads} nF. To which note with octave is its cutoff "
        "frequency closest? Use sharps, not flats.",
        "Find the cutoff of {a} ohms with {nanofarads} nanofarads and name the nearest note with "
        "its octave; write black keys with #.",
    ],
    _parts,
    fits=lambda answers: abs(answers[1]["cents"]) <= 30,
)


@FAMILIES.add("G3", "heart-tempo", offer=["Body Mass Index", "Bar Duration"])
def heart_tempo(ask: Ask, age: int, percent: int) -> Reference:
    beats = ask("Heart Rate Zone", age=age, percent=percent)["beats_per_minute"]
    return number(ask("Beat Duration", bpm=beats)["milliseconds"], "millisecond")


DRAWINGS.add(
    "g3-heart-tempo",
    [
        "I am {age} and want music with the tempo of {percent} percent of my maximum heart rate. "
        "How many milliseconds does one beat last?",
        "How long, in milliseconds, is a beat at a tempo equal to {percent} percent of the maximum "
        "heart rate of somebody aged {age}?",
        "Take {percent} percent of the maximum heart rate at the age of {age} as beats per minute. "
        "What is the length of one beat in milliseconds?",
    ],
    whole("age", 19, 72),
    whole("percent", 55, 90, 5),
)


@FAMILIES.add(
    "G3",
    "lamp-in-race",
    offer=["Race Pace", "Charge Time"],
    tempting=["Pace Lookup", "Resistor Value"],
)
def lamp_in_race(ask: Ask, distance_km: float, pace: int, capacity: int, current: int) -> Reference:
    minutes = ask("Finish Time", distance_km=distance_km, seconds_per_km=pace)["minutes"]
    hours = ask("Battery Runtime", capacity_mah=capacity, current_ma=current)["hours"]
    return number(round(hours * 60 - minutes, 1), "minute", 0.005)


DRAWINGS.add(
    "g3-lamp-in-race",
    [
        "I run {distance_km} km at {pace} seconds per kilometre with a lamp that draws {current} "
        "mA from a battery of {capacity} mAh. How many minutes of light are left at the finish?",
        "A lamp takes {current} mA from {capacity} mAh. By how many minutes does it outlast a race "
        "of {distance_km} km at {pace} seconds per kilometre?",
        "How many minutes longer than a {distance_km} km run at {pace} seconds per kilometre does "
        "a battery of {capacity} mAh last at {current} mA?",
    ],
    one("distance_km", [10, 15, 21.1, 30]),
    whole("pace", 270, 420),
    _parts,
    fits=lambda answers: answers[1]["hours"] * 60 - answers[0]["minutes"] >= 30,
)
