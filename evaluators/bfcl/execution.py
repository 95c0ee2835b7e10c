"""BFCL's simulated APIs, in fresh instances, and the calls that are made on them.

A call is a model's text. It is read as Python and never run as such: only public methods of the
item's own APIs are called, with literal arguments.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import decimal
import importlib
import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

from toolgrove.errors import UsageError
from toolgrove.evaluators.bfcl.literals import parse_expression
from toolgrove.evaluators.bfcl.package import INSTALL, BfclItem

__all__ = ["Apis"]

_MODULES: Mapping[str, str] = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "TwitterAPI": "posting_api",
    "VehicleControlAPI": "vehicle_control",
}
_SOURCE = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"
_FUNCTION = re.compile(r"\b([a-zA-Z_]\w*)\s*(?=\()")


class Apis:
    """The APIs of one item in their first state, for one side: the model's, or the reference's."""

    def __init__(self, item: BfclItem, side: str) -> None:
        long = "long_context" in item.category
        self.instances = {name: _instance(name, item, long) for name in item.classes}
        self._names = {f"{side}_{name}": api for name, api in self.instances.items()}
        self._owners = {
            method: name
            for name, api in self._names.items()
            for method, _ in inspect.getmembers(api, inspect.ismethod)
            if not method.startswith("_")
        }

    def call(self, text: str) -> str:
        """What comes of a call that is written as Python text; errors are told, not raised."""
        # a surprise: BFCL puts the name of the side before what looks like a call, also in a text
        owned = _FUNCTION.sub(lambda found: self._owned(found[1]), text)
        try:
            with decimal.localcontext(decimal.DefaultContext):  # MathAPI sets its precision
                return _told(self._value(parse_expression(owned)))
        except Exception as error:  # whatever a simulated API makes of a model's arguments
            return f"Error during execution: {error}"

    def state(self, name: str) -> Mapping[str, Any]:
        """The public attributes of an API."""
        return {k: v for k, v in vars(self.instances[name]).items() if not k.startswith("_")}

    def _owned(self, function: str) -> str:
        owner = self._owners.get(function)
        return f"{owner}.{function}" if owner else function

    def _value(self, node: ast.expr | None) -> Any:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)):
                if self._owners.get(method) != owner:
                    raise NameError(f"name {owner!r} is not defined")
                arguments = [self._value(x) for x in node.args]
                named = {k.arg: self._value(k.value) for k in node.keywords if k.arg}
                return getattr(self._names[owner], method)(*arguments, **named)
            case ast.List(elts=elements):
                return [self._value(x) for x in elements]
            case ast.Tuple(elts=elements):
                return tuple(self._value(x) for x in elements)
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return {self._value(k): self._value(v) for k, v in pairs}
            case ast.Constant() | ast.UnaryOp() | ast.Set() | ast.BinOp():
                return ast.literal_eval(node)
            case _:
                raise NameError("no call of an API, and no literal")


def _told(result: Any) -> str:
    if isinstance(result, dict):
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            return json.dumps(result)
    return str(result)


def _instance(name: str, item: BfclItem, long: bool) -> Any:
    try:
        with _mpmath():
            module = importlib.import_module(f"{_SOURCE}.{_MODULES[name]}")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"BFCL's {name} needs the package {error.name}, which is not installed: {INSTALL}"
            if error.name and error.name.startswith("bfcl_eval")
            else f"BFCL's {name} needs the package {error.name}: pip install {error.name}"
        ) from error
    api = getattr(module, name)()
    if hasattr(api, "_load_scenario"):
        config = copy.deepcopy((item.config or {}).get(name, {}))
        api._load_scenario(config, long_context=long)
    return api


class _Logarithms(ModuleType):
    """In mpmath's place: the same logarithm, with as many digits."""

    mp = SimpleNamespace(dps=15)

    @classmethod
    def log(cls, value: float) -> decimal.Decimal:
        return decimal.Decimal(value).ln(decimal.Context(prec=int(cls.mp.dps)))


@contextlib.contextmanager
def _mpmath() -> Iterator[None]:
    """Let ``MathAPI`` load without mpmath, of which it takes the logarithm only."""
    if importlib.util.find_spec("mpmath") is not None or "mpmath" in sys.modules:
        yield
        return
    sys.modules["mpmath"] = _Logarithms("mpmath")
    try:
        yield
    finally:
        del sys.modules["mpmath"]
