"""A chat model that stands in for an API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolgrove.agent.virtual.prompt import PROMPT_DIGEST, SYSTEM, again, question
from toolgrove.data import codec
from toolgrove.data.chat_text import ask_until_read, model_name
from toolgrove.data.records import JsonObject, Status, ToolSpec
from toolgrove.data.spoken import spoken
from toolgrove.errors import ModelError
from toolgrove.tools.returns import Returns
from toolgrove.tools.virtual.cache import CachedExample
from toolgrove.tools.virtual.protocol import Source, VirtualAnswer

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["Simulator"]

_FENCED = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)
_LONGEST = 50_000


@dataclass(frozen=True, slots=True)
class Simulator:
    """Makes up what an API would answer, with a chat model.

    Parameters
    ----------
    model : BaseChatModel
        Any LangChain chat model; it needs no tools.
    timeout : float
        Seconds that one reply may take.
    attempts : int
        Replies asked for at most, where the first cannot be used.
    """

    model: BaseChatModel
    timeout: float = 120.0
    attempts: int = 2

    @property
    def name(self) -> str:
        """The model's name."""
        return model_name(self.model)

    async def answer(
        self,
        spec: ToolSpec,
        arguments: JsonObject,
        response: Any,
        examples: Sequence[CachedExample],
    ) -> VirtualAnswer:
        """What the API would answer; ``NOT_WORKING`` where the model came to nothing usable.

        Parameters
        ----------
        spec : ToolSpec
        arguments : JsonObject
            Valid against the spec's schema.
        response : Any
            What a response looks like, as the source documents it; None where it does not.
        examples : sequence of CachedExample
            What the API answered before; a made-up answer is held to look like one of them.
        """
        returns = Returns([response, *(one.response for one in examples)])
        try:
            return await ask_until_read(
                self.model,
                SYSTEM,
                question(spec, arguments, response, examples),
                lambda reply: self._read(reply, returns),
                again,
                attempts=self.attempts,
                seconds=self.timeout,
            )
        except ModelError as error:
            return self._failed(str(error))
        except ValueError as error:
            return self._failed(f"the model's replies could not be used: {error}")

    def _read(self, reply: str, returns: Returns) -> VirtualAnswer:
        """The answer in a reply; raises ``ValueError`` where there is none."""
        error, response = _parsed(spoken(reply))
        if error:
            return self._answer(Status.INVALID_REQUEST, error)
        problem = returns.problem(response)
        if problem is not None:
            raise ValueError(f'"response" is not what this API answers: {problem}')
        return self._answer(Status.OK, response)

    def _answer(self, status: Status, response: Any) -> VirtualAnswer:
        return VirtualAnswer(
            status, response, Source.SIMULATED, model=self.name, prompt=PROMPT_DIGEST
        )

    def _failed(self, why: str) -> VirtualAnswer:
        return self._answer(Status.NOT_WORKING, f"The API could not be simulated: {why}")


def _parsed(reply: str) -> tuple[str, Any]:
    text = reply.strip()
    fenced = _FENCED.fullmatch(text)
    if len(text) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST} characters")
    try:
        value = codec.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        raise ValueError("it is not one JSON object") from None
    if not isinstance(value, dict) or value.keys() != {"error", "response"}:
        raise ValueError('it has not exactly the keys "error" and "response"')
    error, response = value["error"], value["response"]
    if not isinstance(error, str | None):
        raise ValueError('"error" is not a text')
    if not error and response in (None, "", {}, []):
        raise ValueError('both "error" and "response" are empty')
    return (error or "").strip(), response
