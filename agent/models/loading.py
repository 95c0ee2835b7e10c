"""How a chat model is named on the command line and in a run's settings, and loaded."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.errors import ModelError, UsageError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["FORMS", "load_model"]

FORMS = """\
  local                        Qwen2.5-Coder-1.5B-Instruct, inside this process
  local:FILE.gguf              another model that llama.cpp can run
  openai-compatible:URL#NAME   a server with OpenAI's chat completions, http://127.0.0.1:8080/v1
  PROVIDER:NAME                any model of LangChain's init_chat_model, openai:gpt-5
  record:FILE:MODEL            any of these, its replies kept in FILE
  replay:FILE                  replies kept in FILE, for the very same questions
  scripted:FILE                replies somebody wrote, for tests"""
"""The names that :func:`load_model` takes."""


def load_model(name: str, **options: Any) -> BaseChatModel:
    """Load the chat model that a name stands for.

    Parameters
    ----------
    name : str
        One of :data:`FORMS`.
    **options
        Handed to the model's class, for instance ``threads=2`` for ``local``.

    Raises
    ------
    UsageError
        For a name of no known form.
    ModelError
        Where a package or a file is missing; it says which, and what to do.

    Examples
    --------
    >>> load_model("local").model_name
    'qwen2.5-coder-1.5b-instruct-q4_k_m'
    >>> load_model("gpt")
    Traceback (most recent call last):
    ...
    toolgrove.errors.UsageError: no model is called 'gpt'. A model is named
      local ...
    """
    kind, _, rest = name.partition(":")
    if kind == "local":
        from toolgrove.agent.models.local import LocalChatModel

        return LocalChatModel(path=Path(rest).expanduser() if rest else None, **options)
    if not rest:
        raise UsageError(f"no model is called {name!r}. A model is named\n{FORMS}")
    if kind == "replay":
        from toolgrove.agent.models.replay import ReplayChatModel

        file, _, model = rest.partition("#")
        return ReplayChatModel(path=Path(file), model=model, **options)
    if kind == "record":
        from toolgrove.agent.models.replay import RecordingChatModel

        recording, _, inner = rest.partition(":")
        return RecordingChatModel(path=Path(recording), inner=load_model(inner, **options))
    if kind == "scripted":
        from toolgrove.agent.models.scripted import ScriptedModel

        return ScriptedModel.from_file(rest, **options)
    if kind == "openai-compatible":
        from toolgrove.agent.models.openai_compatible import OpenAICompatibleChatModel

        url, _, served = rest.partition("#")
        return OpenAICompatibleChatModel(base_url=url, model_name=served or "default", **options)
    return _provider(name, options)


def _provider(name: str, options: dict[str, Any]) -> BaseChatModel:
    if importlib.util.find_spec("langchain") is None:
        raise ModelError(
            f"{name} is loaded through LangChain's init_chat_model, which is not installed. "
            "Install it with the provider's package, for instance: pip install langchain "
            "langchain-openai. Without it there are\n" + FORMS
        )
    try:
        init_chat_model = importlib.import_module("langchain.chat_models").init_chat_model
        model: BaseChatModel = init_chat_model(name, **options)
    except Exception as error:  # a provider's class raises what it likes, most of all for keys
        raise ModelError(f"{name} could not be loaded: {error}") from error
    return model
