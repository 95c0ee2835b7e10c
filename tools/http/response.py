"""Read an HTTP answer, within bounds, and turn it into an observation that fits a prompt."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from http.client import responses
from typing import Any

from toolgrove.data.records import Observation, Status
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.http.verdict import PASSING, status_of, verdict

__all__ = ["Unreadable", "observe", "read_body"]

_PAGE = 65_536
_LONGEST = 1e18  # seconds; a server may write a number of any length


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
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Unreadable(f"its content encoding {encoding[:40]!r} is unknown", passing=False)
    body = bytearray()
    unzip = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
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


def observe(code: int, headers: Mapping[str, str], body: bytes) -> Observation:
    """Turn an answer into an observation.

    Parameters
    ----------
    code : int
        HTTP status.
    headers : Mapping[str, str]
        The answer's headers; looked up in lower case.
    body : bytes
        Decompressed.

    Raises
    ------
    Unreadable
        Where an answer of success is not what it claims to be.
    """
    kind = headers.get("content-type", "").lower()
    try:
        text, value, page = _read(body, kind)
    except Unreadable as error:
        if 200 <= code < 300:
            raise
        text, value, page = str(error), None, False
    if 200 <= code < 300:
        status = verdict(value, text, page=page)
        if status is Status.OK:
            content = text or f"HTTP {code}: the answer is empty"
            return Observation(status, content, len(content))
        passing = status in (Status.RATE_LIMITED, Status.TIMEOUT)
        return failure(status, text or "a page without words", retry_after=0 if passing else None)
    if 300 <= code < 400:
        text = "it redirects elsewhere, and redirects are not followed"
    status = status_of(code, text)
    content = f"HTTP {code} {responses.get(code, '')}: {text}".rstrip(": ")
    after = _retry_after(headers.get("retry-after", "")) if code in PASSING else None
    return failure(status, content, retry_after=after)


def _retry_after(text: str) -> float:
    """Seconds a server asks for (RFC 9110, 10.2.3); 0 where it says nothing that can be read."""
    if re.fullmatch(r"[0-9]+", text.strip()):
        return min(float(text), _LONGEST)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - time.time())


def _read(body: bytes, kind: str) -> tuple[str, Any, bool]:
    """A body as text for a prompt, as a value where it is JSON, and whether it is a page."""
    if not body.strip():
        return "", None, False
    if "json" in kind or body.lstrip()[:1] in (b"{", b"["):
        try:
            return *_compact(body), False
        except (ValueError, RecursionError) as error:
            if "json" in kind:
                shown = body[:200].decode("utf-8", "replace")
                raise Unreadable(f"it is not valid JSON ({error}): {shown}", passing=True) from None
    if not kind.startswith("text/") and b"\0" in body[:1000]:
        return f"({kind or 'binary data'}, {len(body):,} bytes)", None, False
    text = _decoded(body, kind)
    if "text/html" in kind or text.lstrip()[:14].lower().startswith(("<!doctype html", "<html")):
        return _page_text(text), None, True
    return text.strip(), None, False


def _compact(body: bytes) -> tuple[str, Any]:
    """JSON without blanks, and with integers of any size left whole."""
    value = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # half a surrogate pair is valid in JSON but cannot be written to a file or a socket
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


_CHARSET = re.compile(r"charset=[\"']?([a-z0-9_.:-]+)")
_CODECS = re.compile(
    r"(?:us-)?ascii|utf-?(?:8|16|32)|iso-8859-\d+|latin-?\d|windows-\d+|cp\d+"
    r"|koi8-[ru]|gb\w+|big5|shift_jis|euc-\w+|iso-2022-\w+"
)


def _decoded(body: bytes, kind: str) -> str:
    charset = _CHARSET.search(kind)
    name = charset[1] if charset and _CODECS.fullmatch(charset[1]) else "utf-8"
    try:
        return body.decode(name, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data.split()


def _page_text(text: str) -> str:
    """The words of a page: of its tags and scripts a model learns nothing."""
    page = _Page()
    page.feed(text[:_PAGE])
    page.close()
    return " ".join(page.words)
