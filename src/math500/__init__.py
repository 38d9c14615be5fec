r"""math500 reproduces, explains and improves a language model's MATH-500 score.

The public names are imported when first used, so that `import math500` and the command line stay
fast:

    >>> import math500
    >>> math500.grade(r"So the answer is $\boxed{\frac12}$.", "0.5").verdict
    'correct'
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself takes longer to import than all else that `math500` needs at first
if TYPE_CHECKING:
    from typing import Any

    from math500.data import load
    from math500.grading import grade

__version__ = "0.1.0"
__all__ = ["__version__", "grade", "load"]

_HOMES = {"grade": "math500.grading", "load": "math500.data"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each public name has its own type
    """Import a public name from its home when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'math500' has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - not before Ctrl-C is waited for

    return getattr(importlib.import_module(_HOMES[name]), name)
