"""A package in the place of ``inspect-evals``: τ²-bench's layout, with domains written for tests.

The classes and their data are ours; nothing of τ²-bench's is in them.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolgrove.evaluators.tau import package

MODELS = """
import toml
from inspect_ai.model import Content
from pydantic import BaseModel
class User(BaseModel):
    credit: float
class Record(BaseModel):
    user: str
    seats: int = 0
    cabin: str = "business"
    items: list = []
class DB(BaseModel):
    users: dict[str, User]
    reservations: dict[str, Record]
    def get_hash(self): return self.model_dump_json()
FlightDB = RetailDB = DB
"""
TOOLS = """
from inspect_ai.tool import ToolError
from inspect_ai.util import StoreModel, store_as
from inspect_evals.tau2.{name}.data_model import DB, Record
class {title}AgentTools(StoreModel):
    db: DB
    def initialize(self): raise AssertionError("no tool")
    def _user(self, user_id):
        if user_id not in self.db.users: raise ToolError(f"User {{user_id}} not found")
        return self.db.users[user_id]
    def get_user_details(self, user_id): return self._user(user_id).model_dump_json()
    def {book}(self, user_id, amount, passengers=()):
        user = self._user(user_id)
        if user.credit < amount: raise ToolError("not enough credit")
        user.credit -= amount
        self.db.reservations["NEW"] = Record(user=user_id, seats=int(amount))
    def send_certificate(self, user_id, amount): self._user(user_id).credit += amount
    def update_reservation_flights(self, reservation_id, cabin):
        self.db.reservations[reservation_id].cabin = cabin
    def {cancel}(self, record_id):
        del self.db.reservations[record_id].items[:]
"""
DESCRIBED = """
from inspect_ai.tool import Tool, tool
from inspect_evals.tau2.{name}.data_model import Record
@tool
def get_user_details() -> Tool:
    async def execute(user_id: str) -> str:
        \"\"\"Get a user.

        Args:
            user_id: As in 'ada_1'.
        \"\"\"
    return execute
@tool
def {book}() -> Tool:
    async def execute(user_id: str, amount: int, passengers: list[Record | dict] = []) -> str:
        \"\"\"Book.\"\"\"
    return execute
@tool
def calculate() -> Tool:
    async def execute(number: int) -> str:
        \"\"\"Double a number.\"\"\"
        return str(2 * number)
    return execute
all_{name}_tools = [get_user_details, {book}, calculate]
"""
NAMES = {
    "airline": ("book_reservation", "cancel_reservation"),
    "retail": ("modify_user_address", "cancel_pending_order"),
}
DATA = {
    "users": {"ada_1": {"credit": 100}, "bob_2": {"credit": 5}},
    "reservations": {"R1": {"user": "ada_1", "items": ["a", "b"]}},
}
EMPTY = {"users": {"eve_3": {"credit": 1}}, "reservations": {}}
BOOK = {"name": "book_reservation", "arguments": {"user_id": "ada_1", "amount": 30}}
TASKS: list[dict[str, Any]] = [
    {
        "id": "0",
        "user_scenario": {
            "persona": None,
            "instructions": {"reason_for_call": "Book for 30.", "known_info": "You are ada_1."},
        },
        "evaluation_criteria": {
            "actions": [{"name": "get_user_details", "arguments": {"user_id": "ada_1"}}, BOOK],
            "communicate_info": ["1628", "Gate B"],
        },
    },
    {
        "id": "1",
        "user_scenario": {"instructions": "Ask for nothing."},
        "evaluation_criteria": {"actions": [], "communicate_info": None},
    },
]


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """Let ``inspect_evals`` be this small package, and nothing else."""
    root = folder / "inspect_evals" / "tau2"
    for name, (book, cancel) in NAMES.items():
        code, data = root / name, root / "data" / "domains" / name
        code.mkdir(parents=True)
        data.mkdir(parents=True)
        title = name.title()
        tools = TOOLS.format(name=name, title=title, book=book, cancel=cancel)
        (code / f"{title}AgentTools.py").write_text(tools, encoding="utf-8")
        (code / "data_model.py").write_text(MODELS, encoding="utf-8")
        described = DESCRIBED.format(name=name, book=book)
        (code / "tools.py").write_text(described, encoding="utf-8")
        (code / "__init__.py").touch()
        users = (
            DATA if name == "airline" else {"users": {"eve_3": {"credit": 1}}, "reservations": {}}
        )
        (data / "db.json.gz").write_bytes(gzip.compress(json.dumps(users).encode()))
        tasks = TASKS if name == "airline" else []
        (data / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
        splits = {"train": ["0"], "test": ["1"], "base": ["0", "1"]}
        (data / "split_tasks.json").write_text(json.dumps(splits), encoding="utf-8")
        (data / "policy.txt").write_text("Be kind.", encoding="utf-8")
    broken = "raise ImportError('inspect-ai and much else is needed')"
    (root / "__init__.py").write_text(broken, encoding="utf-8")
    (root.parent / "__init__.py").touch()
    sys.path.insert(0, str(folder))
    _forget()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        _forget()


def _forget() -> None:
    package.domain.cache_clear()
    package.functions.cache_clear()


def tau(
    *calls: tuple[str, Any, str | None], said: str = "1,628 at gate b", **fields: Any
) -> dict[str, Any]:
    """A conversation as τ-bench records it; a call is its name, arguments and result."""
    traj: list[dict[str, Any]] = [{"role": "system", "content": "policy"}]
    for name, arguments, result in calls:
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        call = {"id": "same", "type": "function", "function": {"name": name, "arguments": text}}
        traj.append({"role": "assistant", "content": None, "tool_calls": [call]})
        if result is not None:
            traj.append({"role": "tool", "tool_call_id": "same", "content": result})
    traj += [{"role": "assistant", "content": said}, {"role": "user", "content": "###STOP###"}]
    task = {
        "user_id": "ada_1",
        "actions": [{"name": BOOK["name"], "kwargs": BOOK["arguments"]}],
        "outputs": ["1628"],
    }
    known = {"task_id": 0, "reward": 1.0, "info": {"task": task}, "traj": traj, "trial": 0}
    return known | fields


def tau2(*calls: dict[str, Any], said: str = "1,628 at gate b", **fields: Any) -> dict[str, Any]:
    """A conversation as τ²-bench records it."""
    messages: list[dict[str, Any]] = [{"role": "assistant", "content": "Hi"}]
    for call in calls:
        made = {"id": "c", "requestor": "assistant", **call}
        messages.append({"role": "assistant", "content": None, "tool_calls": [made]})
    messages.append({"role": "assistant", "content": said})
    known = {"id": "x", "task_id": "0", "trial": 0, "termination_reason": "user_stop"}
    return {**known, "reward_info": {"reward": 1.0}, "messages": messages, **fields}


def tau2_file(path: Path, *simulations: Any, tasks: Any = TASKS, domain: str = "airline") -> Path:
    """A result file of τ²-bench."""
    info = {"num_trials": 1, "environment_info": {"domain_name": domain}}
    content = {"timestamp": "t", "info": info, "tasks": tasks, "simulations": simulations}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
