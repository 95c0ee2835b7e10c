"""What a chat model is called, also inside wrappers of LangChain's."""

from __future__ import annotations

__all__ = ["model_name"]


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
