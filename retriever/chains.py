"""Chains: which tools give the identifiers that others require.

A request speaks of a person, an API takes ``person_id``; the API that searches for persons is
never spoken of. So the graph is made of what the schemas and names say, when tools are indexed:
a required identifier leads to the tools of the same API that give it. A search then takes in the
best of them for each of its first hits, unless the request itself holds an identifier.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from toolgrove.data import codec
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import CatalogError
from toolgrove.machine.files import write_beside
from toolgrove.retriever import lexical
from toolgrove.retriever.ranking import Hit

__all__ = [
    "FILE",
    "IdentifierLink",
    "gives_identifier",
    "links",
    "load_links",
    "save_links",
    "with_suppliers",
]

FILE = "chains.json"
VERSION = 1
SUPPLIERS = 3
"""Suppliers of one identifier that are kept, the likeliest first."""
NEAR = 1.0
"""How much less likely than the likeliest a supplier may be; the request decides among them."""
CONSUMERS = 5
"""First hits that take suppliers in."""
SHARE = 0.85
"""Of a consumer's score that its supplier gets at least."""
FIRST = 5
"""Hits that give way to no supplier whose score is lower; half of them, where that is more."""

_SAME = {"peopl": "person", "children": "child"}

SMALL = 100
"""Tools of a category that may be one API, where a tool's own have no supplier."""


def _stems(text: str) -> list[str]:
    """Stems, those of a few plurals that stemming does not know mended."""
    found = (_SAME.get(stem, stem) for stem in lexical.tokens(text))
    return [f"{stem[:-1]}f" if stem.endswith("lv") else stem for stem in found]  # shelves: shelf


_ID = frozenset(_stems("id ids uuid guid identifier slug uri uris"))
_CREDENTIALS = frozenset(_stems("api access secret public private auth client session"))
_CHANGES = frozenset(
    _stems(
        "create new add insert update edit set delete remove cancel send rate upload follow start"
    )
)
_SEARCH = frozenset(_stems("search find lookup query autocomplete suggest discover"))
_LIST = frozenset(_stems("list all popular latest browse my me top trending"))
_VERBS = frozenset(_stems("get fetch retrieve show read by for of the details info api v1 v2 v3"))
_VAGUE = frozenset(_stems("to from parent start end first last min max external object item"))
_METHODS = re.compile(r"^\W*(POST|PUT|PATCH|DELETE)\b")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|<[^<>]*>|(?<=/):\w+")
_SEGMENT = re.compile(r"([^/{}<>]+)/(?:\{|<|:)$")
_OF = re.compile(
    r"\b(?:ids?|identifiers?)\b\W*(?:\([^)]*\)\W*)?(?:of|for)\s+(?:(?:an?|the|each)\s+)?(\w+)"
)
_BEFORE = re.compile(r"\b(?:the|an?)\s+(?:\w+'s\s+)?(\w+)(?:'s)?\s+(?:id|identifier)\b")

