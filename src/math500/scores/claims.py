"""A table of claimed scores against the rows.

    supported         the model has this score on this set
    version-specific  one of its versions has it, and others have another
    name wrong        the name is a part of the name of the model that has it
    no such model     the name is made of that of the model that has it and something else
    other set         it has this score, on another set of problems
    contradicted      it has other scores, or none, and this one is another model's
    plausible         measured by the claimant, possible, and near what is published
    not this set      measured, and no number of right answers on this set gives it
    impossible        not measured on this set by anybody: no number of right answers gives it
    unknown           nothing is published of the model, and nobody's score is this one

A claim that is said to be `measured` is no claim about what is published: it is held against what is
possible and what is usual.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from math500.errors import DataUnreadable, why
from math500.records import Claim, ClaimVerdict, PublishedModel, PublishedScore
from math500.scores import forensics, names, registry

USUAL = 15.0
"""Points within which a measured score is plausible beside a published one: reporters of one model differ by
up to about ten, and a short token limit or a grader takes more."""
COLUMNS = {
    "model": ("model", "claim", "name"),
    "score": ("score", "claimed", "value"),
    "data": ("data", "dataset"),
}
_MEASURED = re.compile(r"\b(measured|ours|reproduced|实测)\b", re.IGNORECASE)
_REMARK = re.compile(
    r"[\"“”'(].*$|\b(measured|ours|reproduced|official|reported|实测|官方)\b.*$", re.IGNORECASE
)


def read(path: Path) -> list[dict[str, str]]:
    """The claims of a CSV file with the columns model and score, and data where it is not MATH-500.

    Raises:
        DataUnreadable: it is no such file; the message names the row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            listed = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise DataUnreadable(f"{path} cannot be read ({why(e)})", "Give a CSV file in UTF-8.") from e
    claims = []
    for number, row in enumerate(listed, 2):
        found = {key: next((row[c] or "" for c in names_ if c in row), "") for key, names_ in COLUMNS.items()}
        found = {key: value.strip() for key, value in found.items()}
        if not registry.is_score(found["score"]):
            raise DataUnreadable(
                f"{path}, line {number}: {found['score']!r} is no score",
                "The file needs the columns model and score, the score in percent.",
            )
        found["data"] = _set(found["data"], f"{path}, line {number}")
        claims.append(found)
    return claims


def _set(name: str, where: str) -> str:
    """A set in the registry's spelling; MATH-500 where none is named."""
    known = {names.plain(data): data for data in registry.SIZES}
    plain = names.plain(name or "MATH-500")
    if plain not in known:
        raise DataUnreadable(
            f"{where}: nothing is published here of the set {name!r}",
            f"The sets are {', '.join(known.values())}; take other rows out.",
        )
    return known[plain]


def check(model: str, score: str, data: str = "MATH-500") -> Claim:
    """What the registry says of one claim.

    Args:
        model: as claimed; a remark behind it (`measured`, `official`, ...) is understood.
        score: in percent, as printed.
        data: the set that it is said to be of.
    """
    rows = registry.rows()
    # What stands in brackets can be a remark, or a part of the name: `o3-mini (high)`.
    name = model if names.find(model) else _REMARK.sub("", model).strip() or model
    found = names.find(name)
    verdict = _measured if _MEASURED.search(model) else _published
    kind, why, evidence = verdict(name, found, score, data, rows)
    return Claim(model=model, score=score, data=data, verdict=kind, why=why, evidence=tuple(evidence))


Judged = tuple[ClaimVerdict, str, Sequence[PublishedScore]]


def _published(
    name: str, found: PublishedModel | None, score: str, data: str, rows: Iterable[PublishedScore]
) -> Judged:
    owners = [row for row in rows if forensics.same(row, score)]
    if found is None:
        return _of_nobody(name, score, owners)
    have = [row for row in owners if row.model in found.versions]
    same_set = [row for row in have if row.data == data]
    if same_set:
        return _supported(found, score, data, same_set)
    if have:
        return "other set", f"{score} is its score on {have[0].data}, not on {data}", have
    return "contradicted", f"{_told(found.rows)}; {score} is {_owned(name, owners)}", [*found.rows, *owners]


def _supported(found: PublishedModel, score: str, data: str, rows: Sequence[PublishedScore]) -> Judged:
    if found.model in {row.model for row in rows}:
        return "supported", f"{_told(rows)}{_otherwise(found, score, data)}", rows
    versions = sorted({row.model for row in rows})
    others = [row for row in found.rows if row.model not in versions and row.data == data]
    return "version-specific", f"{score} is of {', '.join(versions)} only; {_told(others)}", [*rows, *others]


def _otherwise(found: PublishedModel, score: str, data: str) -> str:
    others = [row for row in found.rows if row.data == data and not forensics.same(row, score)]
    return f"; others report {_told(others)}" if others else ""


def _of_nobody(name: str, score: str, owners: Sequence[PublishedScore]) -> Judged:
    """The name is on no row: whose could it be?"""
    wanted = names.words(name)
    for row in owners:
        known = names.words(row.model)
        if wanted < known:
            return "name wrong", f"{score} is {row.model}'s, which this name is a part of", [row]
        if known < wanted:
            return "no such model", f"{score} is {row.model}'s; nothing is published of {name}", [row]
    if owners:
        return "contradicted", f"nothing is published of {name}; {score} is {_owned(name, owners)}", owners
    return "unknown", f"nothing is published of {name}, and {score} is nobody's published score", ()


def _measured(
    name: str, found: PublishedModel | None, score: str, data: str, rows: Iterable[PublishedScore]
) -> Judged:
    size = registry.SIZES[data]
    own = [row for row in rows if found is not None and row.model in found.versions]
    beside = f"published of {name}: {_told(own)}" if own else f"nothing is published of {name}"
    usual = any(abs(float(row.score) - float(score)) <= USUAL for row in own)
    if forensics.right_of(float(score), forensics.decimals(score), size) is not None:
        return ("plausible" if usual else "unknown"), beside, own
    other = [s for s, n in registry.SIZES.items() if s != data and _fits(score, n)]
    said = f"{score} cannot be of {size} problems{_as(score, other)}; {beside}"
    return ("not this set" if other and usual else "impossible"), said, own


def _fits(score: str, n: int) -> bool:
    return forensics.right_of(float(score), forensics.decimals(score), n) is not None


def _as(score: str, others: Sequence[str]) -> str:
    parts = []
    for name in others:
        right = forensics.right_of(float(score), forensics.decimals(score), registry.SIZES[name])
        parts.append(f"it is {right:,} of {registry.SIZES[name]:,} ({name})")
    return "; " + ", ".join(parts) if parts else ""


def _told(rows: Iterable[PublishedScore]) -> str:
    """Scores with their set and reporter."""
    parts = [f"{r.score} ({r.data}, {r.reporter.partition(':')[2] or r.reporter})" for r in rows]
    return ", ".join(dict.fromkeys(parts)) or "no score is published"


def _owned(name: str, owners: Sequence[PublishedScore]) -> str:
    """Whose score it is; those whose name is most like the claimed one first, then those on MATH-500."""
    wanted = names.words(name)
    ordered = sorted(owners, key=lambda r: (-len(wanted & names.words(r.model)), r.data != "MATH-500"))
    models = dict.fromkeys(r.model for r in ordered)
    return f"that of {', '.join(list(models)[:3])}" if models else "nobody's published score"
