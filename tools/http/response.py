"""Read an HTTP answer, within bounds, and turn it into an observation that fits a prompt."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

from toolgrove.data import codec
from toolgrove.data.passing import seconds_asked
from toolgrove.data.records import Effect, Observation, Status, ToolSpec
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.http.page_text import page_text
from toolgrove.tools.http.verdict import IN_WORDS, PASSING, status_of, verdict

__all__ = ["Expected", "Unreadable", "observe", "read_body", "status_line"]

_PAGE = 65_536
_ADDRESS = 2000
_CHARSET = re.compile(r"charset=[\"']?([a-z0-9_.:-]+)")
_CODECS = re.compile(
    r"(?:us-)?ascii|utf-?(?:8|16|32)(?:[bl]e|-[bl]e)?|iso-8859-\d+|latin-?\d|windows-\d+|cp\d+"
    r"|koi8-[ru]|gb\w+|big5|shift_jis|euc-\w+|iso-2022-\w+"
)
_PLAIN = frozenset({"", "identity", "none", "null", "text", "binary", "7bit", "8bit"})
_PLAIN |= {"chunked", "aws-chunked"}
"""Words under ``Content-Encoding`` that name none; servers also write the charset there."""


class Unreadable(Exception):
    """A body that is damaged, in an encoding nobody asked for, or too large."""

    def __init__(self, text: str, *, passing: bool) -> None:
        self.passing = passing
        super().__init__(text)


async def read_body(chunks: AsyncIterator[bytes], encoding: str, limit: int) -> bytes:
    """Read a body as it comes in, decompressed within bounds (promise 18).

    Parameters
    ----------
    chunks : async iterator of bytes
        The body as it is on the wire.
    encoding : str
        The ``Content-Encoding``: gzip or none.
    limit : int
        Bytes that the decompressed body may have.

    Raises
    ------
    Unreadable
        Where it is larger, damaged or cut short.
    """
    encoding = encoding.strip().lower()
    packed = encoding in ("gzip", "x-gzip")
    if not packed and encoding not in _PLAIN and not _CODECS.fullmatch(encoding):
        raise Unreadable(f"its content encoding {encoding[:40]!r} is unknown", passing=False)
    body = bytearray()
    unzip = zlib.decompressobj(wbits=31) if packed else None
    async for chunk in chunks:
        rest = chunk
        while rest:
            if unzip is None:
                body += rest
                rest = b""
            else:
                if unzip.eof:  # a gzip file may have several members
                    unzip = zlib.decompressobj(wbits=31)
                try:
                    body += unzip.decompress(rest, limit + 1 - len(body))
                except zlib.error:
                    raise Unreadable("its gzip is damaged", passing=True) from None
                rest = unzip.unconsumed_tail or unzip.unused_data
            if len(body) > limit:
                raise Unreadable(f"it is larger than {limit:,} bytes; ask for less", passing=False)
    if unzip is not None and not unzip.eof:
        raise Unreadable("its gzip ends too early", passing=True)
    return bytes(body)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a call's answer before it comes.

    Parameters
    ----------
    write : bool
        Whether the call writes: what succeeded is then never told as a failure for how it looks.
    in_words : bool
        Whether the source says under a status of success that something failed.
    page : bool
        Whether the specification declares HTML.
    redirect : bool
        Whether it declares a redirect, whose address is the answer.
    """

    write: bool = False
    in_words: bool = False
    page: bool = False
    redirect: bool = False

    @classmethod
    def of(cls, spec: ToolSpec) -> Expected:
        """What a spec tells."""
        answers = spec.binding.get("answers")
        answers = answers if isinstance(answers, list) else []
        return cls(
            spec.effect is Effect.WRITE,
            spec.source in IN_WORDS,
            "page" in answers,
            "redirect" in answers,
        )


def observe(
    code: int,
    headers: Mapping[str, str],
    body: bytes,
    expected: Expected = Expected(),
) -> Observation:
    """Turn an answer into an observation.

    Parameters
    ----------
    code : int
        HTTP status.
    headers : Mapping[str, str]
        The answer's headers; looked up in lower case.
    body : bytes
        Decompressed.
    expected : Expected
        What is known of the answer before it comes.

    Raises
    ------
    Unreadable
        Where the answer to a read ends too early.
    """
    kind = headers.get("content-type", "").lower()
    text, value, page = _read(body, kind)
    if 200 <= code < 300:
        if value is None and not page and not expected.write and _is_cut(text, kind):
            raise Unreadable(
                f"it is not valid JSON, but ends too early: {text[:200]}", passing=True
            )
        return _succeeded(code, headers, (text, value, page), expected)
    if 300 <= code < 400:
        return _moved(code, headers, expected)
    words = page_text(text[:_PAGE]) if page else text
    after = seconds_asked(headers.get("retry-after", "")) if code in PASSING else None
    status = status_of(code, words)
    return failure(status, f"{status_line(code)}: {words}".rstrip(": "), retry_after=after)


