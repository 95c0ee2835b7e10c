"""Category Science: elements and formulas (periodictable)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world import facts
from toolgrove.data.world.declare import Refusal, Tool
from toolgrove.data.world.trouble import Flaky, Gone

__all__ = ["TOOLS"]

ELEMENTS = Tool("Science", "Periodic Table", "The chemical elements and their isotopes.")
FORMULAS = Tool("Science", "Molar Mass", "Masses and composition of chemical formulas.")
TOOLS = (ELEMENTS, FORMULAS)

Symbol = Annotated[str, Field(description="Element symbol, e.g. Fe", max_length=20)]
Formula = Annotated[str, Field(description="Formula, e.g. C6H12O6", max_length=40)]
Grams = Annotated[float, Field(description="Grams", gt=0, le=1e9)]


@cache
def _elements() -> Mapping[str, Any]:
    """Elements by their symbol; the neutron, number 0 in the package, is left out."""
    import periodictable

    return {one.symbol: one for one in periodictable.elements if one.number > 0}


def _element(symbol: str) -> Any:
    found = _elements().get(symbol.strip().capitalize())
    if found is None:
        raise Refusal(404, f"No element has the symbol '{symbol}'.")
    return found


def _shown(element: Any) -> JsonObject:
    return {
        "number": element.number,
        "symbol": element.symbol,
        "name": element.name,
        "atomic_mass": round(element.mass, 4),
        "density_g_cm3": element.density,
    }


def _formula(formula: str) -> Any:
    import periodictable
    from pyparsing.exceptions import ParseBaseException

    text = formula.strip()
    plain = re.fullmatch(r"(?:[A-Z][a-z]?|[()]|(?<=[A-Za-z)])[1-9]\d{0,2})+", text, re.ASCII)
    try:
        found = periodictable.formula(text) if plain else None
    except (ParseBaseException, ValueError):
        found = None
    if found is None or not found.atoms or not all(one.number > 0 for one in found.atoms):
        raise Refusal(400, f"Parameter 'formula': '{formula}' is no formula such as C6H12O6.")
    return found


@ELEMENTS.get("Element by Symbol", "/symbol/{symbol}", example={"symbol": "Fe"})
def element_by_symbol(symbol: Symbol) -> JsonObject:
    """Name, atomic number, atomic mass (u) and density (g/cm3) of an element."""
    return _shown(_element(symbol))


@ELEMENTS.get("Element by Number", "/number/{number}", example={"number": 26})
def element_by_number(
    number: Annotated[int, Field(description="Atomic number", ge=1, le=118)],
) -> JsonObject:
    """The element with an atomic number."""
    return _shown(next(one for one in _elements().values() if one.number == number))


@ELEMENTS.get("Element by Name", "/name/{name}", example={"name": "iron"})
def element_by_name(
    name: Annotated[str, Field(description="English name", max_length=40)],
) -> JsonObject:
    """The element with an English name."""
    spelt = {"aluminium": "aluminum", "caesium": "cesium", "sulphur": "sulfur"}
    wanted = name.strip().lower()
    for one in _elements().values():
        if one.name == spelt.get(wanted, wanted):
            return _shown(one)
    raise Refusal(404, f"No element is called '{name}' in English.")


@ELEMENTS.get("Elements Between", "/between", example={"first": 21, "last": 30})
def elements_between(
    first: Annotated[int, Field(description="Atomic number", ge=1, le=118)],
    last: Annotated[int, Field(description="Atomic number", ge=1, le=118)],
    page: Annotated[int, Field(description="Page number, from 1", ge=1, le=100)] = 1,
) -> JsonObject:
    """Elements in a range of atomic numbers, 5 a page."""
    found = [_shown(one) for one in _elements().values() if first <= one.number <= last]
    return facts.page_of(sorted(found, key=lambda one: int(one["number"])), page, 5)


def _natural(symbol: str) -> list[JsonObject]:
    element = _element(symbol)
    listed = [(number, element[number].abundance) for number in element.isotopes]
    return [
        {"mass_number": number, "percent": round(share, 4)} for number, share in listed if share
    ]


@ELEMENTS.get("Isotopes", "/isotopes/{symbol}", example={"symbol": "Cl"})
def isotopes(symbol: Symbol) -> JsonObject:
    """Isotopes of an element that occur in nature, with their shares in percent."""
    found = _natural(symbol)
    return {"symbol": symbol.strip().capitalize(), "count": len(found), "isotopes": found}


@ELEMENTS.get("Mass Number", "/mass-number/{symbol}", example={"symbol": "Cl"})
def mass_number(symbol: Symbol) -> JsonObject:
    """Mass number (whole) of the most common natural isotope of an element."""
    found = _natural(symbol)
    if not found:
        raise Refusal(404, f"'{symbol}' has no isotope that occurs in nature.")
    return {"mass_number": max(found, key=lambda one: float(one["percent"]))["mass_number"]}


@ELEMENTS.get(
    "Atomic Weight", "/v1/weight", example={"element": "Fe"}, trouble=Gone("Element by Symbol")
)
def atomic_weight(element: Symbol) -> JsonObject:
    """Atomic weight of an element."""
    return {"weight": round(_element(element).mass, 2)}


@FORMULAS.get("Molar Mass", "/mass", example={"formula": "C6H12O6"})
def molar_mass(formula: Formula) -> JsonObject:
    """Molar mass of a formula in g/mol."""
    return {"formula": formula.strip(), "molar_mass": round(_formula(formula).mass, 3)}


@FORMULAS.get("Mass Percent", "/percent", example={"formula": "H2O", "element": "O"})
def mass_percent(formula: Formula, element: Symbol) -> JsonObject:
    """Share of an element in the mass of a formula, in percent."""
    wanted = _element(element)
    shares = {one.symbol: share for one, share in _formula(formula).mass_fraction.items()}
    return {"element": wanted.symbol, "percent": round(100 * shares.get(wanted.symbol, 0.0), 2)}


@FORMULAS.get("Grams to Moles", "/moles", example={"formula": "NaCl", "grams": 100})
def grams_to_moles(formula: Formula, grams: Grams) -> JsonObject:
    """How many moles a mass of a substance is."""
    return {"moles": float(f"{grams / _formula(formula).mass:.5g}")}


@FORMULAS.get("Moles to Grams", "/grams", example={"formula": "NaCl", "moles": 2.5})
def moles_to_grams(formula: Formula, moles: Annotated[float, Field(gt=0, le=1e9)]) -> JsonObject:
    """What an amount of a substance in moles weighs, in grams."""
    return {"grams": float(f"{moles * _formula(formula).mass:.6g}")}


@FORMULAS.get("Count Atoms", "/atoms", example={"formula": "C6H12O6"})
def count_atoms(formula: Formula) -> JsonObject:
    """How many atoms of each element a formula has."""
    atoms = {one.symbol: int(count) for one, count in _formula(formula).atoms.items()}
    return {"atoms": atoms, "total": sum(atoms.values())}


@FORMULAS.get("Molecular Weight", "/v2/weight", example={"formula": "C6H12O6"}, trouble=Flaky())
def molecular_weight(formula: Formula) -> JsonObject:
    """Molecular weight of a compound."""
    return {"weight": round(_formula(formula).mass, 3)}
