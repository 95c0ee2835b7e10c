"""``openai-compatible:URL``: any server with OpenAI's chat completions, over httpx.

llama.cpp, vLLM, Ollama, LM Studio and many hosted services speak it. Only what Toolgrove needs is
here: messages, tools, usage.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    InvalidToolCall,
    ToolCall,
    convert_to_openai_messages,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, SecretStr, field_validator, model_validator

from toolgrove.agent.models.openai_stream import StreamedReply, whole_reply
from toolgrove.data import codec
from toolgrove.data.passing import may_pass, wait_after, wait_for
from toolgrove.data.secret_forms import own_keys, scrubbed, without_passwords
from toolgrove.errors import ModelError, UsageError
from toolgrove.machine.client import client_options
from toolgrove.planners.arguments import given_arguments

__all__ = ["OpenAICompatibleChatModel"]

_SHOWN = 300
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def _key() -> SecretStr | None:
    key = os.environ.get("TOOLGROVE_API_KEY")
    return SecretStr(key) if key else None


class OpenAICompatibleChatModel(BaseChatModel):
    """A chat model behind a server that speaks OpenAI's chat completions.

    Parameters
    ----------
    base_url : str
        What comes before ``/chat/completions``; ``/v1`` where the URL has no path. A user and a
        password in it are sent to this server, and kept nowhere: they become ``basic``.
    model_name : str
        The name the server knows the model by; servers with one model ignore it.
    api_key : SecretStr or None
        Sent as a bearer token to this URL and nowhere else; the environment's
        ``TOOLGROVE_API_KEY`` by default.
    basic : SecretStr or None
        ``user:password``, sent where there is no ``api_key``.
    temperature : float or None
        0 by default; None leaves it to the server.
    top_p : float or None
    seed : int or None
        Likewise; None by default.
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
    basic: SecretStr | None = None
    temperature: float | None = 0.0
    top_p: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    timeout: float = 120.0
    attempts: int = Field(default=3, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _without_password(cls, given: Any) -> Any:
        url = given.get("base_url") if isinstance(given, dict) else None
        if not isinstance(url, str) or (plain := without_passwords(url)) == url:
            return given
        said = url.partition("://")[2][: -len(plain.partition("://")[2])].removesuffix("@")
        return {"basic": SecretStr(unquote(said)), **given, "base_url": plain}

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
        response = await self._post(self._request(messages, stop, kwargs))
        text = self._scrubbed(response.text)
        try:
            return _result(codec.loads(text), self.model_name)
        except _UNREADABLE as error:
            raise ModelError(
                f"{self.base_url} answered with no chat completion "
                f"({type(error).__name__}: {error}): {text[:_SHOWN]}"
            ) from error

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        request = self._request(messages, stop, kwargs)
        request |= {"stream": True, "stream_options": {"include_usage": True}}
        pieces = StreamedReply(self.model_name, own_keys(os.environ, self))
        heard = False
        try:
            async with aclosing(self._lines(request)) as lines:
                async for line in lines:
                    for chunk in pieces.add(line):
                        heard = True
                        yield chunk
            if not pieces.ended:
                raise ValueError("the stream broke off")
        except (*_UNREADABLE, httpx.HTTPError) as error:
            if heard:
                raise ModelError(f"{self.base_url} broke off its reply: {error}") from error
            # a server that cannot stream, or has trouble that may pass, is asked as ever
            yield whole_reply(await self._agenerate(messages, stop, **kwargs))
            return
        for chunk in pieces.end(_usage(pieces.usage)):
            yield chunk

    async def _lines(self, request: dict[str, Any]) -> AsyncGenerator[str, None]:
        """The lines of a reply that the server streams.

        Raises
        ------
        ValueError
            Where it does not stream.
        """
        url = f"{self.base_url}/chat/completions"
        how: dict[str, Any] = {"headers": self._headers(), "timeout": self.timeout}
        async with (
            httpx.AsyncClient(**how, **client_options(url)) as client,
            client.stream("POST", url, content=codec.dumps(request)) as response,
        ):
            kind = response.headers.get("content-type", "")
            if response.status_code != 200 or not kind.startswith("text/event-stream"):
                raise ValueError(f"{url} does not stream")
            async for line in response.aiter_lines():
                yield line

    def _headers(self) -> dict[str, str]:
        return {**self._authorization(), "Content-Type": "application/json"}

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        request = {
            "model": self.model_name,
            "messages": convert_to_openai_messages(messages),
            "temperature": self.temperature,
            "top_p": self.top_p,
            "seed": self.seed,
            "max_tokens": self.max_tokens,
            "stop": stop,
            **more,
        }
        return {k: v for k, v in request.items() if v is not None}

    async def _post(self, request: dict[str, Any]) -> httpx.Response:
        headers = self._headers()
        url, body = f"{self.base_url}/chat/completions", codec.dumps(request)
        options = client_options(url)
        async with httpx.AsyncClient(timeout=self.timeout, headers=headers, **options) as client:
            for made in range(1, self.attempts + 1):
                wait: float | None
                try:
                    response = await client.post(url, content=body)
                except httpx.HTTPError as error:
                    wait = wait_after(error, made)
                    if wait is None or made == self.attempts:
                        raise _unanswered(url, error) from error
                else:
                    if response.status_code == 200:
                        return response
                    wait = wait_for(response.headers, made)
                    if not may_pass(response.status_code) or wait is None or made == self.attempts:
                        break
                await asyncio.sleep(wait)
        refused = ModelError(
            f"{url} answered {response.status_code} for the model {self.model_name!r} "
            f"(name it as URL#NAME): {self._scrubbed(response.text)[:_SHOWN]}"
            f"{self._unsaid(response)}"
        )
        refused.status_code = response.status_code
        raise refused

    def _authorization(self) -> dict[str, str]:
        if self.api_key is not None:
            return {"Authorization": f"Bearer {self.api_key.get_secret_value()}"}
        if self.basic is not None:
            coded = base64.b64encode(self.basic.get_secret_value().encode()).decode()
            return {"Authorization": f"Basic {coded}"}
        return {}

    def _scrubbed(self, text: str) -> str:
        """What a server says, without the keys that it may say back (promise 13)."""
        return scrubbed(text, own_keys(os.environ, self))

    def _unsaid(self, response: httpx.Response) -> str:
        """The mend where a key was wanted, and none or another one was there."""
        if response.status_code not in (401, 403) or self.basic is not None:
            return ""
        if self.api_key is not None:
            return ". It was sent the key that TOOLGROVE_API_KEY gives, or api_key=."
        return ". It may want a key, which TOOLGROVE_API_KEY gives."


def _unanswered(url: str, error: httpx.HTTPError) -> ModelError:
    if isinstance(error, httpx.ConnectError):
        return ModelError(f"{url} cannot be reached: {error}")
    return ModelError(f"{url} did not answer: {error or type(error).__name__}")


def _result(body: Any, model: str) -> ChatResult:
    choice = body["choices"][0]
    said = choice["message"]
    calls, invalid = _calls(said.get("tool_calls"))
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


def _calls(given: Any) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """The calls of a reply, and those that the model is told of because nobody could read them."""
    calls, invalid = [], []
    for raw in [given] if isinstance(given, dict) else given or ():
        function = raw.get("function") if isinstance(raw, dict) else None
        if not isinstance(function, dict):
            continue
        name, arguments = str(function.get("name") or ""), function.get("arguments")
        named = None if raw.get("id") is None else str(raw["id"])
        try:
            calls.append(tool_call(name=name, args=given_arguments(arguments), id=named))
        except ValueError as error:
            text = arguments if isinstance(arguments, str) else codec.dumps(arguments).decode()
            invalid.append(
                invalid_tool_call(name=name, args=text, id=named, error=f"{name}: {error}")
            )
    return calls, invalid


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
