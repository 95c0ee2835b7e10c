"""Requests that need a chain of calls, on REST catalogues that others wrote: are its tools found?

    pip install google-api-python-client
    .ci/specs SPECS && TOOLGROVE_SPECS=SPECS python benchmarks/chains.py

``chains.jsonl`` has 144 requests, each with the tools that it needs, in their order; they were
written from the catalogues alone, before any was searched. The catalogues are Google's discovery
documents, which come with google-api-python-client, and the issues, pull requests, teams, gists
and workflows of GitHub's OpenAPI document, where ``$TOOLGROVE_SPECS`` has it. Prints the recall at
5 and 10 with the suppliers that the graph of identifiers takes in, and without, for requests that
need several tools and for those that need one. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any
from unittest.mock import patch

from retrieval_collections import KeptVectors

from toolgrove.agent.catalog import Catalog
from toolgrove.data.formats.google_discovery import parse_discovery
from toolgrove.data.formats.sources import SPECS, load_sources
from toolgrove.data.records import ToolSpec
from toolgrove.retriever import chains
from toolgrove.retriever.metrics import recall

__all__: list[str] = []

REQUESTS = Path(__file__).with_suffix(".jsonl")
GOOGLE = {
    "classroom": ("classroom.v1",),
    "workspace": ("calendar.v3", "tasks.v1", "people.v1", "drive.v3"),
    "media": ("books.v1", "blogger.v3", "youtube.v3"),
    "tag manager": ("tagmanager.v2",),
    "mail and chat": ("gmail.v1", "chat.v1"),
}
GITHUB = frozenset(
    ("issues", "pulls", "teams", "gists", "activity", "search", "projects", "users", "actions")
)
CUTS = (5, 10)


def tools(name: str) -> dict[str, ToolSpec]:
    """A catalogue's tools by the names that the requests have for them; none where it is absent."""
    if name == "github":
        return dict(_github())
    package = find_spec("googleapiclient")
    if package is None or package.origin is None:
        return {}
    found: dict[str, ToolSpec] = {}
    for part in GOOGLE[name]:
        documents = Path(package.origin).parent / "discovery_cache" / "documents"
        document = json.loads((documents / f"{part}.json").read_bytes())
        found |= {f"{document['name']}/{spec.name}": spec for spec in parse_discovery(document)}
    return found


def _github() -> Iterator[tuple[str, ToolSpec]]:
    path = Path(os.environ.get("TOOLGROVE_SPECS", "."), "openapi/generated/api.github.com.json")
    for loaded in load_sources([path], SPECS) if path.exists() else ():
        for spec in loaded.specs:
            if spec.name.partition("/")[0] in GITHUB:
                yield spec.name, spec


def recalls(catalog: Catalog, asked: Sequence[tuple[str, set[str]]]) -> list[float]:
    """The mean recall at each cut, in percent."""
    found = [[spec.id for _, spec in catalog.search(query, max(CUTS))] for query, _ in asked]
    return [
        100 * fmean(recall(ids, wanted, cut) for ids, (_, wanted) in zip(found, asked, strict=True))
        for cut in CUTS
    ]


def rows(name: str, requests: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A catalogue's figures: requests of several tools and of one, without suppliers and with."""
    known = tools(name)
    if not known:
        print(f"{name}: its documents are not here", file=sys.stderr)
        return
    vectors = KeptVectors()
    with tempfile.TemporaryDirectory() as folder, Catalog.open(folder, embedder=vectors) as catalog:
        catalog.add(known.values())
        for several in (True, False):
            asked = [
                (one["query"], {known[tool].id for tool in one["tools"]})
                for one in requests
                if (len(one["tools"]) > 1) == several
            ]
            row = {"catalogue": name, "tools": len(known), "several": several}
            row |= {"requests": len(asked), "with": recalls(catalog, asked)}
            with (
                patch.object(chains, "CONSUMERS", 0),
                Catalog.open(folder, embedder=vectors) as plain,
            ):
                yield row | {"without": recalls(plain, asked)}


def main() -> int:
    """Print a line for each catalogue, then one line of JSON."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    requests = [json.loads(line) for line in REQUESTS.read_text(encoding="utf-8").splitlines()]
    found: list[dict[str, Any]] = []
    print("| catalogue | tools | requests | R@5: with, without | R@10: with, without |")
    print("|---|---:|---|---:|---:|")
    for name in (*GOOGLE, "github"):
        for row in rows(name, [one for one in requests if one["catalogue"] == name]):
            found.append(row)
            kind = f"{row['requests']} of {'several tools' if row['several'] else 'one'}"
            cells = (
                f"{w:.1f}, {wo:.1f}" for w, wo in zip(row["with"], row["without"], strict=True)
            )
            print(f"| {name} | {row['tools']} | {kind} | {' | '.join(cells)} |", flush=True)
    chained = [row for row in found if row["several"]]
    line: dict[str, Any] = {"name": "chains", "unit": "recall at 10, mean of the catalogues"}
    for key, label in (("ours", "with"), ("peer", "without")):
        line[key] = round(fmean(row[label][-1] for row in chained), 1) if chained else None
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
