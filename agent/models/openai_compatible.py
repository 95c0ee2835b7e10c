"""``openai-compatible:URL``: any server with OpenAI's chat completions, over httpx.

llama.cpp, vLLM, Ollama, LM Studio and many hosted services speak it. Only what Toolgrove needs is
here: messages, tools, usage.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers.openai_tools import make_invalid_tool_call, parse_tool_call
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, SecretStr, field_validator

from toolgrove.data import codec
from toolgrove.errors import ModelError, UsageError

__all__ = ["OpenAICompatibleChatModel"]

_SHOWN = 300
_PASSING = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may succeed."""
_LONGEST_WAIT = 30.0


def _key() -> SecretStr | None:
    key = os.environ.get("TOOLGROVE_API_KEY")
    return SecretStr(key) if key else None


class OpenAICompatibleChatModel(BaseChatModel):
    """A chat model behind a server that speaks OpenAI's chat completions.

    Parameters
    ----------
    base_url : str
        What comes before ``/chat/completions``; ``/v1`` where the URL has no path.
    model_name : str
        The name the server knows the model by; servers with one model ignore it.
    api_key : SecretStr or None
        Sent as a bearer token to this URL and nowhere else; the environment's
        ``TOOLGROVE_API_KEY`` by default.
    temperature : float or None
        0 by default; None leaves it to the server.
    max_tokens : int or None
        Longest reply; None leaves it to the server.
    timeout : float
        Seconds a request may take.
    attempts : int
        How often a request is made that fails in a way that may pass.

    Raises
    ------
    UsageError
        For a URL that is none of http or https.
    ModelError
        From a call: where the server cannot be reached or does not answer as it should.
    """

    base_url: str
    model_name: str = "default"
    api_key: SecretStr | None = Field(default_factory=_key)
    temperature: float | None = 0.0
    max_tokens: int | None = None
    timeout: float = 120.0
    attempts: int = Field(default=3, ge=1)

    @field_validator("base_url")
    @classmethod
    def _checked_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                f"{url!r} is no URL of a model server, such as http://127.0.0.1:8080/v1"
            )
        return url.rstrip("/") + ("" if parts.path.strip("/") else "/v1")

    @property
    def _llm_type(self) -> str:
        return "toolgrove-openai-compatible"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"base_url": self.base_url, "model_name": self.model_name}

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools, in any form that LangChain knows."""
        offered = [convert_to_openai_tool(tool) for tool in tools]
        if tool_choice == "any" or tool_choice is True:
            tool_choice = "required"
        elif isinstance(tool_choice, str) and tool_choice not in ("auto", "none", "required"):
            tool_choice = {"type": "function", "function": {"name": tool_choice}}
        choice = {"tool_choice": tool_choice} if tool_choice else {}
        return self.bind(tools=offered, **choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        ask = partial(asyncio.run, self._agenerate(messages, stop, **kwargs))
        with ThreadPoolExecutor(1) as pool:  # the caller's thread may run an event loop
            return pool.submit(ask).result()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        request = {
            "model": self.model_name,
            "messages": convert_to_openai_messages(messages),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "stop": stop,
            **kwargs,
        }
        response = await self._post({k: v for k, v in request.items() if v is not None})
        try:
            return _result(codec.loads(response.content), self.model_name)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{self.base_url} answered with no chat completion "
                f"({type(error).__name__}: {error}): {response.text[:_SHOWN]}"
            ) from error

    async def _post(self, request: dict[str, Any]) -> httpx.Response:
        key = self.api_key
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        headers["Content-Type"] = "application/json"
        url, body = f"{self.base_url}/chat/completions", codec.dumps(request)
        async with httpx.AsyncClient(timeout=self.timeout, headers=headers) as client:
            for attempt in range(1, self.attempts + 1):
                last = attempt == self.attempts
                try:
                    response = await client.post(url, content=body)
                except httpx.ConnectError as error:
                    if last:
                        raise ModelError(f"{url} cannot be reached: {error}") from error
                    await asyncio.sleep(0.5 * attempt)
                    continue
                except httpx.HTTPError as error:
                    what = str(error) or type(error).__name__
                    raise ModelError(f"{url} did not answer: {what}") from error
                if response.status_code not in _PASSING or last:
                    break
                await asyncio.sleep(_wait(response, attempt))
        if response.status_code != 200:
            refused = ModelError(
                f"{url} answered {response.status_code} for the model {self.model_name!r} "
                f"(name it as URL#NAME): {response.text[:_SHOWN]}"
            )
            refused.status_code = response.status_code
            raise refused
        return response


def _wait(response: httpx.Response, attempt: int) -> float:
    """Seconds until the next attempt: what the server asks for, within reason."""
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_WAIT) if asked.isdecimal() else 0.5 * attempt


def _result(body: Any, model: str) -> ChatResult:
    choice = body["choices"][0]
    said = choice["message"]
    calls, invalid = [], []
    for raw in said.get("tool_calls") or ():
        try:
            if (call := parse_tool_call(raw, return_id=True)) is not None:
                calls.append(call)
        except OutputParserException as error:
            invalid.append(make_invalid_tool_call(raw, str(error)))
    message = AIMessage(
        said.get("content") or "",
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=_usage(body.get("usage")),
        response_metadata={
            "model_name": body.get("model") or model,
            "finish_reason": choice.get("finish_reason"),
        },
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def _usage(counted: Any) -> UsageMetadata | None:
    """The server's own token counts; None where it gives none."""
    if not isinstance(counted, dict):
        return None
    asked, wrote = counted.get("prompt_tokens") or 0, counted.get("completion_tokens") or 0
    cached = (counted.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return UsageMetadata(
        input_tokens=asked,
        output_tokens=wrote,
        total_tokens=asked + wrote,
        input_token_details={"cache_read": cached},
    )
