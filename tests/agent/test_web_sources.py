"""OpenAPI documents by their address, and documents that name no server of their own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.sources import IndexReport, SourceReader
from toolgrove.data.formats import openapi_text
from toolgrove.errors import FormatError, SpecError, ToolgroveError, UsageError
from toolgrove.tools.registry import Registry
from toolgrove.tools.trusted import trusted

Answers = dict[str, tuple[int, dict[str, str], bytes]]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def own_trusted_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "trusted.json"))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "catalog", embedder=Hashing()) as opened:
        yield opened


class Indexing:
    """``Catalog.index`` without an index to search in, which takes a second to make."""

    def __init__(self) -> None:
        self.registry = Registry()

    def index(self, sources: str | list[str], **options: Any) -> IndexReport:
        named = [sources] if isinstance(sources, str) else sources
        reader = SourceReader(named, self.registry, skip_bad=False, **options)
        return reader.report(self.registry.add(reader.specs()), len(self.registry))


@pytest.fixture
def reading() -> Iterator[Indexing]:
    indexing = Indexing()
    with indexing.registry:
        yield indexing


@pytest.fixture
def web() -> Iterator[tuple[str, Answers]]:
    """A server's address, and what it answers by path."""
    answers: Answers = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, headers, body = answers.get(self.path, (404, {}, b"not here"))
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:  # an MCP client asks by it
            self.send_error(404)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()
    thread.join()
    server.server_close()


def document(**more: Any) -> dict[str, Any]:
    info = {"title": "FastAPI", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": {"/a": {"get": {"operationId": "a"}}}} | more


def body(**more: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, JSON, json.dumps(document(**more)).encode()


def url(catalog: Catalog | Indexing, spec_id: str = "FastAPI/FastAPI/a") -> str:
    return str(catalog.registry.get(spec_id).binding["url"])


@pytest.mark.parametrize(
    ("more", "base", "expected"),
    [
        ({}, "https://api.example", "https://api.example/a"),
        ({}, "https://api.example/v1/", "https://api.example/v1/a"),
        ({}, "https://api.example/v1", "https://api.example/v1/a"),
        ({}, "https://api.example/v1/openapi.json", "https://api.example/a"),
        ({"servers": [{"url": "/"}]}, "https://api.example/v1", "https://api.example/v1/a"),
        ({"servers": [{"url": ""}]}, "https://api.example/v1", "https://api.example/v1/a"),
        ({"servers": [{"url": "/v2"}]}, "https://api.example/v1", "https://api.example/v2/a"),
        ({"servers": [{"url": "v2"}]}, "http://127.0.0.1:80/x", "http://127.0.0.1:80/x/v2/a"),
        ({"servers": [{"url": "https://o.example"}]}, "https://api.example", "https://o.example/a"),
        ({"openapi": None, "swagger": "2.0"}, "https://api.example/v1", "https://api.example/v1/a"),
        ({"openapi": None, "swagger": "2.0", "basePath": "/v3"}, "https://api.example",
         "https://api.example/v3/a"),
    ],
)  # fmt: skip
def test_a_document_without_a_server_is_served_at_the_base_that_is_named(
    reading: Indexing, tmp_path: Path, more: dict[str, Any], base: str, expected: str
) -> None:
    file = tmp_path / "openapi.json"
    whole = {key: value for key, value in document(**more).items() if value is not None}
    file.write_text(json.dumps(whole))
    assert reading.index(str(file), base=base).added == 1
    assert url(reading) == expected


def test_a_document_without_a_server_and_base_says_what_to_name(
    reading: Indexing, tmp_path: Path
) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document()))
    with pytest.raises(FormatError, match="--base URL"):
        reading.index(str(file))


@pytest.mark.parametrize(
    "base", ["api.example", "ftp://api.example", "https://", "https://me:pw@api.example",
             "https://api.example/?key=1", "https://[::1"],
)  # fmt: skip
def test_a_base_is_an_address(reading: Indexing, tmp_path: Path, base: str) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document()))
    with pytest.raises(UsageError, match="--base"):
        reading.index(str(file), base=base)


def test_a_base_is_of_one_source_that_is_a_document(reading: Indexing, tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document()))
    for sources in (["world"], ["support.sample_tools:lottery"], [str(file), str(file)],
                    ["mcp+stdio:true"]):  # fmt: skip
        with pytest.raises(UsageError, match="--base"):
            reading.index(sources, base="https://api.example")


