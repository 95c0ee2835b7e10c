"""What a chat model says of how it samples, so that results of another way are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from toolgrove.data.secret_forms import without_passwords
from toolgrove.planners.cascade import Cascade

__all__ = ["sampling_of", "samplings"]

_NAMES = (
    *("temperature", "top_p", "top_k", "min_p", "typical_p", "n", "seed", "stop", "stop_sequences"),
    *("max_tokens", "max_completion_tokens", "max_output_tokens", "reasoning", "reasoning_effort"),
    *("frequency_penalty", "presence_penalty", "repeat_penalty", "logit_bias", "thinking"),
    *("model_kwargs", "extra_body", "base_url", "openai_api_base", "azure_endpoint", "path"),
)
"""Fields of LangChain's chat models that decide what they answer."""


def sampling_of(model: object) -> dict[str, Any]:
    """The settings of a chat model that decide what it answers, as JSON.

    Passwords in addresses are left out. Of a bound model (``model.bind(temperature=0.5)``) what is
    bound counts, too, and of one that records or tries again the model inside.

    Parameters
    ----------
    model : BaseChatModel or Runnable

    Examples
    --------
    >>> from langchain_core.language_models import FakeListChatModel
    >>> sampling_of(FakeListChatModel(responses=["a"]).bind(temperature=0.5))
    {'temperature': 0.5}
    """
    inner = getattr(model, "inner", None)
    if inner is not None:  # one that records another
        return sampling_of(inner)
    inner = getattr(model, "bound", None) or getattr(model, "runnable", None)
    found = {} if inner is None else sampling_of(inner)
    kind: Any = type(model)  # mypy does not take a type for the Hashable that cache wants
    given = {name: getattr(model, name, None) for name in _settable(kind)}
    given |= getattr(model, "kwargs", None) or {}
    return {**found, **{name: _plain(given[name]) for name in given if given[name] is not None}}


def samplings(models: object) -> list[dict[str, Any]]:
    """How each of the models that a run asks samples: one, or the two of a cascade."""
    both = [models.fast, models.strong] if isinstance(models, Cascade) else [models]
    return [sampling_of(model) for model in both]


@cache
def _settable(kind: Any) -> tuple[str, ...]:
    """Those of the names that a model of a class may have: asking for others takes a while."""
    from langchain_core.language_models import BaseChatModel

    fields = getattr(kind, "model_fields", None)
    own = getattr(kind, "__getattr__", None) is getattr(BaseChatModel, "__getattr__", None)
    if fields is None or not own or kind.model_config.get("extra") == "allow":
        return _NAMES
    return tuple(name for name in _NAMES if name in fields or hasattr(kind, name))


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return without_passwords(str(value))
