"""How tasks about text, languages and notes are drawn."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Draw, Drawings
from toolgrove.data.world.draws.pools import country, day, language, one

__all__ = ["CHARACTERS", "DRAWINGS", "titled"]

DRAWINGS = Drawings()
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_WORDS = listed(
    "anchor badge candle dragon ember falcon garden harbor island jacket kettle lantern "
    "meadow needle orchard pebble quarry ribbon saddle timber umbrella valley willow yonder "
    "zephyr amber basket copper dinner engine feather glacier hammer ivory jungle kitchen "
    "ladder marble napkin"
)
_LONG_WORDS = listed(
    "assessment bubblegum committee dispossess effervescence grasshopper hippopotamus "
    "independence keeper misunderstanding nonconformist occurrence possession successfulness "
    "tattoo unnecessary whippersnapper barbarian banana referee cabbage senselessness alfalfa "
    "addressee babbler voodoo rhododendron coconut minimum pepper"
)
CHARACTERS = listed(
    "BLACK STAR|WHITE STAR|SNOWMAN|UMBRELLA|COMET|BLACK TELEPHONE|HOT SPRINGS|SHAMROCK|"
    "SKULL AND CROSSBONES|RADIOACTIVE SIGN|YIN YANG|PEACE SYMBOL|ANCHOR|SCALES|ALEMBIC|GEAR|"
    "ATOM SYMBOL|FLEUR-DE-LIS|WHITE CHESS KNIGHT|WHITE CHESS ROOK|BLACK CHESS BISHOP|"
    "BLACK SPADE SUIT|BLACK HEART SUIT|EIGHTH NOTE|BEAMED SIXTEENTH NOTES|SCORPIUS|"
    "SAGITTARIUS|CAPRICORN|AQUARIUS|LATIN CAPITAL LETTER THORN|GREEK SMALL LETTER OMEGA|"
    "INDIAN RUPEE SIGN|WON SIGN|NUMERO SIGN|PER MILLE SIGN|INTERROBANG|DOUBLE DAGGER|"
    "PILCROW SIGN|HIGH VOLTAGE SIGN|RECYCLING SYMBOL FOR GENERIC MATERIALS",
    "|",
)
_TITLES = listed(
    "Team lunch|Budget review|Dentist|Car inspection|Book club|Piano lesson|Fire drill|"
    "Stocktaking|Board meeting|Garden party|Choir practice|Yoga class|Roof repair|"
    "Parents' evening|Quiz night|Site visit|Photo walk|Blood donation|Chess evening|"
    "Tax appointment",
    "|",
)


def _sentence(name: str, low: int = 6, high: int = 11) -> Draw:
    """Words in a row, some of them twice."""

    def drawn(rng: Random) -> Mapping[str, Any]:
        words = rng.sample(_WORDS, rng.randint(low, high))
        words += rng.sample(words, 2)
        rng.shuffle(words)
        return {name: " ".join(words)}

    return drawn


@cache
def _clear_words() -> Sequence[str]:
    """Words with one letter that is more frequent than any other."""
    found = []
    for word in _LONG_WORDS:
        counts = sorted((word.count(letter) for letter in set(word)), reverse=True)
        if counts[0] > counts[1]:
            found.append(word)
    return found


DRAWINGS.add(
    "g1-letters",
    [
        "Which letter is the most frequent one in the word '{word}'?",
        "Look at '{word}'. Which letter does it have most often?",
        "In '{word}', one letter occurs more often than all others. Which?",
    ],
    one("word", _clear_words),
    in_query=True,
)
DRAWINGS.add(
    "g1-different-words",
    [
        "How many different words does the text '{sentence}' have?",
        "Count the different words in '{sentence}'.",
        "If words that come twice count once, how many words are in '{sentence}'?",
    ],
    _sentence("sentence"),
)


def _mirrored(rng: Random) -> Mapping[str, Any]:
    half = "".join(rng.choice("abcdefghiklmnoprstuv") for _ in range(rng.randint(4, 6)))
    text = half + half[-2::-1]
    if rng.random() < 0.5:
        at = rng.randint(1, len(half) - 2)
        text = text[:at] + chr((ord(text[at]) - 96) % 26 + 97) + text[at + 1 :]
    return {"sentence": text}


DRAWINGS.add(
    "g1-palindrome",
    [
        "Is '{sentence}' a palindrome? Yes or no.",
        "Does '{sentence}' read the same backwards, yes or no?",
        "Yes or no: is the string '{sentence}' a palindrome?",
    ],
    _mirrored,
)
DRAWINGS.add(
    "g1-code-point",
    [
        "Which Unicode code point does the character {character} have? Write it as U+....",
        "Give me the code point, in the form U+...., of the Unicode character named {character}.",
        "What is the code point (U+....) of the character that Unicode calls {character}?",
    ],
    one("character", CHARACTERS),
)
DRAWINGS.add(
    "g1-character-name",
    [
        "What is the Unicode name of the character U+{code}?",
        "Name the Unicode character with the code point U+{code}.",
        "U+{code} is a code point. What does Unicode call this character?",
    ],
    lambda rng: {"code": f"{ord(unicodedata.lookup(rng.choice(CHARACTERS))):04X}"},
)
DRAWINGS.add(
    "g1-hash",
    [
        "Give me the MD5 digest of the text '{words}'.",
        "What is the MD5 checksum of '{words}', in hexadecimal?",
        "Compute the MD5 hash of '{words}' (UTF-8, without the quotes).",
    ],
    lambda rng: {"words": " ".join(rng.sample(_WORDS, 2))},
)


def _encoded(rng: Random) -> Mapping[str, Any]:
    words = " ".join(rng.sample(_WORDS, rng.randint(3, 6)))
    return {"encoded": base64.b64encode(words.encode()).decode(), "plain": words}


DRAWINGS.add(
    "g1-decode",
    [
        "Decode the Base64 text '{encoded}'. What does it say?",
        "What is written in '{encoded}', which is Base64?",
        "The message '{encoded}' is encoded in Base64. Tell me the plain text.",
    ],
    _encoded,
)
DRAWINGS.add(
    "g1-country-name",
    [
        "What is the {language_name} ({language}) name of {country_name} ({country})?",
        "What is {country_name} ({country}) called in {language_name} (language code {language})?",
        "Give me the name of {country_name} ({country}) in {language_name} ({language}).",
    ],
    country(),
    language(),
)
DRAWINGS.add(
    "g1-official-languages",
    [
        "Which languages are official in {country_name} ({country})?",
        "List the official languages of {country_name} ({country}) in English.",
        "{country_name} ({country}) has several official languages. Which ones?",
    ],
    country(codes=listed("BE FI LU KE MG NZ PK PH CA IE IQ PY")),
)
DRAWINGS.add(
    "g1-official-in-own-words",
    [
        "What is the official language of {country_name} ({country}) called in {language_name} "
        "({language})?",
        "Give me the {language_name} ({language}) word for the official language of "
        "{country_name} ({country}).",
        "Which name does the official language of {country_name} ({country}) have in "
        "{language_name} (code {language})?",
    ],
    country(codes=listed("SE DK IS DE FR PT AT PL CZ HU RO BG GR HR SI EE LV LT TR JP TH")),
    language(),
    fits=lambda answers: answers[0]["count"] == 1,
)


def _weekday(rng: Random) -> Mapping[str, Any]:
    index = rng.randint(0, 6)
    return {"index": index, "weekday": _WEEKDAYS[index]}


DRAWINGS.add(
    "g1-weekday-word",
    [
        "How do you say {weekday} in {language_name} ({language})?",
        "What is {weekday} called in {language_name} (language code {language})?",
        "Give me the {language_name} ({language}) name of the weekday {weekday}.",
    ],
    language(),
    _weekday,
)


DRAWINGS.add(
    "g2-decode-and-count",
    [
        "'{encoded}' is Base64. How many words does the decoded text have?",
        "Decode '{encoded}' from Base64 and count its words.",
        "How many words are in the text behind the Base64 string '{encoded}'?",
    ],
    _encoded,
)
DRAWINGS.add(
    "g2-slug-hash",
    [
        "Make a slug of the title '{title}' and give me the SHA-1 hash of that slug.",
        "What is the SHA-1 of the slug of '{title}'?",
        "Turn '{title}' into a slug, then tell me the slug's SHA-1 digest.",
    ],
    lambda rng: {"title": " ".join(word.title() for word in rng.sample(_WORDS, 3)) + "!"},
)


def titled(rng: Random) -> Mapping[str, Any]:
    """An event or a note: title, time and text."""
    return {
        "title": rng.choice(_TITLES),
        "time": f"{rng.randint(7, 20):02}:{rng.choice((0, 15, 30, 45)):02}",
        "words": "-".join([*rng.sample(_WORDS, 2), str(rng.randint(10, 99))]),
    }


DRAWINGS.add(
    "g1-event-weekday",
    [
        'Enter "{title}" into the calendar on {day} at {time}. Which day of the week is that?',
        'Add an event "{title}" for {day}, {time}, and tell me its weekday.',
        'Please put "{title}" into my calendar on {day} at {time} and say on which weekday it '
        "falls.",
    ],
    titled,
    day("day"),
)
DRAWINGS.add(
    "g1-note-read-back",
    [
        'Write a note with the title "{title}" and the text "{words}". Then read it to me.',
        'Make a note "{title}" that says "{words}", then read it back.',
        'I need a note titled "{title}" with the text "{words}". Save it and tell me what it says.',
    ],
    titled,
    in_query=True,
)
DRAWINGS.add(
    "g2-note-about-event",
    [
        'Enter an all-day event "{title}" on {day}, save a note titled "{title}" with the text '
        '"{words}", and tell me which weekday the event is on.',
        'Add "{title}" to the calendar for the whole day of {day}. Also write a note with the '
        'title "{title}" and the text "{words}". On which weekday is the event?',
        'I have an all-day event "{title}" on {day}. Put it into the calendar, keep a note '
        '"{title}" saying "{words}", and name the weekday.',
    ],
    titled,
    day("day"),
)


def _two_titles(rng: Random) -> Mapping[str, Any]:
    first, second = rng.sample(_TITLES, 2)
    return {"titles": [first, second], "first": first, "second": second}


DRAWINGS.add(
    "g1-calendar-read-back",
    [
        'Add the all-day events "{first}" and "{second}" on {day}. Then tell me the titles of '
        "everything that the calendar has for that day.",
        'On {day} there are two all-day events, "{first}" and "{second}". Enter both and then '
        "list the titles that the calendar shows for the day.",
        'Please enter "{first}" and "{second}" as all-day events on {day}, and read me the titles '
        "of all events of that day from the calendar.",
    ],
    _two_titles,
    day("day"),
    in_query=True,
)
