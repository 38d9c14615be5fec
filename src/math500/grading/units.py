"""Units: which words mean the same, and how many of one make another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_TABLE: dict[str, tuple[str, dict[str, str]]] = {
    "length": ("m", {
        "m": "m meter meters metre metres", "0.01": "cm centimeter centimeters centimetre centimetres",
        "0.001": "mm millimeter millimeters millimetre millimetres",
        "1000": "km kilometer kilometers kilometre kilometres", "0.0254": "in inch inches",
        "0.3048": "ft foot feet", "0.9144": "yd yard yards", "1609.344": "mi mile miles",
    }),
    "mass": ("g", {
        "g": "g gram grams", "1000": "kg kilogram kilograms", "0.001": "mg milligram milligrams",
        "453.59237": "lb lbs pound pounds", "28.349523125": "oz ounce ounces",
    }),
    "time": ("s", {
        "s": "s sec secs second seconds", "60": "min mins minute minutes", "3600": "h hr hrs hour hours",
        "86400": "day days", "604800": "week weeks",
    }),
    "money": ("cent", {"c": "cent cents", "100": "dollar dollars usd $"}),
    "volume": ("liter", {"l": "l liter liters litre litres", "0.001": "ml milliliter milliliters"}),
    "angle": ("degree", {"d": "degree degrees deg"}),
    "percent": ("percent", {"p": "percent percentage pct"}),
    "plain": ("unit", {"u": "unit units"}),
}  # fmt: skip
_KNOWN: dict[str, tuple[str, Fraction]] = {
    word: (dimension, Fraction(factor) if factor[0].isdigit() else Fraction(1))
    for dimension, (_base, rows) in _TABLE.items()
    for factor, words in rows.items()
    for word in words.split()
}
_POWER_WORDS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_POWER_SUFFIX = {"squared": 2, "cubed": 3}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in base units: `factor` times the dimensions' powers; words that are no unit stay `nouns`."""

    factor: Fraction
    dimensions: tuple[tuple[str, int], ...]
    nouns: tuple[str, ...] = ()


def read_unit(text: str) -> Unit:
    """The unit that the words mean; words that are not known become nouns ("apples")."""
    factor, sign, power = Fraction(1), 1, 1
    powers: dict[str, int] = {}
    nouns: list[str] = []
    for word in text.split():
        name, _, exponent = word.partition("^")
        if name in {"per", "an", "a", "each"}:
            sign = -1 if name == "per" else sign
        elif name in _POWER_WORDS:
            power = _POWER_WORDS[name]
        elif name in _POWER_SUFFIX and powers:
            last = list(powers)[-1]
            factor *= factor ** (_POWER_SUFFIX[name] - 1)
            powers[last] *= _POWER_SUFFIX[name]
        elif known := _KNOWN.get(name):
            total = sign * (int(exponent) if re.fullmatch(r"\d", exponent) else power)
            powers[known[0]] = powers.get(known[0], 0) + total
            factor *= known[1] ** total
            power = 1
        else:
            nouns.append(name)
    return Unit(factor, tuple(sorted(item for item in powers.items() if item[0] != "plain")), tuple(nouns))


NO_UNIT = Unit(Fraction(1), ())
ANGLE, PERCENT = (("angle", 1),), (("percent", 1),)


def nouns_fit(left: Unit, right: Unit) -> bool:
    """Whether the words that are no units agree, plural or not; one side may leave them away."""
    if not left.nouns or not right.nouns:
        return bool(left.dimensions) or left.nouns == right.nouns
    return left.nouns[-1].rstrip("s") == right.nouns[-1].rstrip("s")
