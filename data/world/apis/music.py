"""Category Music: notes in equal temperament, and beats."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import Refusal, Tool
from toolgrove.data.world.trouble import Gone

__all__ = ["TOOLS"]

TONES = Tool("Music", "Tone Lab", "Frequencies and numbers of notes; A4 is 440 Hz.")
METRONOME = Tool("Music", "Metronome", "How long beats and bars last.")
TOOLS = (TONES, METRONOME)

SCALE = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

Note = Annotated[str, Field(description="Note and octave, e.g. A4, F#3", max_length=8)]
Bpm = Annotated[float, Field(description="Beats per minute", ge=20, le=400)]
Beats = Annotated[int, Field(description="Beats in a bar", ge=1, le=32)]
Bars = Annotated[int, Field(description="Number of bars", ge=1, le=10_000)]


def _number(note: str) -> int:
    """A note's MIDI number: 69 is A4."""
    found = re.fullmatch(r"([A-Ga-g])(#|b)?([0-8])", note.strip(), re.ASCII)
    if found is None:
        raise Refusal(400, f"Parameter 'note': '{note}' is no note such as A4, F#3 or Bb2.")
    shift = {"#": 1, "b": -1}.get(found[2] or "", 0)
    return SCALE.index(found[1].upper()) + shift + 12 * (int(found[3]) + 1)


def _note(number: int) -> str:
    if not 12 <= number < 120:
        raise Refusal(400, "That note is outside the octaves 0 to 8.")
    return f"{SCALE[number % 12]}{number // 12 - 1}"


@TONES.get("Note Frequency", "/frequency", example={"note": "A4"})
def note_frequency(note: Note) -> JsonObject:
    """Frequency of a note in hertz."""
    return {"note": note.strip(), "hertz": round(440 * 2 ** ((_number(note) - 69) / 12), 2)}


@TONES.get("Nearest Note", "/nearest", example={"hertz": 442})
def nearest_note(
    hertz: Annotated[float, Field(description="Frequency in Hz", ge=17, le=7900)],
) -> JsonObject:
    """The note nearest to a frequency, and how many cents the frequency is above it."""
    exact = 69 + 12 * math.log2(hertz / 440)
    number = round(exact)
    return {"note": _note(number), "cents": round(100 * (exact - number), 1)}


@TONES.get("Transpose Note", "/transpose", example={"note": "A4", "semitones": 3})
def transpose_note(
    note: Note, semitones: Annotated[int, Field(description="May be negative", ge=-96, le=96)]
) -> JsonObject:
    """The note so many semitones above a note; black keys are written with #."""
    return {"note": _note(_number(note) + semitones)}


@TONES.get("MIDI Number", "/midi", example={"note": "A4"})
def midi_number(note: Note) -> JsonObject:
    """MIDI number of a note."""
    return {"midi": _number(note)}


@TONES.get("Pitch of Note", "/v1/pitch", example={"name": "A4"}, trouble=Gone("Note Frequency"))
def pitch_of_note(name: Note) -> JsonObject:
    """The pitch of a note."""
    return {"pitch": note_frequency(name)["hertz"]}


@METRONOME.get("Beat Duration", "/beat", example={"bpm": 120})
def beat_duration(bpm: Bpm) -> JsonObject:
    """Milliseconds that one beat lasts at a tempo."""
    return {"milliseconds": round(60_000 / bpm, 2)}


@METRONOME.get("Bar Duration", "/bars", example={"bpm": 120, "beats_per_bar": 4, "bars": 8})
def bar_duration(bpm: Bpm, beats_per_bar: Beats, bars: Bars = 1) -> JsonObject:
    """Seconds that bars last at a tempo."""
    return {"seconds": round(bars * beats_per_bar * 60 / bpm, 2)}


@METRONOME.get("Tempo for Length", "/tempo", example={"seconds": 16, "beats_per_bar": 4, "bars": 8})
def tempo_for_length(
    seconds: Annotated[float, Field(description="Length in seconds", gt=0, le=100_000)],
    beats_per_bar: Beats,
    bars: Bars,
) -> JsonObject:
    """Beats per minute at which bars last so many seconds."""
    return {"bpm": round(bars * beats_per_bar * 60 / seconds, 2)}
