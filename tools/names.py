"""Names that model APIs accept, for tools whose own names they would not.

OpenAI-style interfaces take ``^[a-zA-Z0-9_-]{1,64}$``, others are stricter; an alias here fits
``^[A-Za-z_][A-Za-z0-9_-]{0,62}$``. It reads like ToolBench's ``<api>_for_<tool>`` (Qin et al.,
2023, ToolLLM), but a name that had to be cut, or that another tool has, ends in a hash of the
tool's id, where ToolBench keeps the last 64 characters and calls the wrong tool.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator

from toolgrove.data.records import CONTROLS, ToolSpec

__all__ = ["ALIAS", "LONGEST", "candidates", "nearest"]

LONGEST = 63
"""Characters of the longest alias."""

ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
"""What an alias matches in full."""

_FOREIGN = re.compile(r"[^a-z0-9_]+")
_TAKEN = frozenset(name.lower() for name in CONTROLS)


def candidates(spec: ToolSpec) -> Iterator[str]:
    """Aliases a tool may have, the most readable first.

    All but the first end in a hash of the id that grows, so whoever takes the first one that is
    free never runs out, and two tools differ however alike their names are.

    Parameters
    ----------
    spec : ToolSpec
        Only its names, id and source are read.

    Examples
    --------
    >>> spec = ToolSpec("Data/TheClique/Songkick concert", "Data", "TheClique", "Songkick concert")
    >>> names = candidates(spec)
    >>> next(names), next(names)
    ('songkick_concert_for_theclique', 'songkick_concert_for_theclique_1c3cbe')
    """
    digest = hashlib.sha256(spec.id.encode("utf-8", "surrogatepass")).hexdigest()
    if spec.source == "python" and ALIAS.fullmatch(spec.name):
        whole = spec.name
    else:
        api, tool = _plain(spec.name), _plain(spec.tool)
        whole = f"{api}_for_{tool}" if api and tool else api or tool
        if whole[:1].isdigit():
            whole = f"get_{whole}"
    if whole and len(whole) <= LONGEST and whole.lower() not in _TAKEN:
        yield whole
    for length in (6, 12, 24, 48):
        stem = whole[: LONGEST - 1 - length].rstrip("_-") or "tool"
        yield f"{stem}_{digest[:length]}"


def _plain(name: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # a long name would be cut anyway: the bound keeps third-party text from costing time
    return re.sub("__+", "_", _FOREIGN.sub("_", ascii_only[:1000].lower())).strip("_")


def nearest(name: str, names: Collection[str], n: int = 3) -> list[str]:
    """The real names that a wrong one most resembles, the nearest first.

    Parameters
    ----------
    name : str
        What a model wrote.
    names : collection of str
        What exists, a few hundred at most: each is compared.
    n : int
        How many at most; fewer where too little resembles.

    Examples
    --------
    >>> nearest("wether_for_open_meteo", ["weather_for_open_meteo", "quote_for_olato", "Finish"])
    ['weather_for_open_meteo']
    """
    by_lower = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower()[:200], by_lower, n, cutoff=0.6)
    return [by_lower[lower] for lower in found]
