"""The arguments of a call in the forms in which models and their servers give them."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["given_arguments"]

_ENCODED = 3  # a text of a text of an object, at the most


def given_arguments(given: Any) -> dict[str, Any]:
    r"""The object that is meant: as it is, as its JSON text, or as the text of that.

    Parameters
    ----------
    given : Any
        What stands where OpenAI has the JSON text of an object; nothing stands for no arguments.

    Raises
    ------
    ValueError
        Where no object is meant; it says what is there.

    Examples
    --------
    >>> given_arguments({"a": 1}), given_arguments('"{\\"a\\": 1}"'), given_arguments("")
    ({'a': 1}, {'a': 1}, {})
    >>> given_arguments("[1]")
    Traceback (most recent call last):
    ...
    ValueError: the arguments are an array, not an object
    """
    value = given
    for _ in range(_ENCODED):
        if value is None or (isinstance(value, str) and not value.strip()):
            return {}
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value, strict=False, parse_constant=_refused)
        except RecursionError:
            raise ValueError("the arguments are nested too deep") from None
    if isinstance(value, dict):
        return value
    kind = "an array" if isinstance(value, list) else f"a {type(value).__name__}"
    raise ValueError(f"the arguments are {kind}, not an object")


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
