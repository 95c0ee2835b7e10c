"""What is looked up in the facts is what a look at all of them finds."""

from __future__ import annotations

import pytest

from toolgrove.data.world import facts
from toolgrove.data.world.facts import Places

POSITIONS = [
    *((90.0, 0.0), (-90.0, 50.0), (0.0, 180.0), (0.0, -180.0), (-16.8, 179.99)),
    *((-48.9, -123.4), (59.9, 10.7), (40.7128, -74.006)),
]


@pytest.mark.parametrize(("latitude", "longitude"), POSITIONS)
def test_the_nearest_city_and_airport_are_nearest_of_all(latitude: float, longitude: float) -> None:
    def to_city(one: facts.City) -> float:
        return facts.distance_km(latitude, longitude, one.latitude, one.longitude)

    city = min(facts.cities(), key=to_city)
    assert facts.nearest_city(latitude, longitude) == (city, to_city(city))
    away = {
        code: facts.distance_km(latitude, longitude, one["lat"], one["lon"])
        for code, one in facts.airports().items()
    }
    found, km = facts.nearest_airport(latitude, longitude)
    assert (km, found["iata"]) == min((km, code) for code, km in away.items())


def test_of_places_equally_near_the_one_given_first_is_found() -> None:
    given = [(0.0, 1.0, "east"), (0.0, -1.0, "west"), (0.0, -1.0, "too")]
    assert Places(given).nearest(0.0, 0.0)[0] == "east"
    assert Places(given[::-1]).nearest(0.0, 0.0)[0] == "too"


def test_names_are_compared_without_case_and_accents() -> None:
    folded = [facts.fold(name) for name in ("  Málaga ", "MALAGA", "Straße", "İzmir")]
    assert folded == ["malaga", "malaga", "strasse", "izmir"]
