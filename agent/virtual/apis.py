"""Virtual APIs: a catalogue whose calls are answered from a cache, else really, else by a model.

The order is StableToolBench's (Guo et al., 2024, arXiv:2403.07714). What it left open is settled
so: a call is judged by its status and by what the API documents, never by words in its answer; only
answers are kept; each names its source; and a made-up one never takes a real one's place.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from toolgrove.agent.virtual.simulator import Simulator
from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Observation, Status, ToolCall
from toolgrove.tools.advice import advice
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.returns import Returns
from toolgrove.tools.virtual.cache import AnswerCache
from toolgrove.tools.virtual.directory import Directory, ListedApi
from toolgrove.tools.virtual.protocol import ApiName, Source, VirtualAnswer, key_of

__all__ = ["Asked", "Closed", "VirtualApis"]

_UNAVAILABLE = frozenset(
    {
        Status.NOT_WORKING,
        Status.RATE_LIMITED,
        Status.TIMEOUT,
        Status.TOO_MANY_REQUESTS,
        Status.UNAUTHORIZED,
        Status.UNSUBSCRIBED,
    }
)
"""Failures of the API and not of the call: those a model may stand in for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as a client asks for it; ``id`` is a ``ToolSpec.id``, which only our clients send."""

    name: ApiName
    arguments: JsonObject
    id: str = ""


class Closed(Exception):
    """The server stops, and answers no more."""


class VirtualApis:
    """Answers calls of a catalogue's APIs: from the cache, else really, else simulated.

    Parameters
    ----------
    directory : Directory
        The catalogue.
    cache : AnswerCache
        Where answers are kept.
    execute : Execute or None
        Makes real calls and cuts no answer (:func:`toolgrove.tools.calls.stack.build_stack`);
        None makes none.
    simulator : Simulator or None
        Stands in for APIs that cannot be reached; None leaves their failures as they are.
    concurrency : int
        Calls, real or simulated, that are under way at once; further ones wait.
    """

    def __init__(
        self,
        directory: Directory,
        cache: AnswerCache,
        *,
        execute: Execute | None,
        simulator: Simulator | None = None,
        concurrency: int = 8,
    ) -> None:
        self._directory, self._cache = directory, cache
        self._execute, self._simulator = execute, simulator
        self._places = asyncio.Semaphore(concurrency)
        self._flights: dict[str, asyncio.Task[VirtualAnswer]] = {}
        self._closed = False

    async def answer(self, asked: Asked) -> VirtualAnswer:
        """Answer a call. The same call asked for meanwhile shares its answer.

        Raises
        ------
        ValueError
            Where the arguments are not JSON.
        CatalogError
            Where the cache cannot be read or written.
        Closed
            Where the server stops.
        """
        if self._closed:
            raise Closed
        entry = self._directory.find(asked.name, asked.id)
        if entry is None:
            kept = await asyncio.to_thread(self._cache.get, asked.name, asked.arguments)
            return kept or _nobody(Status.NO_SUCH_TOOL, self._directory.missing(asked.name))
        arguments = entry.arguments(asked.arguments)
        key = key_of(entry.name, arguments)
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._answered(entry, arguments))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        try:
            return await asyncio.shield(flight)  # one client's leaving is not the others' end
        except asyncio.CancelledError:
            if flight.cancelled():
                raise Closed from None
            raise

    def _landed(self, key: str, flight: asyncio.Task[VirtualAnswer]) -> None:
        self._flights.pop(key)
        if not flight.cancelled():
            flight.exception()  # seen, also where every client has left

    def close(self) -> None:
        """Give up what is under way, and begin nothing more."""
        self._closed = True
        for flight in self._flights.values():
            flight.cancel()

    async def _answered(self, entry: ListedApi, arguments: JsonObject) -> VirtualAnswer:
        kept = await asyncio.to_thread(self._cache.get, entry.name, arguments)
        if kept is not None:
            return kept
        problems = entry.checker.problems(arguments)
        if problems or entry.checker.unknown(arguments):
            said = advice(entry.name.api, entry.checker, arguments, problems)
            return _nobody(Status.INVALID_REQUEST, said)
        async with self._places:
            answer, keep = await self._real(entry, arguments)
            if answer.status in _UNAVAILABLE and self._simulator is not None:
                answer, keep = await self._simulated(self._simulator, entry, arguments)
        if keep:
            answer = await asyncio.to_thread(self._cache.save, entry.name, arguments, answer)
        return answer

    async def _real(self, entry: ListedApi, arguments: JsonObject) -> tuple[VirtualAnswer, bool]:
        """A real call's answer, and whether it may be kept."""
        if self._execute is None:
            said = "This call is not in the cache, and real calls are switched off."
            return _nobody(Status.NOT_WORKING, said), False
        observation = await self._execute(ToolCall("virtual", entry.spec.id, arguments))
        status, response = observation.status, _response(observation)
        if status is Status.OK and self._returns(entry).turns_down(response):
            return VirtualAnswer(Status.NOT_WORKING, response, Source.REAL), False
        # that a request is wrong stays so; any other failure may pass
        lasting = status is Status.OK or (
            status is Status.INVALID_REQUEST and observation.attempts > 0
        )
        source = Source.REAL if observation.attempts else Source.NONE
        return VirtualAnswer(status, response, source), lasting

    async def _simulated(
        self, simulator: Simulator, entry: ListedApi, arguments: JsonObject
    ) -> tuple[VirtualAnswer, bool]:
        examples = await asyncio.to_thread(self._cache.examples, entry.name)
        answer = await simulator.answer(entry.spec, arguments, self._documented(entry), examples)
        return answer, answer.status is not Status.NOT_WORKING

    def _documented(self, entry: ListedApi) -> Any:
        return entry.spec.returns or self._cache.shape(entry.name)

    def _returns(self, entry: ListedApi) -> Returns:
        return Returns([self._documented(entry)])


def _nobody(status: Status, said: str) -> VirtualAnswer:
    return VirtualAnswer(status, said, Source.NONE)


def _response(observation: Observation) -> Any:
    """The JSON value of an answer of success; a text otherwise."""
    content = observation.content
    if observation.status is Status.OK and content[:1] in ("{", "["):
        try:
            return codec.loads(content)
        except (ValueError, RecursionError):
            return content
    return content
