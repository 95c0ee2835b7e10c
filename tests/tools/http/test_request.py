"""Requests whose endpoint no argument can change (promises 14, 16, 19 and 20)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import Status
from toolgrove.tools.http.request import Refused, build_request

URL = "https://api.example:8443/v1/{who}/notes"


def build(url: str = URL, method: str = "GET", hosts: Any = None, **arguments: Any) -> Any:
    places = {"who": "path", "q": "query", "X-Lang": "header", "text": "body"}
    return build_request({"method": method, "url": url, "in": places}, arguments, hosts)


def test_each_argument_goes_where_the_binding_says() -> None:
    request = build(
        method="post", who="a b", q=[1, True, "ü&="], text={"k": None}, **{"X-Lang": "de"}
    )
    assert request.method == "POST"
    assert request.url == ("https://api.example:8443/v1/a%20b/notes?q=1&q=true&q=%C3%BC%26%3D")
    assert request.headers == {"X-Lang": "de", "Content-Type": "application/json"}
    assert json.loads(request.content) == {"text": {"k": None}}


def test_a_null_is_left_out_and_a_fixed_query_stays() -> None:
    request = build("https://api.example/find?key=a%26b&by={who}", who="x&y=1", q=None)
    assert request.url == "https://api.example/find?key=a%26b&by=x%26y%3D1"


HOSTILE = [
    "..",
    ".",
    "",
    "../admin",
    "a/../../admin",
    "a/b",
    "/",
    "\\",
    "..\\admin",
    "%2e%2e",
    "%2E.",
    "%252e%252e",
    "a%2fb",
    "%252f",
    "..;",
    "..;x=1",
    "x" * 3000,
]


@pytest.mark.parametrize("value", HOSTILE)
def test_promise_19_a_path_value_that_would_change_the_endpoint_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="who") as refused:
        build(who=value)
    assert refused.value.status is Status.INVALID_REQUEST


@pytest.mark.parametrize(
    "value", ["?admin=1", "#top", "a?b#c", "@evil.example", ":80", "{q}", "a..b", "...", "ü\n\0"]
)
def test_promise_19_other_values_stay_one_quoted_segment(value: str) -> None:
    parts = urlsplit(build(who=value).url)
    assert (parts.netloc, parts.query, parts.fragment) == ("api.example:8443", "", "")
    assert [unquote(part) for part in parts.path.split("/")] == ["", "v1", value, "notes"]


def test_promise_19_two_values_do_not_add_up_to_a_way_out() -> None:
    binding = {"url": "https://api.example/v1/{a}{b}/x", "in": {}}
    with pytest.raises(Refused):
        build_request(binding, {"a": ".", "b": "."})
    assert build_request(binding, {"a": "1", "b": "."}).url.endswith("/v1/1./x")


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_promise_19_for_any_text(who: str, q: str, lang: str) -> None:
    try:
        request = build(who=who, q=q)
    except Refused:
        return
    parts = urlsplit(request.url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.example:8443", "")
    segments = parts.path.split("/")
    assert [segments[1], segments[3], len(segments)] == ["v1", "notes", 4]
    sendable = who.encode("utf-8", "replace").decode()
    assert unquote(segments[2]) == sendable
    assert parse_qsl(parts.query, keep_blank_values=True) == [
        ("q", q.encode("utf-8", "replace").decode())
    ]
    # and httpx sends it as it was built
    sent = httpx.URL(request.url)
    assert sent.host == "api.example"
    assert sent.raw_path.decode() == request.url.partition(":8443")[2]


def test_promise_20_arguments_never_choose_the_host() -> None:
    with pytest.raises(Refused, match="host") as refused:
        build("https://{who}.example/x", who="evil")
    assert refused.value.status is Status.NOT_WORKING


@pytest.mark.parametrize(
    "name", ["Host", "authorization", "Cookie", "Content-Length", "Proxy-Authorization", "a b", ""]
)
def test_promise_20_arguments_never_set_credentials_or_framing(name: str) -> None:
    binding = {"url": "https://api.example/x", "in": {name: "header"}}
    with pytest.raises(Refused, match="header"):
        build_request(binding, {name: "x"})


@pytest.mark.parametrize("value", ["a\r\nHost: evil", "a\nb", "ü", "", " a", "\0"])
def test_promise_20_a_header_value_is_one_line_of_ascii(value: str) -> None:
    with pytest.raises(Refused, match="printable"):
        build(who="a", **{"X-Lang": value})


def test_promise_20_an_argument_that_is_not_declared_goes_nowhere() -> None:
    with pytest.raises(Refused, match="other"):
        build(who="a", other=1)
    # declared for the path, but the URL has no place for it
    with pytest.raises(Refused, match="who"):
        build("https://api.example/x", who="a")


def test_a_path_value_that_is_missing_is_said() -> None:
    with pytest.raises(Refused, match="who: is needed"):
        build()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://api.example/x",
        "file:///etc/hostname",
        "//api.example/x",
        "/x",
        "",
        "https://user:pass@api.example/x",
        "https://api.example:port/x",
        "https://[::1/x",
    ],
)
def test_a_binding_that_is_no_good_is_said(url: str) -> None:
    with pytest.raises(Refused) as refused:
        build(url)
    assert refused.value.status is Status.NOT_WORKING


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "db.internal",
        "printer.local",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "10.0.0.8",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_promise_14_no_private_host_unless_allowed(host: str) -> None:
    # nothing is sent: the request is only built
    with pytest.raises(Refused, match="not a public host"):
        build(f"http://{host}/x")
    name = host.strip("[]").lower()
    assert (
        build(f"http://{host}/x", hosts={name: "http://127.0.0.1:9"}).url == "http://127.0.0.1:9/x"
    )


def test_hosts_send_a_stable_name_to_a_port_that_is_not() -> None:
    request = build(who="a", hosts={"api.example": "http://127.0.0.1:43121/base/"})
    assert request.url == "http://127.0.0.1:43121/base/v1/a/notes"


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_template_is_built_or_refused(path: str, value: str) -> None:
    try:
        request = build_request({"url": f"https://api.example/{path}", "in": {}}, {"x": value})
    except Refused:
        return
    assert urlsplit(request.url).netloc == "api.example"
