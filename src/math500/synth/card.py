"""The data card: README.md with the header that `datasets.load_dataset` reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from math500.plural import counted
from math500.records import CompletionRow, Parent, PreferenceRow, QuestionRow, StepRow, TrainingSet

Row = CompletionRow | PreferenceRow | StepRow | QuestionRow
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
FORM = {
    "prompt-completion": "`prompt` and `completion` are lists of messages: TRL's prompt-completion form",
    "preference": "`prompt`, `chosen` and `rejected` are lists of messages: TRL's preference form",
    "stepwise": "`prompt` is a list of messages, `completions` are steps with `labels`: TRL's stepwise form",
    "prompt-only": "`prompt` is a list of messages, with its `answer`: TRL's prompt-only form",
}


def write(manifest: TrainingSet, rows: Sequence[Row]) -> str:
    """The card of a set."""
    parts = [
        _header(manifest),
        _opening(manifest),
        _section("Rows", _by_level(rows), _by_subject(rows)),
        _section("Sources", *(_parent(parent) for parent in manifest.parents)) if manifest.parents else "",
        _section("How they were chosen", _settings(manifest), _left_out(manifest)),
        _section("Decontamination", _decontamination(manifest)),
        _section("Licence", *(manifest.sources or ("Not known to math500.",)), LICENCE),
        _section("Notes", *manifest.notes) if manifest.notes else "",
        f"Made by math500 {manifest.math500_version}; `manifest.json` has all of this for machines.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


LICENCE = (
    "The problems belong to their data sets. The solutions were written by the models named above: their "
    "licences may limit what may be trained on them."
)


def _header(manifest: TrainingSet) -> str:
    size = next((f"n<{top:,}" for top in SIZES if manifest.rows < top), "n>10M")
    category = {"n<1,000": "n<1K", "n<10,000": "1K<n<10K", "n<100,000": "10K<n<100K"}
    category |= {"n<1,000,000": "100K<n<1M", "n<10,000,000": "1M<n<10M"}
    return (
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: train.parquet\n"
        f"size_categories:\n- {category.get(size, size)}\n"
        "task_categories:\n- text-generation\ntags:\n- math\n- math500\n---"
    )


def _opening(manifest: TrainingSet) -> str:
    return (
        f"# {counted(manifest.rows, 'training row')} by `math500 synth {manifest.method}`\n\n"
        f"{counted(manifest.rows, 'row')} over {counted(manifest.problems, 'problem')}. "
        f"{FORM[manifest.kind]}.\n\n"
        "```python\nfrom datasets import load_dataset\n\n"
        'rows = load_dataset("THIS FOLDER", split="train")\n```'
    )


def _section(title: str, *blocks: str) -> str:
    return "\n\n".join([f"## {title}", *(block for block in blocks if block)])


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _by_level(rows: Iterable[Row]) -> str:
    counted = Counter("?" if row.level is None else str(row.level) for row in rows)
    return _table(["level", "rows"], sorted(counted.items()))


def _by_subject(rows: Iterable[Row]) -> str:
    counted = Counter(row.subject or "?" for row in rows)
    names = sorted(counted, key=lambda name: (-counted[name], name))
    return _table(["subject", "rows"], [(name, counted[name]) for name in names])


def _parent(parent: Parent) -> str:
    d = parent.decoding
    facts = {
        "model": f"{parent.model.name} {_detail(parent)}".strip(),
        "problems": f"{parent.data.name}, {counted(parent.data.rows, 'row')}, sha256 {parent.data.sha256}",
        "prompt": f"{parent.prompt.name} ({parent.prompt.source})",
        "solver": parent.solver.name,
        "decoding": f"temperature {d.temperature}, top_p {d.top_p}, seed {d.seed}",
        "tokens at most": d.max_tokens,
        "samples per problem": parent.samples,
        "grader": parent.grader,
        "samples' sha256": parent.samples_sha256,
        "grades' sha256": parent.grades_sha256,
    }
    return f"Run `{parent.run}`\n\n" + _table(["", ""], facts.items())


def _detail(parent: Parent) -> str:
    name = parent.model.detail.get("sha256")
    return f"(sha256 {name})" if name else ""


def _settings(manifest: TrainingSet) -> str:
    return _table(["setting", "value"], [*manifest.settings.items(), ("seed", manifest.seed)])


def _left_out(manifest: TrainingSet) -> str:
    if not manifest.left_out:
        return "Nothing was left out."
    return "Left out (`left_out.jsonl` has each):\n\n" + _table(
        ["reason", "samples"], manifest.left_out.items()
    )


def _decontamination(manifest: TrainingSet) -> str:
    report = manifest.decontamination
    sets = _table(
        ["checked against", "problems", "sha256"], [(s.name, f"{s.rows:,}", s.sha256) for s in report.against]
    )
    found = _table(["found by", "rows"], report.by_rule.items()) if report.by_rule else ""
    words = (
        f"{counted(report.checked, 'row was', 'rows were')} checked by {report.gate} and "
        f"{report.dropped:,} dropped."
    )
    return "\n\n".join(part for part in (words, sets, found) if part)
