"""The public rooms as text: each name that a room exports, with its signature, fields and methods.

The text comes from the annotations as they are written in the source: it is the same under every Python.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec

ROOMS: dict[str, tuple[str, ...]] = {
    "math500": (),
    "math500.data": (),
    "math500.errors": (),
    "math500.grading": (),
    "math500.grading.presets": (),
    "math500.grading.reward": ("reward",),
    "math500.prompts": ("from_text", "get", "messages", "names"),
    "math500.records": (),
    "math500.rundir": ("RunDir",),
    "math500.solve": ("Model", "Scorer", "Solution", "Solver"),
    "math500.stats": (),
}
"""The rooms that docs/api.md promises to keep, each with the names that the promise is about.

Where none are named, all public ones: those in `__all__`, else the classes that the room defines.
"""

LITERAL = (str, int, float, bool, type(None), tuple)


def text_of(room: str) -> str:
    """Every public name of a room, sorted."""
    module = importlib.import_module(room)
    names = ROOMS[room] or getattr(module, "__all__", None) or _classes(module)
    lines = [line for name in sorted(names) for line in _one(name, getattr(module, name))]
    return "".join(f"{line}\n" for line in lines)


def _classes(module: ModuleType) -> list[str]:
    defined = vars(module).items()
    return [n for n, v in defined if inspect.isclass(v) and v.__module__ == module.__name__ and n[0] != "_"]


def _one(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        yield f"class {name}({bases})" if bases else f"class {name}"
        yield from (f"    {line}" for line in _members(value))
    elif inspect.isroutine(value):
        yield f"{name}{_signature(value)}"
    else:
        # What it is and not what it says: a version may rise without any caller having to change.
        yield f"{name}: {type(value).__name__}"


def _members(kind: type) -> Iterator[str]:
    if issubclass(kind, msgspec.Struct):
        yield from _fields(kind)
    elif "__init__" in vars(kind) and not getattr(kind, "_is_protocol", False):
        yield f"__init__{_signature(vars(kind)['__init__'])}"
    else:
        yield from (f"{name}: {said}" for name, said in _annotations(kind) if not name.startswith("_"))
    if "exit_code" in vars(kind):
        yield f"exit_code = {vars(kind)['exit_code']}"
    for name, value in sorted(vars(kind).items()):
        if not name.startswith("_") and (line := _member(name, value)):
            yield line


def _fields(kind: type[msgspec.Struct]) -> Iterator[str]:
    """A record's own fields; what may be left out says so, whatever stands there then."""
    given = {one.name: one.required for one in msgspec.structs.fields(kind)}
    for name, said in _annotations(kind):
        yield f"{name}: {said}" + ("" if given[name] else " = ...")


def _annotations(kind: type) -> list[tuple[str, str]]:
    return [(name, str(said)) for name, said in inspect.get_annotations(kind).items()]


def _member(name: str, value: Any) -> str:
    if isinstance(value, property):
        return f"{name}: {inspect.signature(value.fget).return_annotation}"  # type: ignore[arg-type]
    if isinstance(value, classmethod | staticmethod):
        return f"{type(value).__name__} {name}{_signature(value.__func__)}"
    return f"{name}{_signature(value)}" if inspect.isfunction(value) else ""


def _signature(function: Any) -> str:
    """As it is written: annotations without quotes, defaults as far as they are literals."""
    signature = inspect.signature(function)
    parameters = [
        one if one.default is one.empty or isinstance(one.default, LITERAL) else one.replace(default=...)
        for one in signature.parameters.values()
    ]
    written = str(signature.replace(parameters=parameters)).replace("Ellipsis", "...")
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", written)
