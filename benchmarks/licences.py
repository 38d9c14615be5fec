"""The licence of every package that math500 and its extras bring, as docs/licences.md lists them.

    python benchmarks/licences.py > docs/licences.md     in an environment with math500 and all of its extras

The packages are found by following the requirements of math500 from one installed package to the next; each
licence is what the package's own metadata says. A package whose licence is not among those that are known to
go together with the Apache License 2.0 is named, and the script ends with 1.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

KNOWN = re.compile(
    r"Apache|MIT|BSD|ISC|PSF|Python Software Foundation|CNRI|MPL|Mozilla|Zlib|CC0|BSL|Unlicense|HPND|LLVM"
)
"""Licences that a program under the Apache License 2.0 may be used together with, unchanged."""
LOOKED_AT = {
    "antlr4-python3-runtime": "BSD-3-Clause",
    "chardet": "LGPL-2.1-or-later: used unchanged, as a package of its own",
    "resvg-py": "MIT; resvg, which is in its wheel, is under Apache-2.0 or MIT",
}
"""What the metadata does not say, or what was looked at."""


def main() -> None:
    extras = sorted(metadata.metadata("math500").get_all("Provides-Extra") or [])
    brought: dict[str, set[str]] = {}
    for extra in ["", *extras]:
        for name in closure("math500", frozenset({extra})):
            brought.setdefault(name, set()).add(extra or "core")
    print(HEAD)
    odd = []
    for name in sorted(brought):
        said = LOOKED_AT.get(name) or licence(name)
        odd += [] if KNOWN.search(said) or name in LOOKED_AT else [name]
        by = "core" if "core" in brought[name] else ", ".join(sorted(brought[name]))
        version = metadata.version(name).partition("+")[0]
        print(f"| {name} | {version} | {said} | {by} |")
    if odd:
        sys.exit(f"to be looked at: {', '.join(odd)}")


def closure(root: str, extras: frozenset[str]) -> set[str]:
    """Every package that one brings, by its canonical name."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [(root, extras)]
    while waiting:
        for requirement in required(*waiting.pop()):
            one = canonicalize_name(requirement.name), frozenset({"", *requirement.extras})
            if one not in found:
                found.add(one)
                waiting.append(one)
    return {name for name, _ in found}


def required(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """The requirements of an installed package that hold here."""
    try:
        said = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        sys.exit(f"{name} is not installed: install math500 with all of its extras")
    for one in map(Requirement, said):
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras):
            yield one


def licence(name: str) -> str:
    """What a package's metadata says, in one line."""
    said = metadata.metadata(name)
    listed = [c.rpartition(" :: ")[2] for c in said.get_all("Classifier") or [] if c.startswith("License")]
    first = (said.get("License") or "not said").strip().splitlines()[0]
    return said.get("License-Expression") or "; ".join(listed) or first


HEAD = """# Licences of what is installed with math500

math500 is under the Apache License 2.0. It contains none of these packages; pip installs them beside it. Made
by `benchmarks/licences.py` out of their own metadata, on Linux, at the versions of `constraints.txt`; data
and models are in [NOTICE.md](../NOTICE.md). "With" names the extras that bring a package, or `core`.

| package | version | licence | with |
|---|---|---|---|"""

if __name__ == "__main__":
    main()
