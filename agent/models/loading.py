"""How a chat model is named on the command line and in a run's settings, and loaded."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from toolgrove.errors import ModelError, UsageError
from toolgrove.plugins import Plugins

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["FORMS", "MODELS", "ModelFactory", "load_model", "loaded"]

FORMS = """\
  local                        Qwen2.5-Coder-1.5B-Instruct, inside this process
  local:FILE.gguf              another model that llama.cpp can run
  local:DIR                    what `toolgrove train policy` wrote to DIR, with the model it is of
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
        One of :data:`FORMS`, or ``NAME:…`` where an installed package has that name among its
        entry points ``toolgrove.models`` (:class:`ModelFactory`).
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
    if kind in MODELS and (rest or kind not in _REST):
        return MODELS[kind](rest, **options)
    if not rest:
        raise UsageError(f"no model is called {name!r}. A model is named\n{_forms()}")
    return _provider(name, options)


def loaded(model: str | BaseChatModel, **options: Any) -> BaseChatModel:
    """A chat model as it is, or the one that a name stands for (:func:`load_model`)."""
    return load_model(model, **options) if isinstance(model, str) else model


class ModelFactory(Protocol):
    """Makes a chat model from what follows its name and a colon, ``""`` where nothing does."""

    def __call__(self, rest: str, /, **options: Any) -> BaseChatModel: ...


def _check(model: type[BaseChatModel], options: Mapping[str, Any]) -> None:
    """Refuse an option that the model would pass over without a word."""
    unknown = sorted(options.keys() - model.model_fields.keys())
    if unknown:
        names = ", ".join(unknown)
        raise UsageError(f"this model takes no {names} ({model.__name__}): leave it out.")


def _local(rest: str, /, **options: Any) -> BaseChatModel:
    from toolgrove.agent.models.local import LocalChatModel

    _check(LocalChatModel, options)
    given = Path(rest).expanduser() if rest else None
    trained = given is not None and given.is_dir()
    return LocalChatModel(**{"adapter" if trained else "path": given, **options})


def _compatible(rest: str, /, **options: Any) -> BaseChatModel:
    from toolgrove.agent.models.openai_compatible import OpenAICompatibleChatModel

    url, _, served = rest.partition("#")
    _check(OpenAICompatibleChatModel, options)
    return OpenAICompatibleChatModel(base_url=url, model_name=served or "default", **options)


def _record(rest: str, /, **options: Any) -> BaseChatModel:
    from toolgrove.agent.models.replay import RecordingChatModel

    recording, _, inner = rest.partition(":")
    return RecordingChatModel(path=Path(recording), inner=load_model(inner, **options))


def _replay(rest: str, /, **options: Any) -> BaseChatModel:
    from toolgrove.agent.models.replay import ReplayChatModel

    file, _, model = rest.partition("#")
    _check(ReplayChatModel, options)
    return ReplayChatModel(path=Path(file), model=model, **options)


def _scripted(rest: str, /, **options: Any) -> BaseChatModel:
    from toolgrove.agent.models.scripted import ScriptedModel

    _check(ScriptedModel, options)
    return ScriptedModel.from_file(rest, **options)


_REST: Mapping[str, ModelFactory] = {
    "openai-compatible": _compatible,
    "record": _record,
    "replay": _replay,
    "scripted": _scripted,
}
"""Names that something has to follow."""

MODELS: Plugins[ModelFactory] = Plugins(
    "models",
    {"local": _local, **_REST},
    lambda name, factory: "" if callable(factory) else "a model's name stands for a callable",
)
"""What makes a chat model, by what stands before the first colon of its name."""


def _forms() -> str:
    added = sorted(MODELS.plugins())
    return "\n".join([FORMS, *(f"  {name}:…   of an installed package" for name in added)])


def _key_of(name: str, error: Exception) -> str:
    """Where a provider's key comes from, if that is what is missing and is not said."""
    said = str(error)
    if "_API_KEY" in said or not re.search(
        r"\bkey\b|api_key|credential|token", said, re.IGNORECASE
    ):
        return ""
    variable = re.sub(r"\W", "_", name.partition(":")[0]).upper()
    return f". A provider's key comes from its own variable, as a rule {variable}_API_KEY."


def _provider(name: str, options: dict[str, Any]) -> BaseChatModel:
    if importlib.util.find_spec("langchain") is None:
        raise ModelError(
            f"{name} is loaded through LangChain's init_chat_model, which is not installed. "
            "Install it with the provider's package, for instance: pip install langchain "
            "langchain-openai. Without it there are\n" + _forms()
        )
    try:
        init_chat_model = importlib.import_module("langchain.chat_models").init_chat_model
        model: BaseChatModel = init_chat_model(name, **options)
    except Exception as error:  # a provider's class raises what it likes, most of all for keys
        raise ModelError(f"{name} could not be loaded: {error}{_key_of(name, error)}") from error
    return model
