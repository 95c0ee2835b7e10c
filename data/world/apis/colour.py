"""Category Design: colours (webcolors, colorsys) and their contrast (WCAG 2)."""

from __future__ import annotations

import colorsys
from typing import Annotated

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import Refusal, Tool
from toolgrove.data.world.trouble import Gone

__all__ = ["TOOLS"]

COLOURS = Tool("Design", "Color Lab", "CSS color names, conversions and contrast.")
PALETTE = Tool("Design", "Palette Maker", "Mix colors and find matching ones.")
TOOLS = (COLOURS, PALETTE)

Hex = Annotated[str, Field(description="Hex color, e.g. #1e90ff", max_length=20)]
Name = Annotated[str, Field(description="CSS color name", max_length=40)]


def _rgb(hex_color: str) -> tuple[int, int, int]:
    import webcolors  # type: ignore[import-untyped]  # has no py.typed

    text = hex_color.strip().lower()
    try:
        return tuple(webcolors.hex_to_rgb(text if text.startswith("#") else f"#{text}"))
    except ValueError:
        raise Refusal(400, f"'{hex_color}' is not a color such as #1e90ff.") from None


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in (red, green, blue))


@COLOURS.get("Name to Hex", "/hex/{name}", example={"name": "dodgerblue"})
def name_to_hex(name: Name) -> JsonObject:
    """Hex code of a CSS color name."""
    import webcolors

    try:
        return {"name": name.strip().lower(), "hex": webcolors.name_to_hex(name.strip())}
    except ValueError:
        raise Refusal(404, f"CSS has no color called '{name}'.") from None


@COLOURS.get("Hex to Name", "/name", example={"color": "#1e90ff"})
def hex_to_name(color: Hex) -> JsonObject:
    """CSS name of a hex color, where it has one, and its red, green and blue parts."""
    import webcolors

    red, green, blue = _rgb(color)
    try:
        name = webcolors.hex_to_name(_hex(red, green, blue))
    except ValueError:
        raise Refusal(404, f"No CSS color is {color}. See Closest Color.") from None
    return {"name": name, "red": red, "green": green, "blue": blue}


@COLOURS.get("Closest Color", "/closest", example={"color": "#1f8ffe"})
def closest_color(color: Hex) -> JsonObject:
    """The CSS color nearest to a hex color in RGB space."""
    import webcolors

    wanted = _rgb(color)

    def distance(name: str) -> int:
        found = webcolors.name_to_rgb(name)
        return sum((a - b) ** 2 for a, b in zip(wanted, found, strict=True))

    found = min(sorted(webcolors.names()), key=distance)
    return {"name": found, "hex": webcolors.name_to_hex(found)}


@COLOURS.get("Hex to HSL", "/hsl", example={"color": "#1e90ff"})
def hex_to_hsl(color: Hex) -> JsonObject:
    """Hue (degrees), saturation and lightness (percent) of a color."""
    red, green, blue = (part / 255 for part in _rgb(color))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    return {
        "hue": round(hue * 360, 1),
        "saturation": round(saturation * 100, 1),
        "lightness": round(lightness * 100, 1),
    }


@COLOURS.get("Hex to HSV", "/hsv", example={"color": "#1e90ff"})
def hex_to_hsv(color: Hex) -> JsonObject:
    """Hue (degrees), saturation and value (percent) of a color."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in _rgb(color)))
    return {
        "hue": round(hue * 360, 1),
        "saturation": round(saturation * 100, 1),
        "value": round(value * 100, 1),
    }


def _luminance(hex_color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [part / 255 for part in _rgb(hex_color)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@COLOURS.get(
    "Contrast Ratio", "/contrast", example={"foreground": "#1e90ff", "background": "#ffffff"}
)
def contrast_ratio(foreground: Hex, background: Hex) -> JsonObject:
    """WCAG contrast ratio (1 to 21) of two colors, and whether it passes AA for text."""
    darker, lighter = sorted((_luminance(foreground), _luminance(background)))
    ratio = (lighter + 0.05) / (darker + 0.05)
    return {"ratio": round(ratio, 2), "passes_aa": ratio >= 4.5}


@COLOURS.get("Color Code", "/v1/code", example={"color": "dodgerblue"}, trouble=Gone("Name to Hex"))
def color_code(color: Name) -> JsonObject:
    """The code of a color."""
    return {"code": name_to_hex(color)["hex"]}


@PALETTE.get("Mix Colors", "/mix", example={"first": "#ff0000", "second": "#0000ff"})
def mix_colors(
    first: Hex,
    second: Hex,
    share: Annotated[float, Field(description="Share of the second, 0 to 1", ge=0, le=1)] = 0.5,
) -> JsonObject:
    """The color between two colors in RGB space."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    red, green, blue = (a + (b - a) * share for a, b in pairs)
    return {"hex": _hex(red, green, blue)}


@PALETTE.get("Complementary Color", "/complement", example={"color": "#1e90ff"})
def complementary_color(color: Hex) -> JsonObject:
    """The color on the other side of the color wheel."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in _rgb(color)))
    parts = colorsys.hls_to_rgb((hue + 0.5) % 1, lightness, saturation)
    red, green, blue = (part * 255 for part in parts)
    return {"hex": _hex(red, green, blue)}


@PALETTE.get("Invert Color", "/invert", example={"color": "#1e90ff"})
def invert_color(color: Hex) -> JsonObject:
    """The negative of a color: each part taken from 255."""
    red, green, blue = _rgb(color)
    return {"hex": _hex(255 - red, 255 - green, 255 - blue)}
