"""Bodies read within bounds, and answers turned into observations that fit a prompt."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import AsyncIterator
from email.utils import formatdate
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import Observation, Status
from toolgrove.tools.http import response
from toolgrove.tools.http.response import Expected, Unreadable, observe, read_body

JSON = {"content-type": "application/json; charset=utf-8"}


def read(body: bytes, encoding: str = "", limit: int = 10_000, chunk: int = 7) -> bytes:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), chunk):
            yield body[start : start + chunk]

    return asyncio.run(read_body(chunks(), encoding, limit))


@given(st.binary(max_size=2000), st.integers(1, 100), st.booleans())
def test_any_body_is_read_whole_in_any_chunks(body: bytes, chunk: int, packed: bool) -> None:
    wire = gzip.compress(body) if packed else body
    assert read(wire, "gzip" if packed else "identity", chunk=chunk) == body


def test_a_gzip_of_several_members_is_read_whole() -> None:
    assert read(gzip.compress(b"one") + gzip.compress(b"two"), "GZIP") == b"onetwo"


@given(st.binary(min_size=1, max_size=500), st.data())
def test_a_gzip_cut_anywhere_is_told(body: bytes, data: st.DataObject) -> None:
    wire = gzip.compress(body)
    end = data.draw(st.integers(0, len(wire) - 1))
    with pytest.raises(Unreadable, match="gzip") as error:
        read(wire[:end], "gzip")
    assert error.value.passing


def test_damaged_gzip_and_unknown_encodings_are_told() -> None:
    with pytest.raises(Unreadable, match="damaged"):
        read(b"not gzip at all", "gzip")
    with pytest.raises(Unreadable, match="encoding 'br'"):
        read(b"x", "br")


def test_promise_18_a_bomb_is_left_after_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 0
    real = zlib.decompressobj

    class Watched:
        """A decompressor that notes the largest piece it gave."""

        def __init__(self, wbits: int) -> None:
            self._inner = real(wbits)

        def decompress(self, data: bytes, room: int) -> bytes:
            nonlocal largest
            piece = self._inner.decompress(data, room)
            largest = max(largest, len(piece))
            return piece

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(20)) + packer.flush()
    assert len(bomb) < 100_000
    monkeypatch.setattr(response.zlib, "decompressobj", Watched)
    with pytest.raises(Unreadable, match="larger than 50,000") as error:
        read(bomb, "gzip", limit=50_000, chunk=100_000)
    assert not error.value.passing
    assert largest == 50_001


def seen(code: int, body: bytes | str = b"", **headers: str) -> Observation:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return observe(code, named, body.encode() if isinstance(body, str) else body)


def test_json_is_compacted_and_loses_nothing() -> None:
    body = '{ "a" : [ 1,\n 12345678901234567890123, 0.1 ], "b": "\\u00fc \\ud83d\\ude00" }'
    found = seen(200, body, content_type="application/json")
    assert found.status is Status.OK
    assert found.content == '{"a":[1,12345678901234567890123,0.1],"b":"ü 😀"}'
    assert json.loads(found.content) == json.loads(body)


def test_half_a_surrogate_pair_can_be_written_afterwards() -> None:
    found = seen(200, '{"a": "\\ud83d"}', content_type="application/json")
    found.content.encode()
    assert found.content == '{"a":"\ufffd"}'


@pytest.mark.parametrize("body", [b'{"a": ', b'{"a": "b', b"\xef\xbb\xbf{", b'{"a": 1'])
def test_json_that_ends_too_early_is_told_to_a_read(body: bytes) -> None:
    with pytest.raises(Unreadable, match="not valid JSON") as error:
        observe(200, JSON, body)
    assert error.value.passing
    assert observe(500, JSON, body).status is Status.NOT_WORKING
    assert observe(201, JSON, body, Expected(write=True)).status is Status.OK


def test_json_under_another_name_is_still_compacted_and_else_left_as_text() -> None:
    assert seen(200, "[1, 2]", content_type="text/plain").content == "[1,2]"
    assert seen(200, "[1, 2", content_type="text/plain").content == "[1, 2"
    assert seen(200, "\ufeff{}", content_type="application/json").content == "{}"


def test_a_page_under_200_is_no_answer_and_its_scripts_are_left_out() -> None:
    page = "<!DOCTYPE html><title>Just a moment</title><script>steal()</script><p>Wait&amp;see"
    found = seen(200, page)
    assert found.status is Status.ERROR_IN_MESSAGE
    assert found.content == "Just a moment Wait&see"
    blocked = (200, {"content-type": "text/html"}, b"<html><h1>Access denied</h1>")
    assert observe(*blocked).status is Status.ERROR_IN_MESSAGE
    assert observe(*blocked, Expected(in_words=True)).status is Status.UNAUTHORIZED


def test_text_is_decoded_by_its_charset_and_never_fails() -> None:
    assert (
        seen(200, b"M\xfcnchen", content_type="text/plain; charset=iso-8859-1").content == "München"
    )
    assert seen(200, b"M\xfcnchen", content_type="text/plain").content == "M\ufffdnchen"
    for odd in ("zip", "unicode_escape", "no-such", "utf-99", "idna"):
        assert seen(200, b"abc", content_type=f"text/plain; charset={odd}").content == "abc"


def test_binary_and_nothing_are_named() -> None:
    found = seen(200, b"\x89PNG\r\n\x1a\n\0\0\0", content_type="image/png")
    assert (found.status, found.content) == (Status.OK, "(image/png, 11 bytes)")
    assert seen(204).content == "HTTP 204: the answer is empty"


def test_an_errors_own_words_are_kept_for_the_model() -> None:
    found = seen(422, '{"detail": "days must be 1 to 16"}', content_type="application/json")
    assert found.status is Status.INVALID_REQUEST
    phrase = HTTPStatus(422).phrase  # another one from Python 3.13 on
    assert found.content == f'HTTP 422 {phrase}: {{"detail":"days must be 1 to 16"}}'
    assert seen(404, "").content == "HTTP 404 Not Found"
    assert "<" not in seen(502, "<html><h1>Bad Gateway</h1>", content_type="text/html").content


def test_a_redirect_that_is_not_followed_names_its_address() -> None:
    found = seen(302, "moved", location="https://me:secret@there.example/a?b#c")
    assert found.status is Status.NOT_WORKING
    assert "https://there.example/a?b#c" in found.content
    assert "secret" not in found.content
    assert found.retry_after is None
    assert "moved" not in found.content


@pytest.mark.parametrize("location", ["", "//[::1/y", "\x1b[2J\n"])
def test_an_address_that_cannot_be_read_is_not_shown(location: str) -> None:
    found = seen(302, location=location)
    assert found.content.isprintable()
    assert len(seen(302, location="https://a.example/" + "a" * 9000).content) < 2200


def test_a_redirect_that_the_specification_declares_is_the_answer() -> None:
    found = observe(302, {"location": "https://files.example/1"}, b"", Expected(redirect=True))
    assert (found.status, found.content) == (
        Status.OK,
        "HTTP 302 Found. Location: https://files.example/1",
    )
    assert observe(302, {}, b"", Expected(redirect=True)).status is Status.NOT_WORKING


def test_a_write_that_redirects_is_done_or_in_doubt_and_names_the_address() -> None:
    write = Expected(write=True)
    for code, status in (
        (303, Status.OK),
        (302, Status.IN_DOUBT),
        (307, Status.NOT_WORKING),
        (301, Status.NOT_WORKING),
    ):
        found = observe(code, {"location": "/items/77"}, b"", write)
        assert found.status is status
        assert "/items/77" in found.content


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("", "HTTP 201 Created. Location: /items/77"),
        ("made", "made\nLocation: /items/77"),
        ('{"status": "made"}', '{"status":"made","Location":"/items/77"}'),
        ('{"id": 77}', '{"id":77}'),
        ('{"id": 177}', '{"id":177,"Location":"/items/77"}'),
        ("[1]", "[1]"),
    ],
)
def test_what_was_made_names_its_address_unless_its_body_does(body: str, content: str) -> None:
    assert seen(201, body, location="/items/77").content == content
    assert "Location" not in seen(200, body, location="/items/77").content


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("999999999999999999", 999999999999999999.0),
        ("9" * 400, 1e18),
        ("-5", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("٣", 0.0),
        (formatdate(0, usegmt=True), 0.0),
        ("Fri, 99 Foo 2026 99:99:99 GMT", 0.0),
    ],
)
def test_retry_after_in_seconds_or_absurd(header: str, seconds: float) -> None:
    for code in (429, 503):
        assert seen(code, "", retry_after=header).retry_after == seconds


def test_retry_after_as_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_000_000.0)
    date = formatdate(1_000_090, usegmt=True)
    assert seen(429, "", retry_after=date).retry_after == 90.0


def test_only_what_may_pass_may_be_retried() -> None:
    passing = {code for code in range(300, 600) if seen(code).retry_after is not None}
    assert passing == {408, 425, 429, 500, 502, 503, 504}
    hub = Expected(in_words=True)
    limited = observe(200, JSON, b'{"message": "rate limit exceeded"}', hub)
    assert limited.retry_after == 0
    quota = observe(200, JSON, b'{"message": "monthly quota exceeded"}', hub)
    assert quota.retry_after is None


@given(
    st.integers(200, 599),
    st.binary(max_size=300),
    st.sampled_from(
        ["", "application/json", "text/html; charset=utf-16", "text/plain", "image/png"]
    ),
)
def test_any_answer_becomes_an_observation_or_is_unreadable(
    code: int, body: bytes, kind: str
) -> None:
    try:
        found = observe(code, {"content-type": kind}, body)
    except Unreadable:
        assert code < 300
        return
    found.content.encode()
    assert found.size == len(found.content)
    assert found.content
    assert found.status.failed or code < 300
