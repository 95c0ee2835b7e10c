"""The local model's engine: llama.cpp inside this process, through the ``xllamacpp`` wheel.

One engine a process and model file. Its calls run one after another on a thread of their own, so
that a waiting event loop stays free and no pool of other code is used up; a call can be stopped
between two tokens, or between two slices of its prompt, and leaves the engine as it was.

llama.cpp's server always listens on a port as well. It is bound to loopback, on a free port, and
wants a random key that nobody is told, so that only this process uses it.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from toolgrove.agent.models.local_adapter import ADAPTER, read_adapter
from toolgrove.errors import ModelError
from toolgrove.machine.openmp import sleeping_threads

__all__ = [
    "Completion",
    "ContextExceeded",
    "Engine",
    "Stopped",
    "Worker",
    "default_file",
    "worker",
]

T = TypeVar("T")

_SLICE = 256
"""Tokens of a prompt between two chances to stop."""
_STATES_MIB = 512
"""Memory for the prompt states of earlier conversations, to come back to."""


class Stopped(Exception):
    """The caller no longer wants the reply; never leaves the package."""


class ContextExceeded(ModelError):
    """The prompt does not fit the context window."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What the engine said.

    Parameters
    ----------
    text : str
        The reply.
    finish : str
        ``stop``, or ``length`` where ``max_tokens`` cut it.
    usage : Mapping[str, Any]
        OpenAI's ``usage`` object, with ``prompt_tokens_details.cached_tokens``.
    timings : Mapping[str, float]
        llama.cpp's: milliseconds and tokens of prompt and reply.
    tokens : tuple of (str, float)
        Each token's text and its log-probability before the grammar had a say.
    """

    text: str
    finish: str
    usage: Mapping[str, Any]
    timings: Mapping[str, float]
    tokens: tuple[tuple[str, float], ...]


def _threads() -> int:
    """One a core, up to eight: more gain little with a small model."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(8, cores or 1)


def _llama() -> Any:
    """``xllamacpp``, with threads that sleep while they wait for each other."""
    try:
        with sleeping_threads():
            import xllamacpp
    except ImportError as error:
        raise ModelError(
            "The local model needs xllamacpp. Install it: pip install 'toolgrove[local]'"
        ) from error
    return xllamacpp


class Engine:
    """A loaded model; used through a :class:`Worker`, on its thread only.

    Parameters
    ----------
    path : Path
        A GGUF file.
    context : int
        Size of the context window in tokens.
    threads : int or None
        Threads to compute with; None is one a core, at most eight.
    lora : Path or None
        A GGUF file with an adapter of that model.

    Raises
    ------
    ModelError
        Where ``xllamacpp`` is missing or the file cannot be loaded.
    """

    def __init__(
        self, path: Path, context: int, threads: int | None, lora: Path | None = None
    ) -> None:
        xllamacpp = _llama()
        if not path.is_file():
            raise ModelError(f"{path} is no file. Fetch the model: toolgrove model get")
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        if lora is not None:
            adapter = xllamacpp.CommonAdapterLoraInfo()
            adapter.path, adapter.scale = str(lora), 1.0
            params.lora_adapters = [adapter]
        params.n_ctx = context
        params.n_parallel = 1
        params.n_batch = params.n_ubatch = _SLICE
        params.cache_ram_mib = _STATES_MIB
        params.verbosity = -1
        params.warmup = params.ui = params.endpoint_slots = False
        params.api_keys = [secrets.token_hex()]
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or _threads()
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise ModelError(f"{path} cannot be loaded as a GGUF model: {error}") from error
        self._to_grammar = xllamacpp.json_schema_to_grammar

    def complete(
        self,
        messages: list[dict[str, str]],
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | str | None,
        stop: list[str] | None,
        stopping: threading.Event,
        hear: Callable[[tuple[str, int]], None] = lambda piece: None,
    ) -> Completion:
        """Answer a conversation.

        A grammar that llama.cpp cannot build is silently not applied: check the reply.

        Parameters
        ----------
        messages : list of dict
            Turns of a chat: ``role`` and ``content``.
        max_tokens : int
            Longest reply in tokens.
        schema : mapping, str or None
            What the reply must be: a JSON Schema, or a grammar as llama.cpp writes them (GBNF).
        stop : list of str or None
            Texts that end the reply and are no part of it.
        stopping : threading.Event
            Set by the caller when the reply is no longer wanted.
        hear : callable
            Given each piece of the reply as it comes, with the tokens of the prompt, on the
            engine's thread.

        Raises
        ------
        ContextExceeded
            Where the prompt is longer than the context window.
        ModelError
            Where llama.cpp refuses the request.
        Stopped
            Where ``stopping`` was set meanwhile.
        """
        if stopping.is_set():
            raise Stopped
        request: dict[str, Any] = {
            "messages": messages,
            "max_tokens": max_tokens,
            "temperature": 0,
            "seed": 0,
            "cache_prompt": True,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
            "logprobs": True,
            "top_logprobs": 1,
        }
        if isinstance(schema, str):
            request["grammar"] = schema
        elif schema is not None:
            # json_schema_to_grammar keeps the properties' order; `response_format` would allow a
            # Markdown fence around the reply as well.
            request["grammar"] = self._to_grammar(dict(schema))
        if stop:
            request["stop"] = stop
        chunks: list[dict[str, Any]] = []
        asked = 0

        def take(chunk: dict[str, Any]) -> bool:
            nonlocal asked
            chunks.append(chunk)
            asked = chunk.get("prompt_progress", {}).get("total", asked)
            if not stopping.is_set() and (text := _text(chunk)):
                hear((text, asked))
            return stopping.is_set()

        self._server.handle_chat_completions(request, take)
        if stopping.is_set():
            raise Stopped
        return _read(chunks)


