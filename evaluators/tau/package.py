"""τ²-bench as the package ``inspect-evals`` carries it: databases, tasks, and the tools' code.

Everything is read where it is installed, at run time. The tools' modules are loaded apart from the
rest of the package, which needs inspect-ai and imports every benchmark's vendors.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from toolgrove.data.records import JsonObject
from toolgrove.errors import UsageError

__all__ = ["DOMAINS", "INSTALL", "Domain", "domain", "domain_of_user", "functions"]

INSTALL = "pip install --no-deps inspect-evals"

DOMAINS: Mapping[str, frozenset[str]] = {
    "airline": frozenset(
        {
            "book_reservation",
            "cancel_reservation",
            "send_certificate",
            "update_reservation_baggages",
            "update_reservation_flights",
            "update_reservation_passengers",
        }
    ),
    "retail": frozenset(
        {
            "cancel_pending_order",
            "exchange_delivered_order_items",
            "modify_pending_order_address",
            "modify_pending_order_items",
            "modify_pending_order_payment",
            "modify_user_address",
            "return_delivered_order_items",
        }
    ),
}
"""The domains that are judged here, each with its tools that write."""

_READING = frozenset({"calculate", "think", "transfer_to_human_agents"})
_DATABASES = {"airline": "FlightDB", "retail": "RetailDB"}
_STAND_INS = ("inspect_ai", "inspect_evals", "toml")


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """One domain, in its first state.

    Parameters
    ----------
    name : str
        ``airline`` or ``retail``.
    tools : type
        The package's class whose methods are the tools.
    database : pydantic model
        Its tables, each a mapping of records by id. Nobody writes in it.
    tasks : mapping
        Its tasks by id, as the package has them.
    policy : str
        What the agent is told.
    splits : mapping
        For each split the ids of its tasks.
    reading : frozenset of str
        The tools that leave everything as it is.
    digest : str
        Of the database and of the tools' source.
    """

    name: str
    tools: type[Any]
    database: Any
    tasks: Mapping[str, JsonObject]
    policy: str
    splits: Mapping[str, frozenset[str]]
    reading: frozenset[str]
    digest: str

    @property
    def writing(self) -> frozenset[str]:
        """The tools that change the database."""
        return DOMAINS[self.name]


@cache
def domain(name: str, folder: Path | None = None) -> Domain:
    """A domain, read once.

    Parameters
    ----------
    name : str
        One of :data:`DOMAINS`.
    folder : Path or None
        A folder with the databases and tasks to use, such as ``data/tau2`` in a clone of τ²-bench;
        by default the installed package's. The tools' code is always the package's.

    Raises
    ------
    UsageError
        Where the package is not installed, or has no such domain where it is looked for.
    """
    if name not in DOMAINS:
        raise UsageError(f"no domain {name!r} of τ²-bench here; there are {', '.join(DOMAINS)}.")
    package = _package()
    data = (folder or package / "data") / "domains" / name
    source = package / name / f"{name.title()}AgentTools.py"
    stored, told, policy = _one(data, "db.json"), _one(data, "tasks.json"), _one(data, "policy")
    if stored is None or told is None or policy is None or not source.is_file():
        raise UsageError(f"{data} holds no database, tasks and policy of τ²-bench's {name} domain.")
    tools, kind = _classes(name)
    raw = _read(stored)
    split = _one(data, "split_tasks.json")
    splits = {} if split is None else json.loads(_read(split))
    known = {key for key in vars(tools) if callable(vars(tools)[key]) and not key.startswith("_")}
    return Domain(
        name=name,
        tools=tools,
        database=kind.model_validate(json.loads(raw)),
        tasks={str(task["id"]): task for task in json.loads(_read(told))},
        policy=_read(policy).decode(),
        splits={name: frozenset(map(str, ids)) for name, ids in splits.items()},
        reading=frozenset((known | _READING) - DOMAINS[name] - {"initialize"}),
        digest=hashlib.sha256(raw + source.read_bytes()).hexdigest(),
    )


@cache
def functions(name: str) -> Mapping[str, Callable[..., Any]]:
    """What describes the tools that a domain's agent is offered, by their names.

    Their signatures and docstrings say what a call takes. Those that are no methods of the domain's
    class, such as ``calculate``, need nothing of the database and can be called.

    Raises
    ------
    UsageError
        Where the package is not installed.
    """
    with _apart():
        module = importlib.import_module(f"inspect_evals.tau2.{name}.tools")
        return {make.__name__: make() for make in getattr(module, f"all_{name}_tools")}


def domain_of_user(user: str, folder: Path | None = None) -> str | None:
    """The domain in whose database a user is; no user is in two."""
    for name in DOMAINS:
        if user in getattr(domain(name, folder).database, "users", ()):
            return name
    return None


def _package() -> Path:
    spec = importlib.util.find_spec("inspect_evals")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / "tau2").is_dir():
            return Path(place) / "tau2"
    raise UsageError(
        "τ²-bench's databases and tools are read from the package inspect-evals, which is not "
        f"installed: {INSTALL}"
    )


def _one(folder: Path, name: str) -> Path | None:
    return next(iter(sorted(folder.glob(f"{name}*"))), None)


def _read(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def _classes(name: str) -> tuple[type[Any], type[BaseModel]]:
    root = f"inspect_evals.tau2.{name}"
    with _apart():
        tools = importlib.import_module(f"{root}.{name.title()}AgentTools")
        model = importlib.import_module(f"{root}.data_model")
    return getattr(tools, f"{name.title()}AgentTools"), getattr(model, _DATABASES[name])


class _ToolError(Exception):
    """In the place of inspect-ai's: what a tool refuses."""


class _Store(BaseModel):
    """In the place of inspect-ai's: fields of one instance, which nothing else sees."""


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Load modules of the package without its ``__init__`` and without inspect-ai.

    What was imported under these names before is put back, and what is loaded here stays with us.
    """
    package = _package()
    before = {name: module for name, module in sys.modules.items() if _ours(name)}
    for name in before:
        del sys.modules[name]
    stand_ins: dict[str, Mapping[str, Any]] = {
        "inspect_ai": {},
        "inspect_ai.tool": {"ToolError": _ToolError, "Tool": Any, "tool": lambda make: make},
        "inspect_ai.util": {"StoreModel": _Store, "store_as": None},
        "inspect_ai.model": {"Content": Any, "ContentText": Any},
        "toml": {},
        "inspect_evals": {"__path__": [str(package.parent)]},
        "inspect_evals.tau2": {"__path__": [str(package)]},
    }
    for name, attributes in stand_ins.items():
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(attributes)
    try:
        yield
    finally:
        for name in [name for name in sys.modules if _ours(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _ours(name: str) -> bool:
    return name.partition(".")[0] in _STAND_INS