@pytest.mark.parametrize("path", ["/openapi.json", "/v3/api-docs", "/docs/"])
def test_a_document_is_read_from_its_address_and_served_beside_it(
    reading: Indexing, web: tuple[str, Answers], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, answers = web
    answers[path] = body()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "TOOLGROVE_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    report = reading.index(f"{here}{path}")
    assert (report.added, report.sources[0].kind) == (1, "OpenAPI or Swagger document")
    assert url(reading) == f"{here}/a"
    assert reading.index(f"{here}{path}").unchanged == 1
    assert trusted() == frozenset()


def test_yaml_is_read_from_its_address_and_a_base_or_a_name_goes_before(
    reading: Indexing, web: tuple[str, Answers]
) -> None:
    here, answers = web
    text = b"info: {title: Two, version: '1'}\npaths: {/x: {get: {operationId: x}}}\n"
    answers["/two.yaml"] = 200, {"Content-Type": "text/plain"}, text + b"openapi: 3.1.0\n"
    reading.index(f"{here}/two.yaml", base="https://api.example/v1", name="other")
    assert url(reading, "other/other/x") == "https://api.example/v1/x"


def test_a_relative_server_is_resolved_where_the_document_was_found_in_the_end(
    reading: Indexing, web: tuple[str, Answers]
) -> None:
    here, answers = web
    answers["/old.json"] = 302, {"Location": "/new/openapi.json"}, b""
    answers["/new/openapi.json"] = body(servers=[{"url": "v1"}])
    reading.index(f"{here}/old.json")
    assert url(reading) == f"{here}/new/v1/a"


@pytest.mark.parametrize(
    "to", ["http://169.254.169.254/openapi.json", "http://127.0.0.1:1/x", "http://[::1]/x",
           "http://localhost/x", "file:///etc/passwd", "http://me:pw@127.0.0.1/x"],
)  # fmt: skip
def test_promise_14_a_redirect_leads_to_no_private_address(
    reading: Indexing, web: tuple[str, Answers], to: str
) -> None:
    here, answers = web
    answers["/openapi.json"] = 302, {"Location": to}, b""
    with pytest.raises(ToolgroveError, match=r"/openapi\.json.*redirects") as caught:
        reading.index(f"{here}/openapi.json")
    assert "--allow-host" not in str(caught.value)  # which index does not have


def test_redirects_end(reading: Indexing, web: tuple[str, Answers]) -> None:
    here, answers = web
    answers["/openapi.json"] = 302, {"Location": "/openapi.json"}, b""
    with pytest.raises(ToolgroveError, match="redirects"):
        reading.index(f"{here}/openapi.json")


def test_what_is_no_document_is_told(reading: Indexing, web: tuple[str, Answers]) -> None:
    here, answers = web
    answers["/secret.json"] = 401, JSON, b"{}"
    answers["/other.json"] = 200, JSON, b'{"a": 1}'
    answers["/broken.json"] = 200, JSON, b'{"openapi": '
    answers["/docs"] = 200, {"Content-Type": "text/html"}, b"<html>Swagger UI</html>"
    for path, said in (("/gone.json", "404"), ("/secret.json", "401"),
                       ("/other.json", "OpenAPI"), ("/broken.json", "JSON")):  # fmt: skip
        with pytest.raises(ToolgroveError, match=said) as caught:
            reading.index(f"{here}{path}")
        assert f"{here}{path}" in str(caught.value)
    with pytest.raises(SpecError, match="Nor is there an OpenAPI document"):
        reading.index(f"{here}/docs")
    with pytest.raises(UsageError, match="password"):
        reading.index(here.replace("//", "//me:pw@") + "/openapi.json")
    with pytest.raises(ToolgroveError, match=r"127\.0\.0\.1:1/openapi\.json"):
        reading.index("http://127.0.0.1:1/openapi.json")


def test_promise_18_a_document_has_a_largest_size(
    reading: Indexing, web: tuple[str, Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, answers = web
    answers["/openapi.json"] = body()
    monkeypatch.setattr(openapi_text, "MOST_BYTES", 20)
    with pytest.raises(ToolgroveError, match=r"bytes"):
        reading.index(f"{here}/openapi.json")


def test_a_key_in_the_address_is_kept_nowhere(
    catalog: Catalog, web: tuple[str, Answers], tmp_path: Path
) -> None:
    here, answers = web
    answers["/openapi.json?key=hunter2hunter2"] = body()
    catalog.index(f"{here}/openapi.json?key=hunter2hunter2")
    catalog.close()
    for file in (tmp_path / "catalog").rglob("*"):
        assert not file.is_file() or b"hunter2hunter2" not in file.read_bytes()