def _text(chunk: Mapping[str, Any]) -> str:
    pieces = (choice.get("delta", {}).get("content") for choice in chunk.get("choices", ()))
    return "".join(piece or "" for piece in pieces)


def _read(chunks: list[dict[str, Any]]) -> Completion:
    text, finish, tokens = "", "", []
    usage: Mapping[str, Any] = {}
    timings: Mapping[str, float] = {}
    for chunk in chunks:
        if error := chunk.get("error", chunk if "code" in chunk else None):
            if error.get("type") == "exceed_context_size_error":
                raise ContextExceeded(str(error.get("message")))
            raise ModelError(f"The local model refused the request: {error.get('message', error)}")
        usage = chunk.get("usage") or usage
        timings = chunk.get("timings") or timings
        text += _text(chunk)
        for choice in chunk.get("choices", ()):
            finish = choice.get("finish_reason") or finish
            content = (choice.get("logprobs") or {}).get("content") or ()
            tokens += [(token["token"], token["logprob"]) for token in content]
    if not finish:
        raise ModelError("The local model stopped without finishing its reply.")
    return Completion(text, finish, usage, timings, tuple(tokens))


class Worker:
    """An engine that is loaded at its first use, and the one thread that uses it.

    Parameters
    ----------
    load : callable
        Loads the engine.
    """

    def __init__(self, load: Callable[[], Engine]) -> None:
        self._load = load
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="toolgrove-local-model")

    def submit(self, job: Callable[[Engine], T]) -> Future[T]:
        """Queue a job; jobs run one after another."""
        return self._thread.submit(self._run, job)

    def _run(self, job: Callable[[Engine], T]) -> T:
        if self._engine is None:
            self._engine = self._load()
        return job(self._engine)


_workers: dict[tuple[object, ...], Worker] = {}
_guard = threading.Lock()


def worker(
    path: Path | None, context: int, threads: int | None, adapter: Path | None = None
) -> Worker:
    """The process's worker for a model file and its options; it loads at the first job.

    Parameters
    ----------
    path : Path or None
        A GGUF file; None is the default model, fetched where it is not there yet.
    context, threads
        See :class:`Engine`.
    adapter : Path or None
        A folder that ``toolgrove train policy`` wrote; refused where it was trained on another
        model.
    """

    def load() -> Engine:
        if adapter is not None:
            read_adapter(adapter).check(path)
        lora = adapter and adapter / ADAPTER
        return Engine(path or default_file(), context, threads, lora)

    key = (path, context, threads, adapter)
    with _guard:
        if key not in _workers:
            _workers[key] = Worker(load)
        return _workers[key]


def default_file() -> Path:
    """The default model's file, fetched where it is not there yet."""
    from toolgrove.machine.weights import QWEN_CODER_1_5B, fetch

    return fetch(QWEN_CODER_1_5B)
