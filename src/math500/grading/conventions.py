"""What is the same answer by agreement, not by algebra: named, and each can be switched off.

`docs/grading.md` shows an example for each.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conventions:
    r"""The agreements that a comparison follows.

    Attributes:
        unit_optional: `5` is `5 cm`, in either direction; `5 m` is not.
        unit_conversion: `500 cm` is `5 m`, and `\$0.05` is `5 cents`.
        percent_optional: `50` and `0.5` are `50\%`, but `0.5` is not `50`.
        degree_optional: `90` is `90^\circ`.
        base_optional: `52` is `52_8`; `52_9` is not.
        side_of_equation: `5` is `x = 5`, and `2x + 3` is `y = 2x + 3`.
        scaled_equation: `2x = 4y` is `x - 2y = 0`.
        list_as_tuple: `1, 2` is `(1, 2)`; brackets that are there must be the same.
        tuple_as_vector: `(1, 2)` is the column vector of 1 and 2.
        interval_as_inequality: `x > 2` is `(2, \infty)`.
        long_decimal: `1.41421356237`, with twelve digits or more, is `\sqrt{2}`; `1.414` is not.
        decimal_comma: `1,25` is `1.25` where the reference is written with a point.
        choice_with_text: `(C) 12` is `(C)`.
    """

    unit_optional: bool = True
    unit_conversion: bool = True
    percent_optional: bool = True
    degree_optional: bool = True
    base_optional: bool = True
    side_of_equation: bool = True
    scaled_equation: bool = True
    list_as_tuple: bool = True
    tuple_as_vector: bool = True
    interval_as_inequality: bool = True
    long_decimal: bool = True
    decimal_comma: bool = True
    choice_with_text: bool = True


DEFAULT = Conventions()
