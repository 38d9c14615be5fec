"""A model by any of its names.

Two names are the same when their letters and digits are, whatever stands between them and whoever owns the
model: `Qwen/Qwen2.5-72B-Instruct`, `qwen2.5-72b-instruct`, `Qwen2.5 72B Instruct`. The name of a harness'
backend at the end (`-hf`, `-vllm`, ...) is left out. A name without a date stands for all dated snapshots of
the model.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable
from importlib.resources import files

from math500.errors import UsageError
from math500.records import PublishedModel, PublishedScore
from math500.scores import registry

BACKENDS = re.compile(r"[-_ ](hf|vllm|turbomind|lmdeploy|api|awq|gptq(-int[48])?|fp8|bf16)$", re.IGNORECASE)
DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{2}-\d{2}|\d{4}|\d{3})$")
"""A snapshot's date or number at the end of a name."""
OWNERS = re.compile(
    r"^(openai|google|anthropic|deepseek|meta|microsoft|alibaba|xai|mistral)[ /-]+", re.IGNORECASE
)
"""An owner's name that people write before a model's."""


def plain(name: str) -> str:
    """A name as letters and digits, without its owner and backend; the colon of a tag (`r1:32b`) stays."""
    own = BACKENDS.sub("", name.strip().rsplit("/", 1)[-1])
    return "".join(c for c in own.casefold() if c.isalnum() or c in ".:").strip(".:")


def words(name: str) -> frozenset[str]:
    """The parts of a name, for names that are nearly right."""
    own = BACKENDS.sub("", name.strip().rsplit("/", 1)[-1])
    return frozenset(re.findall(r"[a-z]+[\d.]*[a-z]*|\d[\d.]*[a-z]*", own.casefold()))


def find(name: str) -> PublishedModel | None:
    """The model of this name with all that is published on it; None when there is none.

    A name without a date has the scores of the undated model first, then those of its snapshots.

    Raises:
        UsageError: the name could mean several models.
    """
    return _found(name, registry.rows())


def _found(name: str, rows: tuple[PublishedScore, ...]) -> PublishedModel | None:
    index = _index(rows)
    wanted = plain(name)
    bare = OWNERS.sub("", name.rsplit("/", 1)[-1].strip())
    ids = index.get(wanted) or index.get(plain(bare), frozenset())
    if not ids:
        return None
    undated = {i for i in ids if not DATE.search(i)}
    chosen = undated or ids
    bases = {DATE.sub("", i) for i in chosen}
    if len(bases) > 1:
        listed = ", ".join(sorted(ids))
        raise UsageError(f"{name!r} could be {listed}", "Use one of these names.")
    (base,) = bases
    dated = bool(DATE.search(name.strip())) and len(chosen) == 1
    members = chosen if dated else chosen | {r.model for r in rows if DATE.sub("", r.model) == base}
    own = min(chosen, key=len)
    of = [row for row in rows if row.model in members]
    return PublishedModel(
        model=own,
        rows=tuple(sorted(of, key=lambda row: (row.model not in chosen, row.model))),
        versions=tuple(sorted(members)),
        names=tuple(sorted({row.called for row in of} | set(_aliases().get(own, ())))),
    )


@functools.cache
def _index(rows: tuple[PublishedScore, ...]) -> dict[str, frozenset[str]]:
    """Plain name to the models that have it."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for name in (row.model, *_variants(row.called)):
            found.setdefault(plain(name), set()).add(row.model)
        if (base := DATE.sub("", row.model)) != row.model:
            found.setdefault(plain(base), set()).add(row.model)
    for model, names in _aliases().items():
        for name in names:
            found.setdefault(plain(name), set()).add(model)
    return {name: frozenset(models) for name, models in found.items()}


def _variants(called: str) -> Iterable[str]:
    """A source's name, and the same without what it says in brackets or about the mode."""
    bare = re.sub(r"\s*\(.*\)", "", called)
    return {called, bare, re.sub(r"\s+(non-thinking|thinking|\d-shot|CoT|TIR.*|reasoning o\w+)$", "", bare)}


@functools.cache
def _aliases() -> dict[str, list[str]]:
    text = files("math500.scores").joinpath("names.toml").read_text(encoding="utf-8")
    return {str(model): [str(n) for n in names] for model, names in tomllib.loads(text).items()}


def near(name: str, rows: Iterable[PublishedScore]) -> list[str]:
    """Models whose name shares most parts with this one, the nearest first."""
    wanted = words(name)
    scored = {row.model: len(wanted & words(row.model)) / len(wanted | words(row.model)) for row in rows}
    return sorted((m for m, s in scored.items() if s >= 0.3), key=lambda m: -scored[m])
