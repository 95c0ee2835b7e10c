"""One conversation's environment: the package's tools on a database of its own."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from toolgrove.data.records import JsonObject
from toolgrove.evaluators.tau.package import Domain

__all__ = ["Environment", "TauEnvironment"]


class _Table(dict[str, Any]):
    """Records by id, each copied when it is first asked for; the table below is never written."""

    def __init__(self, below: Mapping[str, Any]) -> None:
        super().__init__(below)
        self.below = below
        self.own: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        if key not in self.own and key in self.below:
            self[key] = copy.deepcopy(self.below[key])
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.own.add(key)
        super().__setitem__(key, value)


class Environment:
    """A domain in its first state, for one conversation.

    A recorded conversation needs only its tools that write: what others answer changes nothing.
    """

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        kind = type(domain.database)
        self._tables = {name: _Table(getattr(domain.database, name)) for name in kind.model_fields}
        self.tools = domain.tools(db=kind.model_construct(**self._tables))

    def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Make a call of a tool that writes; why it was refused, else nothing."""
        try:
            self._make(name, copy.deepcopy(dict(arguments)))
        except Exception as error:  # whatever a tool makes of a model's arguments
            return str(error) or type(error).__name__
        return ""

    def answer(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What a tool of the database answers; it raises as the tool does."""
        told = getattr(self.tools, name)(**copy.deepcopy(dict(arguments)))
        return told if isinstance(told, str) else json.dumps(told, default=str)

    def _make(self, name: str, arguments: dict[str, Any]) -> None:
        getattr(self.tools, name)(**arguments)

    def changes(self) -> JsonObject:
        """The records that are other than in the first state, by table and id.

        Two environments of a domain have the same end state exactly where these are equal.
        """
        found = {}
        for name, table in self._tables.items():
            for key in table.own:
                now = _told(table[key])
                if key not in table.below or now != _told(table.below[key]):
                    found[f"{name}.{key}"] = now
        return found


def _told(record: Any) -> JsonObject:
    """A record as JSON; values of other types, which some tools store, are taken as they are."""
    told: JsonObject = record.model_dump(mode="json", warnings=False)
    return told


class TauEnvironment(Environment):
    """τ²-bench's tools where they are to do as those of τ-bench, of which they are a later version.

    τ-bench stores numbers and objects as they were given, gives each exchanged item its own price
    and options (τ²-bench: all those of the last one), and leaves a reservation's cabin as it was
    when flights are updated.
    """

    def __init__(self, domain: Domain) -> None:
        super().__init__(domain)
        self._kept: list[Any] = []

    def _make(self, name: str, arguments: dict[str, Any]) -> None:
        database = self.tools.db
        given = copy.deepcopy(arguments)
        if name == "update_reservation_flights":
            cabin = database.reservations[given["reservation_id"]].cabin
            super()._make(name, arguments)
            database.reservations[given["reservation_id"]].cabin = cabin
        else:
            super()._make(name, arguments)
        if name == "modify_pending_order_items":
            for new in given["new_item_ids"]:
                for item in database.orders[given["order_id"]].items:
                    if item.item_id == new:
                        variant = database.products[item.product_id].variants[new]
                        item.price, item.options = variant.price, variant.options
        self._kept += _given_otherwise(given)

    def changes(self) -> JsonObject:
        kept = {"arguments as given": self._kept} if self._kept else {}
        return {**super().changes(), **kept}


_FIELDS: Mapping[str, frozenset[str]] = {
    "flights": frozenset({"flight_number", "date", "price", "origin", "destination"}),
    "passengers": frozenset({"first_name", "last_name", "dob"}),
    "payment_methods": frozenset({"payment_id", "amount"}),
}
_WHOLE = ("total_baggages", "nonfree_baggages", "amount")


def _given_otherwise(arguments: Mapping[str, Any]) -> list[Any]:
    """What τ-bench stores as it was given, where τ²-bench's types drop or round it."""
    lists = {name: arguments[name] for name in _FIELDS if isinstance(arguments.get(name), list)}
    items = [(name, item) for name in lists for item in lists[name]]
    more = [
        {k: v for k, v in item.items() if k not in _FIELDS[name]}
        if isinstance(item, dict)
        else item
        for name, item in items
    ]
    objects = (arguments, *(item for _, item in items if isinstance(item, dict)))
    numbers = [source[name] for source in objects for name in _WHOLE if name in source]
    return [x for x in more if x] + [n for n in numbers if type(n) is not int]
