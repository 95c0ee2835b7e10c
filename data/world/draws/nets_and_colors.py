"""How tasks about networks and colours are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Draw, Drawings
from toolgrove.data.world.draws.pools import one, some

__all__ = ["DRAWINGS", "colors"]

DRAWINGS = Drawings()
_NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_COLORS = listed(
    "aquamarine bisque burlywood cadetblue chartreuse chocolate cornflowerblue crimson "
    "darkcyan darkgoldenrod darkkhaki darkmagenta darkolivegreen darkorchid darksalmon "
    "darkseagreen darkslateblue deeppink deepskyblue firebrick forestgreen gainsboro "
    "goldenrod greenyellow hotpink indianred khaki lavender lawngreen lemonchiffon lightcoral "
    "lightsalmon limegreen maroon mediumorchid mediumpurple midnightblue olivedrab orangered "
    "orchid palegreen peru plum rosybrown royalblue saddlebrown sandybrown seagreen sienna "
    "skyblue slateblue springgreen steelblue tan thistle turquoise violet wheat yellowgreen"
)


def _subnet(rng: Random, low: int = 18, high: int = 26) -> tuple[str, int, int]:
    prefix = rng.randint(low, high)
    number = rng.randrange(0, 2**24, 2 ** (32 - prefix))
    return _dotted(number), prefix, number


def _dotted(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _cidr(rng: Random) -> Mapping[str, Any]:
    address, prefix, _ = _subnet(rng)
    return {"cidr": f"{address}/{prefix}"}


DRAWINGS.add(
    "g1-usable-hosts",
    [
        "How many hosts can the subnet {cidr} have?",
        "Tell me the number of usable host addresses in {cidr}.",
        "A network is {cidr}. How many addresses in it can hosts use?",
    ],
    _cidr,
)


def _address(rng: Random) -> Mapping[str, Any]:
    address, prefix, number = _subnet(rng, 20, 26)
    size = 2 ** (32 - prefix)
    offset = rng.randrange(size) if rng.random() < 0.5 else size + rng.randrange(size)
    return {"cidr": f"{address}/{prefix}", "address": _dotted((number + offset) % 2**24)}


DRAWINGS.add(
    "g1-in-subnet",
    [
        "Does the address {address} lie in the subnet {cidr}? Yes or no.",
        "Yes or no: is {address} part of {cidr}?",
        "Is the host {address} in the network {cidr}, yes or no?",
    ],
    _address,
)


def _split(rng: Random) -> Mapping[str, Any]:
    address, prefix, _ = _subnet(rng, 18, 22)
    longer = prefix + rng.randint(2, 3)
    index = rng.randint(1, 2 ** (longer - prefix) - 1)
    return {
        "cidr": f"{address}/{prefix}", "new_prefix": longer,
        "index": index, "nth": _NTH[index],
    }  # fmt: skip


DRAWINGS.add(
    "g1-split-then-hosts",
    [
        "{cidr} is split into subnets of /{new_prefix}. Which is the last address of the {nth} "
        "one?",
        "Divide {cidr} into /{new_prefix} subnets. What is the last address in the {nth} of them?",
        "If I cut {cidr} into /{new_prefix} pieces, with which address does the {nth} piece end?",
    ],
    _split,
)


def _addresses(rng: Random) -> Mapping[str, Any]:
    start = rng.randrange(2**24 - 300)
    return {"first": _dotted(start), "last": _dotted(start + rng.randint(12, 120))}


DRAWINGS.add(
    "g1-range-subnets",
    [
        "Into how many subnets does the range of addresses from {first} to {last} break down "
        "exactly?",
        "How many subnets are needed at least to cover the addresses {first} to {last} and no "
        "others?",
        "I want to allow just {first} to {last}. How many subnets do I have to enter for that?",
    ],
    _addresses,
    fits=lambda answers: answers[0]["count"] >= 3,
)
DRAWINGS.add(
    "g1-color-hex",
    [
        "Which hex code does the CSS color '{color}' have?",
        "I need '{color}', a CSS color, as a hex code.",
        "Write the CSS color {color} as hex.",
    ],
    one("color", _COLORS),
)


def colors(names: str) -> Draw:
    """Different CSS colors."""
    return some(names, _COLORS)


def _hex(rng: Random) -> Mapping[str, Any]:
    import webcolors  # type: ignore[import-untyped]  # has no py.typed

    return {"code": webcolors.name_to_hex(rng.choice(_COLORS))}


DRAWINGS.add(
    "g1-color-name",
    [
        "What is the CSS name of the color {code}?",
        "{code} has a name in CSS. Which one?",
        "By which CSS color name can I write {code}?",
    ],
    _hex,
)
DRAWINGS.add(
    "g1-color-contrast",
    [
        "How large is the WCAG contrast ratio between the CSS colors {front} and {back}?",
        "Text in {front} on a background in {back}, both CSS colors: what is the WCAG contrast "
        "ratio?",
        "Give me the WCAG contrast ratio of {front} text on {back}. Both are CSS color names.",
    ],
    colors("front back"),
    fits=lambda answers: answers[2]["ratio"] >= 1.3,
)
DRAWINGS.add(
    "g1-lightness",
    [
        "What is the lightness of {color} in HSL, in percent?",
        "In HSL, what percentage of lightness does the color {color} have?",
        "Give me the HSL lightness of {color} in percent.",
    ],
    lambda rng: {"color": f"#{rng.randrange(16**6):06x}"},
)
DRAWINGS.add(
    "g2-mix-then-name",
    [
        "I mix the CSS colors {first} and {second} in equal parts. Which CSS color name is nearest "
        "to the result?",
        "Which named CSS color comes closest to half {first} and half {second}?",
        "Blend {first} and {second}, both CSS colors, half and half, and name the closest CSS "
        "color.",
    ],
    colors("first second"),
)
DRAWINGS.add(
    "g2-complement-contrast",
    [
        "How large is the WCAG contrast ratio of the CSS color {color} and its complementary "
        "color?",
        "Take the CSS color {color} and its opposite on the color wheel. What is their contrast "
        "ratio?",
        "Give me the contrast ratio (WCAG) between '{color}' in CSS and the color complementary "
        "to it.",
    ],
    one("color", _COLORS),
    fits=lambda answers: answers[2]["ratio"] >= 1.2,
)
