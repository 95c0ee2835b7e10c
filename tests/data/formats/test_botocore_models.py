"""AWS operations become specs: small schemas, honest effects, no binding."""

from __future__ import annotations

import sys
from itertools import islice
from typing import Any

import jsonschema_rs
import pytest

from toolgrove.data import codec
from toolgrove.data.formats.botocore_models import DEPTH, load_botocore, parse_service
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import UsageError

TEXT = {"type": "string"}


def model(shapes: dict[str, Any], **operations: Any) -> dict[str, Any]:
    """A service model of this shape; an operation is ``(method, input, more)``."""
    return {
        "metadata": {"serviceFullName": "Amazon Parcel Service"},
        "documentation": "<fullname>APS</fullname><p>Sends parcels.</p><p>Since 1869.</p>",
        "shapes": {"Text": TEXT, **shapes},
        "operations": {
            name: {
                "name": name,
                "http": {"method": method, "requestUri": "/"},
                **({"input": {"shape": given}} if given else {}),
                **more,
            }
            for name, (method, given, more) in operations.items()
        },
    }


def only(data: dict[str, Any]) -> ToolSpec:
    (spec,) = parse_service("parcels", data)
    return spec


def test_an_operation_becomes_a_spec() -> None:
    shapes = {
        "In": {
            "type": "structure",
            "required": ["To"],
            "members": {
                "To": {"shape": "Text", "documentation": "<p>The <b>town</b>.</p><p>No box.</p>"},
                "Class": {"shape": "Class"},
                "Weight": {"shape": "Grams"},
                "Labels": {"shape": "Labels"},
                "Tags": {"shape": "Tags"},
                "When": {"shape": "When"},
                "Image": {"shape": "Image"},
                "Extra": {"shape": "Any"},
                "Sender": {"shape": "Sender"},
            },
        },
        "Class": {"type": "string", "enum": ["first", "second"]},
        "Grams": {"type": "long"},
        "Labels": {"type": "list", "member": {"shape": "Text"}},
        "Tags": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Grams"}},
        "When": {"type": "timestamp"},
        "Image": {"type": "blob"},
        "Any": {"type": "structure", "document": True, "members": {}},
        "Sender": {"type": "structure", "union": True, "members": {"Name": {"shape": "Text"}}},
    }
    more = {"documentation": "<p>Sends a parcel.</p> <note><p>Not on Sundays.</p></note>"}
    spec = only(model(shapes, SendParcel=("POST", "In", more)))
    assert spec == ToolSpec(
        id="AWS/parcels/SendParcel",
        category="AWS",
        tool="Amazon Parcel Service",
        name="SendParcel",
        description="Sends a parcel.",
        parameters={
            "type": "object",
            "properties": {
                "To": {"type": "string", "description": "The town."},
                "Class": {"type": "string", "enum": ["first", "second"]},
                "Weight": {"type": "integer"},
                "Labels": {"type": "array", "items": TEXT},
                "Tags": {"type": "object", "additionalProperties": {"type": "integer"}},
                "When": {"type": "string", "format": "date-time"},
                "Image": {"type": "string", "contentEncoding": "base64"},
                "Extra": {},
                "Sender": {
                    "type": "object",
                    "properties": {"Name": TEXT},
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            },
            "required": ["To"],
        },
        effect=Effect.WRITE,
        source="botocore",
        tool_description="APS",
    )


@pytest.mark.parametrize(
    ("name", "method", "more", "effect"),
    [
        ("DescribeParcels", "POST", {}, Effect.READ),
        ("BatchGetParcel", "POST", {}, Effect.READ),
        ("Getaway", "POST", {}, Effect.WRITE),
        ("TrackParcel", "GET", {}, Effect.READ),
        ("TrackParcel", "POST", {"readonly": True}, Effect.READ),
        ("TrackParcel", "POST", {}, Effect.WRITE),
        ("ListenToParcel", "PUT", {}, Effect.WRITE),
    ],
)
def test_what_is_not_said_to_read_counts_as_a_write(
    name: str, method: str, more: dict[str, Any], effect: Effect
) -> None:
    assert only(model({}, **{name: (method, None, more)})).effect is effect


def levels(schema: Any) -> int:
    """How many objects with properties stand in each other."""
    if not isinstance(schema, dict):
        return 0
    below = max(map(levels, schema.values()), default=0)
    return below + isinstance(schema.get("properties"), dict)


def test_shapes_that_hold_themselves_end() -> None:
    shapes = {
        "Box": {"type": "structure", "members": {"In": {"shape": "Box"}, "All": {"shape": "List"}}},
        "List": {"type": "list", "member": {"shape": "List"}},
    }
    spec = only(model(shapes, Pack=("POST", "Box", {})))
    assert spec.parameters["properties"] == {
        "In": {"type": "object"},
        "All": {"type": "array", "items": {"type": "array"}},
    }


def test_depth_and_width_are_bounded() -> None:
    shapes: dict[str, Any] = {
        f"L{n}": {"type": "structure", "members": {"Down": {"shape": f"L{n + 1}"}}}
        for n in range(10)
    }
    shapes["L10"] = TEXT
    shapes["Wide"] = {
        "type": "structure",
        "members": {f"M{n}": {"shape": "Text"} for n in range(101)},
    }
    shapes["Many"] = {"type": "string", "enum": [f"v{n}" for n in range(101)]}
    shapes["L0"]["members"] |= {"Wide": {"shape": "Wide"}, "Many": {"shape": "Many"}}
    spec = only(model(shapes, Dig=("POST", "L0", {})))
    assert levels(spec.parameters) == DEPTH
    assert spec.parameters["properties"]["Wide"] == {"type": "object"}
    assert spec.parameters["properties"]["Many"] == TEXT
    wide = only(model(shapes, Spread=("POST", "Wide", {})))
    assert len(wide.parameters["properties"]) == 101, "no argument of the call itself is lost"


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.loaders", None)
    with pytest.raises(UsageError, match="pip install botocore"):
        next(load_botocore())


def test_the_real_models_stream() -> None:
    pytest.importorskip("botocore")
    specs = list(islice(load_botocore(), 2000))
    assert len({spec.id for spec in specs}) == 2000
    assert {spec.effect for spec in specs} == set(Effect)
    for spec in specs:
        jsonschema_rs.Draft202012Validator(spec.parameters)
        assert spec.id.isascii()
        assert spec.id.isprintable()
        assert levels(spec.parameters) <= DEPTH
    sizes = sorted(len(codec.dumps(spec)) for spec in specs)
    assert sizes[len(sizes) // 2] < 2_000
