"""Record and replay: a task's HTTP exchanges in one vcrpy cassette.

The file is vcrpy's YAML, so its own tools read it. What differs is when and what is written:
each exchange is appended as soon as it is over, so that a killed run keeps all but the one in
flight; requests are recorded as they were before credentials and idempotency keys were added;
answers are recorded decompressed, without ``Set-Cookie`` and ``Location``, and with every secret
scrubbed by its value. An exchange that gave no answer is recorded too, as status 0. vcrpy's way of
recording, by patching httpx for the whole process, is not used: runs that go on side by side have
a cassette each.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from http.client import responses
from pathlib import Path
from typing import Any, Protocol

from toolgrove.data import codec
from toolgrove.data.records import Status
from toolgrove.errors import FormatError, ReplayMiss, UsageError
from toolgrove.machine.files import safe_name, write_beside
from toolgrove.tools.calls.execute import CutOff
from toolgrove.tools.http.address import Blocked
from toolgrove.tools.http.request import Refused, Request
from toolgrove.tools.http.wire import NoAnswer, Send, WireAnswer

__all__ = ["Cassette", "Recording", "Replay", "cassette_path"]

_HEAD = "version: 1\ninteractions:\n"
_WHOLE = "# whole\n"
_DEEPEST = 20
_DROPPED = frozenset(
    {"connection", "content-encoding", "content-length", "set-cookie", "set-cookie2"}
    | {"keep-alive", "transfer-encoding"}
)


class Cassette(Protocol):
    """A task's HTTP exchanges: it keeps each as it happens, or answers in its place."""

    live: bool
    """Whether requests are made."""

    async def __call__(self, request: Request, send: Send) -> WireAnswer: ...


def cassette_path(folder: str | Path, task: str) -> Path:
    """The path of a task's cassette in a folder."""
    return Path(folder) / f"{safe_name(task)}.yaml"


class Recording:
    """A cassette that keeps what happens.

    Parameters
    ----------
    path : path
        The cassette.
    scrub : callable
        Takes secrets out of a text (:meth:`toolgrove.tools.secrets.SecretStore.scrub`).
    resume : bool
        Whether to add to the cassette that is there, for a run that goes on; else it is replaced.

    Raises
    ------
    UsageError
        Where vcrpy is not installed.
    """

    live = True

    def __init__(
        self, path: str | Path, scrub: Callable[[str], str], *, resume: bool = False
    ) -> None:
        _vcr()
        self._path = Path(path)
        self._scrub = scrub
        kept = _whole(self._path) if resume and self._path.exists() else _HEAD
        write_beside(self._path, [kept.encode()])

    async def __call__(self, request: Request, send: Send) -> WireAnswer:
        """Make an exchange, and keep it before anybody sees it."""
        try:
            answer = await send(request)
        except (NoAnswer, Refused, Blocked, asyncio.CancelledError) as error:
            self._keep(request, _failed(error))
            raise
        self._keep(request, answer)
        return answer

    def _keep(self, request: Request, answer: WireAnswer) -> None:
        from vcr.request import Request as VcrRequest
        from vcr.serialize import serialize
        from vcr.serializers import yamlserializer

        asked = VcrRequest(
            request.method,
            self._scrub(request.url),
            None if request.content is None else self._scrubbed(request.content),
            {name: self._scrub(value) for name, value in request.headers.items()},
        )
        got = {
            "status": {"code": answer.code, "message": responses.get(answer.code, "")},
            "headers": {
                name: [self._scrub(value)]
                for name, value in answer.headers.items()
                if name not in _DROPPED
            },
            "body": {"string": self._scrubbed(answer.body)},
        }
        text = serialize({"requests": [asked], "responses": [got]}, yamlserializer)
        item = text[text.index("- ") : text.rindex("version:")]
        with self._path.open("ab") as stream:
            stream.write((item + _WHOLE).encode())

    def _scrubbed(self, body: bytes) -> bytes:
        """A body without secrets; bytes that are no text are looked through as they are."""
        text = body.decode("utf-8", "surrogateescape")
        clean = self._scrub(text)
        if "\\u" in clean:  # JSON may spell any letter as a number
            try:
                spelled = json.dumps(json.loads(clean), ensure_ascii=False)
            except (ValueError, RecursionError):
                spelled = ""
            clean = said if (said := self._scrub(spelled)) != spelled else clean
        return clean.encode("utf-8", "surrogateescape")


