"""Category Communication: Morse, the spelling alphabet and check digits."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import Refusal, Tool, listed
from toolgrove.data.world.trouble import Gone

__all__ = ["TOOLS"]

CODES = Tool("Communication", "Signal Codes", "Morse code and the radio spelling alphabet.")
CHECKS = Tool("Communication", "Check Digits", "Check digits of book and card numbers.")
TOOLS = (CODES, CHECKS)

_MORSE = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        listed(
            ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- "
            "...- .-- -..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
        ),
        strict=True,
    )
)
_SPOKEN = listed(
    "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November "
    "Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey Xray Yankee Zulu"
)

Text = Annotated[str, Field(description="Letters A-Z and digits", min_length=1, max_length=200)]


@CODES.get("To Morse", "/morse", example={"text": "SOS"})
def to_morse(text: Text) -> JsonObject:
    """A text in Morse code: blanks between letters, / between words."""
    if not re.fullmatch(r"[A-Za-z0-9 ]+", text, re.ASCII):
        raise Refusal(400, "Parameter 'text': only letters A to Z, digits and blanks.")
    words = [" ".join(_MORSE[char] for char in word) for word in text.upper().split()]
    return {"morse": " / ".join(words)}


@CODES.get("From Morse", "/text", example={"morse": "... --- ..."})
def from_morse(
    morse: Annotated[str, Field(description="Dots, dashes, blanks, /", max_length=1000)],
) -> JsonObject:
    """The text of a message in Morse code, with blanks between letters."""
    letters = {code: char for char, code in _MORSE.items()}
    try:
        words = ["".join(letters[code] for code in word.split()) for word in morse.split("/")]
    except KeyError as error:
        raise Refusal(400, f"Parameter 'morse': {error} is no letter.") from None
    return {"text": " ".join(words)}


@CODES.get("Spelling Alphabet", "/spell", example={"word": "SOS"})
def spelling_alphabet(
    word: Annotated[str, Field(description="Letters A-Z", pattern=r"^[A-Za-z]{1,40}$")],
) -> JsonObject:
    """A word in the radio spelling alphabet: Alfa, Bravo, Charlie."""
    return {"spoken": " ".join(_SPOKEN[ord(char) - 65] for char in word.upper())}


@CODES.get("Morse Translate", "/v1/morse", example={"message": "SOS"}, trouble=Gone("To Morse"))
def morse_translate(message: Text) -> JsonObject:
    """Translate a message into Morse."""
    return to_morse(message)


@CHECKS.get("ISBN Check Digit", "/isbn", example={"digits": "978030640615"})
def isbn_check_digit(
    digits: Annotated[str, Field(description="First 12 digits", pattern=r"^[0-9]{12}$")],
) -> JsonObject:
    """The check digit of a 13-digit ISBN, and the whole number."""
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return {"check_digit": -total % 10, "isbn": f"{digits}{-total % 10}"}


@CHECKS.get("Luhn Check Digit", "/luhn", example={"digits": "7992739871"})
def luhn_check_digit(
    digits: Annotated[str, Field(description="Digits without the last", pattern=r"^[0-9]{2,30}$")],
) -> JsonObject:
    """The check digit of a card number by Luhn's rule, and the whole number."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        worth = int(digit) * (1 if at % 2 else 2)
        total += worth - 9 if worth > 9 else worth
    return {"check_digit": -total % 10, "number": f"{digits}{-total % 10}"}
