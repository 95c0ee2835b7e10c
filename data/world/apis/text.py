"""Category Text_Analysis: counting words, Unicode (unicodedata), digests and encodings."""

from __future__ import annotations

import base64
import binascii
import difflib
import hashlib
import re
import unicodedata
from collections import Counter
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import Refusal, Tool

__all__ = ["TOOLS"]

COUNTING = Tool("Text_Analysis", "Text Stats", "Count, compare and reshape text.")
UNICODE = Tool("Text_Analysis", "Unicode Inspector", "Names and code points of characters.")
ENCODING = Tool("Text_Analysis", "Encoder", "Digests, Base64 and URL encoding.")
TOOLS = (COUNTING, UNICODE, ENCODING)

Text = Annotated[str, Field(description="The text", max_length=2000)]


@COUNTING.get("Word Count", "/words", example={"text": "the cat sat on the mat"})
def word_count(text: Text) -> JsonObject:
    """Words, characters and different words of a text."""
    words = re.findall(r"\w+", text.casefold())
    return {"words": len(words), "characters": len(text), "different_words": len(set(words))}


@COUNTING.get("Letter Frequency", "/letters", example={"text": "mississippi"})
def letter_frequency(text: Text) -> JsonObject:
    """How often each letter occurs, the most frequent first; case is ignored."""
    letters = Counter(char for char in text.casefold() if char.isalpha())
    ranked = sorted(letters.items(), key=lambda pair: (-pair[1], pair[0]))
    return {"letters": [{"letter": letter, "count": count} for letter, count in ranked[:26]]}


@COUNTING.get("Text Similarity", "/similarity", example={"a": "colour", "b": "color"})
def text_similarity(a: Text, b: Text) -> JsonObject:
    """How alike two texts are, 0 to 1 (Ratcliff and Obershelp)."""
    matcher = difflib.SequenceMatcher(None, a[:300], b[:300], autojunk=False)
    return {"similarity": round(matcher.ratio(), 4)}


@COUNTING.get("Reverse Text", "/reverse", example={"text": "stressed"})
def reverse_text(text: Text) -> JsonObject:
    """A text backwards, and whether it is a palindrome."""
    letters = [char for char in text.casefold() if char.isalnum()]
    palindrome = bool(letters) and letters == letters[::-1]
    return {"reversed": text[::-1], "palindrome": palindrome}


@COUNTING.get("Slugify", "/slug", example={"text": "Crème brûlée, please!"})
def slugify(text: Text) -> JsonObject:
    """A text as a part of a web address: lower case, no accents, hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return {"slug": re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")}


@UNICODE.get("Character Info", "/character", example={"character": "€"})
def character_info(
    character: Annotated[str, Field(description="One character", min_length=1, max_length=20)],
) -> JsonObject:
    """Unicode name, code point (U+...) and category of a character."""
    if len(character) != 1:
        raise Refusal(400, "Parameter 'character': expected one character.")
    return {
        "character": character,
        "name": unicodedata.name(character, ""),
        "code_point": f"U+{ord(character):04X}",
        "category": unicodedata.category(character),
    }


@UNICODE.get("Find Character", "/find", example={"name": "SNOWMAN"})
def find_character(
    name: Annotated[str, Field(description="Unicode name", max_length=100)],
) -> JsonObject:
    """The character with an exact Unicode name."""
    try:
        found = unicodedata.lookup(name.strip().upper())
    except (KeyError, UnicodeError):
        raise Refusal(404, f"No character is named '{name}' in Unicode.") from None
    if len(found) != 1:
        raise Refusal(404, f"'{name}' names a sequence of characters.")
    return character_info(found)


@UNICODE.get("Code Point", "/code-point/{code}", example={"code": "20AC"})
def code_point(
    code: Annotated[str, Field(description="Hexadecimal, e.g. 20AC", max_length=10)],
) -> JsonObject:
    """The character with a hexadecimal code point."""
    digits = code.strip().upper().removeprefix("U+")
    if not re.fullmatch(r"[0-9A-F]{1,6}", digits, re.ASCII):
        raise Refusal(400, f"Parameter 'code': '{code}' is not hexadecimal.")
    value = int(digits, 16)
    if value > 0x10FFFF or unicodedata.category(chr(value)) in ("Cs", "Cn"):
        raise Refusal(404, f"No character has the code point U+{digits}.")
    return character_info(chr(value))


@UNICODE.get("Normalize Text", "/normalize", example={"text": "ﬁne", "form": "NFKC"})
def normalize_text(
    text: Text,
    form: Annotated[
        Literal["NFC", "NFD", "NFKC", "NFKD"], Field(description="One of NFC, NFD, NFKC, NFKD")
    ] = "NFC",
) -> JsonObject:
    """A text in a Unicode normal form, with its length before and after."""
    found = unicodedata.normalize(form, text)
    return {"text": found, "length_before": len(text), "length_after": len(found)}


@ENCODING.get("Hash Text", "/hash", example={"text": "hello", "algorithm": "sha256"})
def hash_text(
    text: Text,
    algorithm: Annotated[
        Literal["md5", "sha1", "sha256", "sha512"],
        Field(description="One of md5, sha1, sha256, sha512"),
    ] = "sha256",
) -> JsonObject:
    """Hexadecimal digest of a text in UTF-8."""
    found = hashlib.new(algorithm, text.encode(), usedforsecurity=False)
    return {"algorithm": algorithm, "digest": found.hexdigest()}


@ENCODING.get("Encode Base64", "/base64/encode", example={"text": "hello"})
def encode_base64(text: Text) -> JsonObject:
    """A text in Base64."""
    return {"encoded": base64.b64encode(text.encode()).decode()}


@ENCODING.get("Decode Base64", "/base64/decode", example={"encoded": "aGVsbG8="})
def decode_base64(
    encoded: Annotated[str, Field(description="Base64 text", max_length=4000)],
) -> JsonObject:
    """The text that is written in Base64."""
    try:
        return {"text": base64.b64decode(encoded.strip(), validate=True).decode()}
    except (binascii.Error, ValueError):
        raise Refusal(400, "Parameter 'encoded': not a text in Base64.") from None


@ENCODING.get("Encode URL", "/url/encode", example={"text": "a b&c"})
def encode_url(text: Text) -> JsonObject:
    """A text percent-encoded for a web address."""
    return {"encoded": quote(text, safe="")}