class Replay:
    """A cassette that answers in place of the network; nothing is ever sent (promises 11 and 12).

    Each recorded exchange answers one equal request (method, URL, headers and body), in the
    recorded order.

    Raises
    ------
    UsageError
        Where there is no cassette, or vcrpy is not installed.
    FormatError
        Where the cassette is damaged.
    """

    live = False

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        if not self._path.is_file():
            raise UsageError(f"{path}: no cassette here. Record the task first, with --record.")
        vcr = _vcr()
        from vcr.matchers import method, raw_body, uri
        from vcr.serializers import yamlserializer

        try:
            self._cassette = vcr.cassette.Cassette.load(
                path=str(path),
                persister=_Persister,
                serializer=yamlserializer,
                record_mode=vcr.mode.NONE,
                match_on=(method, uri, raw_body, _same_headers),
            )
        except Exception as error:  # what a damaged file makes of PyYAML and vcrpy
            why = " ".join(str(error).split())[:200]
            raise FormatError(
                str(path), "the file", f"a vcrpy cassette ({why})", "Record it again."
            ) from error

    async def __call__(self, request: Request, send: Send) -> WireAnswer:
        """The recorded answer, or the recorded failure.

        Raises
        ------
        ReplayMiss
            Where this request was not recorded, or its answers are all given.
        """
        from vcr.request import Request as VcrRequest

        asked = VcrRequest(request.method, request.url, request.content, dict(request.headers))
        if not self._cassette.can_play_response_for(asked):
            raise ReplayMiss(
                f"{self._path}: holds no (further) answer to {request.method} {request.url}. "
                "Nothing was sent. Record the task again, with --record."
            )
        got = self._cassette.play_response(asked)
        headers = {name.lower(): values[0] for name, values in got["headers"].items()}
        code, body = int(got["status"]["code"]), got["body"]["string"] or b""
        if code == 0:
            raise _error(json.loads(body))
        return WireAnswer(code, headers, body)


def _same_headers(one: Any, other: Any) -> None:
    assert dict(one.headers) == dict(other.headers)


def _failed(error: BaseException) -> WireAnswer:
    """A failure as an answer of status 0, which no server gives."""
    fields: dict[str, Any] = {"kind": type(error).__name__, "text": str(error)}
    if isinstance(error, NoAnswer):
        fields |= {"sent": error.sent, "passing": error.passing, "code": error.code}
    elif isinstance(error, Refused):
        fields["status"] = error.status
    return WireAnswer(0, {}, codec.dumps(fields))


def _error(fields: dict[str, Any]) -> Exception:
    text = str(fields["text"])
    match fields["kind"]:
        case "NoAnswer":
            sent, passing = bool(fields["sent"]), bool(fields["passing"])
            return NoAnswer(text, sent=sent, passing=passing, code=int(fields.get("code", 0)))
        case "Refused":
            return Refused(Status(fields["status"]), text)
        case "Blocked":
            return Blocked(text)
        case _:  # cancelled, as far as a cassette can know by the deadline
            return CutOff(text)


def _whole(path: Path) -> str:
    """A cassette's text without a last exchange that was cut short by a kill."""
    text = path.read_text("utf-8", "replace")
    end = text.rfind(_WHOLE)
    if end < 0:
        return text if not text.startswith(_HEAD) else _HEAD
    return text[: end + len(_WHOLE)]


class _Persister:
    """Loads what is whole; vcrpy's own loads all or nothing."""

    @staticmethod
    def load_cassette(path: str, serializer: Any) -> Any:
        from vcr.serialize import deserialize

        text = _whole(Path(path))
        _check_plain(text)
        return ([], []) if text == _HEAD else deserialize(text, serializer)


def _check_plain(text: str) -> None:
    """Refuse what no recording has: aliases, of which a page becomes gigabytes, and deep nesting.

    Raises
    ------
    ValueError
        Where a cassette has it.
    """
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"line {event.start_mark.line + 1} is an alias, *{event.anchor}")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"line {event.start_mark.line + 1} is nested too deep")


def _vcr() -> Any:
    try:
        import vcr
        import vcr.cassette
    except ImportError as error:
        raise UsageError(
            "recording and replaying need vcrpy: pip install 'toolgrove[record]'"
        ) from error
    return vcr
