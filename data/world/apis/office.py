"""Category Productivity: a calendar and a notes book that can be written and read back."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import IsoDate, Refusal, Tool
from toolgrove.data.world.state import World

__all__ = ["TOOLS"]

CALENDAR = Tool("Productivity", "Team Calendar", "A calendar: add events and list them.")
NOTES = Tool("Productivity", "Notes Book", "Short notes with titles: add, read, search.")
TOOLS = (CALENDAR, NOTES)

MOST = 1000
"""Events, and notes, that a world keeps."""

Day = Annotated[IsoDate, Field(description="YYYY-MM-DD")]
Title = Annotated[str, Field(description="Title", min_length=1, max_length=100)]


@CALENDAR.post(
    "Add Event", "/events", example={"title": "Dentist", "date": "2026-05-18", "time": "09:30"}
)
def add_event(
    world: World,
    title: Title,
    date: Day,
    time: Annotated[str, Field(description="HH:MM, empty for all day", max_length=5)] = "",
) -> JsonObject:
    """Add an event to the calendar."""
    if time and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", time, re.ASCII):
        raise Refusal(400, f"Parameter 'time': expected HH:MM, got '{time}'.")
    if len(world.events) >= MOST:
        raise Refusal(409, f"The calendar is full: {MOST} events.")
    event = {
        "id": len(world.events) + 1,
        "title": title,
        "date": date.isoformat(),
        "weekday": f"{date:%A}",
        "time": time or "all day",
    }
    world.events.append(event)
    return event


@CALENDAR.get("List Events", "/events", example={"start": "2026-05-01", "end": "2026-05-31"})
def list_events(world: World, start: Day, end: Day) -> JsonObject:
    """Events of the calendar from start to end, both included."""
    first, last = start.isoformat(), end.isoformat()
    found = [event for event in world.events if first <= event["date"] <= last]
    return {"count": len(found), "events": found}


@CALENDAR.get("Find Event", "/find", example={"title": "Dentist"})
def find_event(world: World, title: Title) -> JsonObject:
    """Events whose title holds the given words."""
    wanted = title.strip().casefold()
    found = [event for event in world.events if wanted in event["title"].casefold()]
    return {"count": len(found), "events": found}


@NOTES.post("Add Note", "/notes", example={"title": "Shopping", "text": "Milk and bread"})
def add_note(
    world: World,
    title: Title,
    text: Annotated[str, Field(description="The note", max_length=2000)],
) -> JsonObject:
    """Write a note into the notes book."""
    if len(world.notes) >= MOST:
        raise Refusal(409, f"The notes book is full: {MOST} notes.")
    note = {"id": len(world.notes) + 1, "title": title, "text": text}
    world.notes.append(note)
    return note


@NOTES.get("Read Note", "/notes/{number}", example={"number": 1})
def read_note(
    world: World, number: Annotated[int, Field(description="Number of the note", ge=1, le=10**6)]
) -> JsonObject:
    """A note by its number."""
    if number > len(world.notes):
        raise Refusal(404, f"There is no note {number}: the book has {len(world.notes)}.")
    return world.notes[number - 1]


@NOTES.get("Search Notes", "/search", example={"words": "milk"})
def search_notes(
    world: World, words: Annotated[str, Field(description="Words to look for", max_length=100)]
) -> JsonObject:
    """Notes whose title or text holds the given words."""
    wanted = words.strip().casefold()
    found = [note for note in world.notes if wanted in f"{note['title']} {note['text']}".casefold()]
    return {"count": len(found), "notes": found}