def status_line(code: int) -> str:
    """An HTTP status as it is told.

    Examples
    --------
    >>> status_line(404), status_line(599)
    ('HTTP 404 Not Found', 'HTTP 599')
    """
    return f"HTTP {code} {responses.get(code, '')}".rstrip()


def _succeeded(
    code: int, headers: Mapping[str, str], read: tuple[str, Any, bool], expected: Expected
) -> Observation:
    """An answer under a status of success, which decides; words do only where a source is so."""
    text, value, page = read
    words = page_text(text[:_PAGE]) if page and not expected.page else text
    status = Status.OK
    if expected.in_words and not expected.write:
        status = verdict(value, words, page=page)
    elif page and not expected.page and not expected.write:
        status = Status.ERROR_IN_MESSAGE
    if status is not Status.OK:
        passing = status in (Status.RATE_LIMITED, Status.TIMEOUT)
        return failure(status, words or "a page without words", retry_after=0 if passing else None)
    content = _with_place(words, value, code, _place(headers))
    content = content or f"HTTP {code}: the answer is empty"
    return Observation(status, content, len(content))


def _with_place(text: str, value: Any, code: int, place: str) -> str:
    """What was answered and, where that does not say so, where the new thing is to be found."""
    if code not in (201, 202) or not place:
        return text
    if not text:
        return f"{status_line(code)}. Location: {place}"
    name = urlsplit(place).path.rstrip("/").rpartition("/")[2]
    if place in text or (name and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)):
        return text
    if isinstance(value, dict) and "Location" not in value:
        return codec.dumps({**value, "Location": place}).decode()
    return text if value is not None else f"{text}\nLocation: {place}"


def _moved(code: int, headers: Mapping[str, str], expected: Expected) -> Observation:
    """A redirect that was not followed: its address is told, and sometimes is the answer."""
    place = _place(headers)
    done = expected.redirect or (expected.write and code == 303)
    if done and place:
        content = f"{status_line(code)}. Location: {place}"
        return Observation(Status.OK, content, len(content))
    where = f"to {place}" if place else "without a readable address"
    content = f"{status_line(code)}: it redirects {where}, and that is not followed."
    if expected.write and code == 302:  # so do forms that were taken, and logins that are missing
        doubt = "It is unknown whether the call took effect: read the data back."
        return failure(Status.IN_DOUBT, f"{content} {doubt}")
    return failure(status_of(code), content)


def _place(headers: Mapping[str, str]) -> str:
    """The address under ``Location``, fit to be shown: on one line, without a password."""
    place = "".join(c for c in headers.get("location", "")[:_ADDRESS] if c.isprintable()).strip()
    try:
        parts = urlsplit(place)
    except ValueError:
        return ""
    if "@" in parts.netloc:
        parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        return parts.geturl()
    return place


def _read(body: bytes, kind: str) -> tuple[str, Any, bool]:
    """A body as text, as a value where it is JSON, and whether it is a page."""
    if not body.strip():
        return "", None, False
    named = "json" in kind
    if named or body.lstrip()[:1] in (b"{", b"["):
        try:
            return *_compact(_decoded(body, kind, json.detect_encoding(body))), False
        except (ValueError, RecursionError):
            pass  # lines of JSON, NaN and the like: a model reads them as they are
    if not named and not kind.startswith("text/") and b"\0" in body[:1000]:
        return f"({kind or 'binary data'}, {len(body):,} bytes)", None, False
    text = _decoded(body, kind, json.detect_encoding(body) if named else "utf-8").strip()
    page = "text/html" in kind or text[:14].lower().startswith(("<!doctype html", "<html"))
    return text, None, page


def _compact(text: str) -> tuple[str, Any]:
    """JSON without blanks, and with integers of any size left whole."""
    value = json.loads(text, parse_constant=_refuse)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # half a surrogate pair is valid in JSON but cannot be written to a file or a socket
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _is_cut(text: str, kind: str) -> bool:
    """Whether a text claims to be JSON and breaks off within a value."""
    if "json" not in kind or not text:
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text) or error.msg.startswith("Unterminated")
    except (ValueError, RecursionError):
        pass
    return False


def _decoded(body: bytes, kind: str, otherwise: str) -> str:
    """A body as text, by its charset; what cannot be decoded is shown as such."""
    charset = _CHARSET.search(kind)
    name = charset[1] if charset and _CODECS.fullmatch(charset[1]) else otherwise
    try:
        text = body.decode(name, "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    return text.removeprefix("\ufeff")
