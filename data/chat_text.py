"""Ask a chat model for a text: one that judges, simulates, splits or orders, and calls no tools."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from toolgrove.data.passing import asked_again
from toolgrove.data.secret_forms import own_keys, scrubbed, without_passwords
from toolgrove.errors import ModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, LanguageModelInput
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import Runnable

__all__ = ["ask_reply", "ask_text", "ask_text_now", "ask_until_read", "model_name"]

T = TypeVar("T")


def model_name(model: object) -> str:
    """What a chat model, or what stands for one, calls itself.

    What is in a wrapper (``with_retry``, ``with_fallbacks``, ``bind``) is named, not the wrapper.
    """
    inner: object | None = model
    while inner is not None:
        for attribute in ("model_name", "model"):
            name = getattr(inner, attribute, None)
            if isinstance(name, str) and name:
                return name
        model, inner = inner, getattr(inner, "bound", None) or getattr(inner, "runnable", None)
    return type(model).__name__


async def ask_text(
    model: BaseChatModel, messages: Sequence[BaseMessage], seconds: float | None = None
) -> str:
    """The text that a model replies.

    Raises
    ------
    ModelError
        Where it did not answer, whatever its provider raised; also in ``seconds``.
    """
    return str((await ask_reply(model, messages, seconds)).text)


async def ask_reply(
    model: Runnable[LanguageModelInput, AIMessage],
    messages: Sequence[BaseMessage],
    seconds: float | None = None,
) -> AIMessage:
    """The message that a model, or one that tools are bound to, replies.

    Raises
    ------
    ModelError
        As :func:`ask_text` does.
    """
    try:
        async with asyncio.timeout(seconds):
            return await asked_again(lambda: model.ainvoke([*messages]))
    except ModelError:
        raise
    except Exception as error:  # a provider's own errors have no common base
        raise _silent(model, error) from error


def ask_text_now(model: BaseChatModel, prompt: str) -> str:
    """The text that a model replies to one prompt, from code that is not async.

    Raises
    ------
    ModelError
        As :func:`ask_text` does.
    """
    try:
        return str(model.invoke(prompt).text)
    except ModelError:
        raise
    except Exception as error:
        raise _silent(model, error) from error


def _silent(model: object, error: Exception) -> ModelError:
    text = f"{model_name(model)} did not answer: {str(error) or type(error).__name__}"
    return ModelError(without_passwords(scrubbed(text, own_keys(os.environ, model))))


async def ask_until_read(
    model: BaseChatModel,
    system: str,
    question: str,
    read: Callable[[str], T],
    again: Callable[[str], str],
    *,
    attempts: int,
    seconds: float | None = None,
) -> T:
    """Ask a question until a reply can be read.

    Parameters
    ----------
    model : BaseChatModel
        Any LangChain chat model; it needs no tools.
    system, question : str
        What it is told and asked.
    read : callable
        What a reply says; raises ``ValueError`` with the problem where it cannot be read.
    again : callable
        What the model is told of a problem, under its reply.
    attempts : int
        How many replies are asked for at most.
    seconds : float, optional
        How long one reply may take.

    Raises
    ------
    ValueError
        The last reply's problem, where none could be read.
    ModelError
        Where the model did not answer at all.
    """
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    messages: list[BaseMessage] = [SystemMessage(system), HumanMessage(question)]
    for left in reversed(range(attempts)):
        reply = await ask_text(model, messages, seconds)
        try:
            return read(reply)
        except ValueError as error:
            if not left:
                raise
            problem = str(error)
        messages = [*messages, AIMessage(reply), HumanMessage(again(problem))]
    raise ValueError("the model was not asked")