_SAYS_ID = re.compile(r"\W*(?:\w+\W+){0,4}?(?:IDs?|ids?|[Ii]dentifiers?)\b(?!\s*(?:or|/))")
"""A description that begins so is of an identifier, whatever its name is: ``Task list ID.``"""
_ONESELF = re.compile(r"\bspecial value\W+me\b|\bliteral\W+me\b")
"""Whoever asks is known without a search."""
_GIVEN = re.compile(
    r"\b(?:ids?|identifiers?|uuid)\b|\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{6,}\b"
    r"|(?<![\w.,-])(?!(?:19|20)\d\d\b)\d{4,}(?![\w.,]*\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class IdentifierLink:
    """A required identifier of a tool, and the tools that give it, the likeliest first."""

    parameter: str
    suppliers: tuple[str, ...]


Links: TypeAlias = Mapping[str, Sequence[IdentifierLink]]
"""By the id of the tool that requires them."""


@dataclass(frozen=True, slots=True)
class _Tool:
    """The identifiers that a tool wants, by parameter, and its words where it may give some."""

    spec_id: str
    wants: dict[str, str]
    name: frozenset[str]
    about: frozenset[str]
    fields: frozenset[str]
    last: str


def gives_identifier(query: str) -> bool:
    """Whether a request seems to hold an identifier itself, so that no tool has to give one.

    Examples
    --------
    >>> gives_identifier("Return the book with the ID JzAEYANHBv"), gives_identifier("order 48213")
    (True, True)
    >>> gives_identifier("Which films of 1999 did the director of Alien make?")
    False
    """
    return bool(_GIVEN.search(query))


def links(specs: Iterable[ToolSpec]) -> dict[str, tuple[IdentifierLink, ...]]:
    """The required identifiers of tools that other tools of the same API give.

    Examples
    --------
    >>> person = {"type": "object", "properties": {"person_id": {}}, "required": ["person_id"]}
    >>> links([
    ...     ToolSpec("credits", "Films", "Films", "person_credits", "", person),
    ...     ToolSpec("search", "Films", "Films", "search_person"),
    ... ])
    {'credits': (IdentifierLink(parameter='person_id', suppliers=('search',)),)}
    """
    tools: dict[tuple[str, ...], list[_Tool]] = defaultdict(list)
    categories: dict[tuple[str, ...], list[_Tool]] = defaultdict(list)
    takers: list[tuple[_Tool, tuple[str, ...]]] = []
    for spec in specs:
        tool, family = _tool(spec), (spec.source, spec.category, spec.tool)
        tools[family].append(tool)
        categories[family[:2]].append(tool)
        if tool.wants:
            takers.append((tool, family))
    known: dict[tuple[tuple[str, ...], str], tuple[str, ...]] = {}

    def suppliers(kind: str, family: tuple[str, ...]) -> tuple[str, ...]:
        if (family, kind) not in known:
            small = categories[family[:2]] if len(categories[family[:2]]) <= SMALL else []
            known[family, kind] = _suppliers(kind, tools[family]) or _suppliers(kind, small)
        return known[family, kind]

    return {
        tool.spec_id: found
        for tool, family in takers
        if (found := tuple(
            IdentifierLink(parameter, some)
            for parameter, kind in tool.wants.items()
            if (some := suppliers(kind, family))
        ))
    }  # fmt: skip


def _suppliers(kind: str, family: Sequence[_Tool]) -> tuple[str, ...]:
    """The likeliest tools of a family that give identifiers of a kind, and what is near them."""
    likely = [(strength, one.spec_id) for one in family if (strength := _strength(one, kind)) > 0]
    least = max((strength for strength, _ in likely), default=0.0) - NEAR
    best = sorted((one for one in likely if one[0] >= least), key=lambda one: -one[0])
    return tuple(spec_id for _, spec_id in best[:SUPPLIERS])


def _strength(tool: _Tool, kind: str) -> float:
    """How likely a tool gives identifiers of a kind of thing; 0 where it does not."""
    if kind in tool.wants.values():
        return 0.0
    searches, lists = tool.name & _SEARCH, tool.name & _LIST
    named, about = kind in tool.name, kind in tool.about
    strength = 0.0
    if kind in tool.fields:
        strength = 3.0 if named or searches else 2.0
    elif searches and (named or about):
        strength = 3.0 if named else 2.5
    elif named and (lists or kind == tool.last):
        strength = 2.5 if tool.name - lists == {kind} else 2.0
    return max(0.0, strength - len(tool.wants) * 0.75 + 0.5 * bool(searches and strength))


def _tool(spec: ToolSpec) -> _Tool:
    """What a spec says of identifiers; what changes things is said to give none."""
    properties = spec.parameters.get("properties")
    described = properties if isinstance(properties, Mapping) else {}
    required = spec.parameters.get("required")
    names = set(required) if isinstance(required, list | tuple) else set()
    names |= {name for name in described if f"{{{name}}}" in spec.name}
    wants = {
        str(name): kind
        for name, schema in described.items()
        if name in names and (kind := _kind(str(name), schema, spec))
    }
    plain = [one for one in _stems(_PLACEHOLDER.sub(" ", spec.name)) if one not in _VERBS]
    enums = [str(v) for s in described.values() if isinstance(s, Mapping) for v in _enum(s)]
    reads = not (_METHODS.match(spec.name) or _CHANGES.intersection(plain))
    reads = reads and (spec.effect is Effect.READ or not _SEARCH.isdisjoint(plain))
    return _Tool(
        spec.id,
        wants,
        frozenset(plain if reads else ()),
        frozenset(_stems(f"{spec.description[:300]} {' '.join(enums)}") if reads else ()),
        frozenset(_given(spec.returns) if reads else ()),
        plain[-1] if plain else "",
    )


def _kind(name: str, schema: Any, spec: ToolSpec) -> str:
    """What a parameter identifies, as one stem; empty where it is no identifier."""
    words = _stems(name)
    if len(words) > 1 and words[-1] == "key" and words[-2] not in _CREDENTIALS:
        return words[-2]
    described = str(schema.get("description", "")) if isinstance(schema, Mapping) else ""
    known = isinstance(schema, Mapping) and "default" in schema
    if not words or known or _CREDENTIALS.intersection(words) or _ONESELF.search(described):
        return ""
    if words[-1] not in _ID:
        return _described(described) or words[-1] if _SAYS_ID.match(described) else ""
    if len(words) > 1:
        return "" if words[-2] in _VAGUE else words[-2]
    for at in range(len(spec.name)):
        if spec.name[at:].startswith((f"{{{name}}}", f"<{name}>", f":{name}")):
            before = _SEGMENT.search(spec.name[: at + 1])
            if before:
                return next(iter(_stems(before[1])[-1:]), "")
    if kind := _described(described):
        return kind
    nouns = [one for one in _stems(_PLACEHOLDER.sub(" ", spec.name)) if one not in _VERBS]
    return nouns[0] if nouns else ""


def _described(text: str) -> str:
    """What a description says that a parameter identifies: ``The ID of the album``."""
    found = next((m for p in (_OF, _BEFORE) if (m := p.search(text.lower()))), None)
    return next(iter(_stems(found[1])), "") if found else ""


def _enum(schema: Mapping[str, Any]) -> list[Any]:
    inner = schema.get("items")
    found = schema.get("enum") or (inner.get("enum") if isinstance(inner, Mapping) else None)
    return found if isinstance(found, list) else []


def _given(answer: Any, within: str = "", depth: int = 6) -> Iterator[str]:
    """The kinds of things that an answer's schema, template or example has identifiers of."""
    if depth and isinstance(answer, Mapping):
        for key, value in answer.items():
            words = _stems(str(key))
            if words and words[-1] in _ID:
                yield words[-2] if len(words) > 1 else within
            own = words[-1] if words and str(key) not in ("items", "properties") else within
            yield from _given(value, own, depth - 1)
    elif depth and isinstance(answer, list):
        for value in islice(answer, 3):
            yield from _given(value, within, depth - 1)


def with_suppliers(
    query: str, hits: Sequence[Hit], chains: Links, k: int, *, anew: bool = True
) -> list[Hit]:
    """The ``k`` best hits, those taken in that give what the first ones require.

    A supplier has at least a share of its consumer's score. Where that is not enough, one of the
    last hits gives way to it.

    Parameters
    ----------
    query : str
        Where it holds an identifier, nothing is taken in.
    hits : sequence of Hit
        Best first, and more than ``k`` of them, so that a supplier's own score is known.
    chains : mapping
        :func:`links`.
    k : int
        How many at most.
    anew : bool
        Whether a tool may be taken in that is not among the hits.

    Returns
    -------
    list of Hit
        Best first; ``why`` says for which tool and parameter one was taken in.
    """
    found = {hit.id: hit for hit in hits}
    places = {hit.id: place for place, hit in enumerate(hits)}
    if not any(hit.id in chains for hit in hits[:CONSUMERS]) or gives_identifier(query):
        return list(hits[:k])
    taken: set[str] = set()
    for consumer in hits[:CONSUMERS]:
        for link in chains.get(consumer.id, ()):
            some = [one for one in link.suppliers if anew or one in places]
            if not some:
                continue
            best = min(some, key=lambda one: places.get(one, len(hits)))
            known = found.get(best, replace(consumer, id=best, score=0.0, lexical=0.0, dense=0.0))
            score = max(known.score, round(SHARE * consumer.score, 6))
            why = known.why or f"gives {link.parameter} of {consumer.id}"
            found[best] = replace(known, score=score, why=why)
            taken.add(best)
    return _with_room(sorted(found.values(), key=lambda hit: -hit.score), taken, k)


def _with_room(ranked: Sequence[Hit], taken: Collection[str], k: int) -> list[Hit]:
    """The first ``k``, the last of them replaced by those taken in that stand behind."""
    first = ranked[:k]
    behind = [hit for hit in ranked[k:] if hit.id in taken]
    others = [hit.id for hit in first[max(FIRST, k // 2) :] if hit.id not in taken]
    gone = set(others[-len(behind) :] if behind else ())
    return [*(hit for hit in first if hit.id not in gone), *behind[: len(gone)]]


def save_links(folder: Path, found: Links) -> None:
    """Write a catalogue's links into its folder, whole or not at all."""
    rows = {
        one: [[link.parameter, *link.suppliers] for link in some] for one, some in found.items()
    }
    write_beside(folder / FILE, [codec.dumps({"version": VERSION, "links": rows})])


def load_links(folder: Path) -> dict[str, tuple[IdentifierLink, ...]]:
    """What :func:`save_links` wrote; nothing where it is absent or of another version.

    Raises
    ------
    CatalogError
        The file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        said = codec.loads(path.read_bytes())
        rows = said["links"] if said["version"] == VERSION else {}
        return {
            one: tuple(
                IdentifierLink(str(parameter), tuple(map(str, ids))) for parameter, *ids in some
            )
            for one, some in rows.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        why = " ".join(str(error).split())[:200]
        raise CatalogError(
            f"{path}: cannot be read as a graph of identifiers ({why}). Delete it, and index any "
            "source again."
        ) from error
