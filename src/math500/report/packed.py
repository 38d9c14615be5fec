"""All samples of the page, compressed.

The index holds what the list and its filters need: the problems, and for each sample its verdict, reason,
length, answer. Bodies (responses, grades) lie in blocks of neighbouring samples; the page opens a block
when one of its samples is looked at. A block is JSON, deflated (what the browser's
`DecompressionStream("deflate")` reads). The samples of a problem lie side by side, since they resemble
each other and compress well together.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from math500 import evaluate, grading
from math500.failures import MEANING, ORDER
from math500.grading.visible import THINKING
from math500.records import Ballot, Execution, Generation, Grade, Sample, Score
from math500.report.charts import generated
from math500.report.facts import Facts
from math500.report.versus import names
from math500.rundir import Key

BLOCK = 160_000
"""Characters of responses after which a block is closed."""
VERDICTS = ("correct", "wrong", "no_answer", "ungraded", "failed")
"""A sample's verdict in the index is its place in here."""


@dataclass(frozen=True)
class Packed:
    """The compressed index and blocks."""

    index: bytes
    blocks: tuple[bytes, ...]


def pack(runs: Sequence[Facts], *, level: int = 6) -> Packed:
    """The samples of all runs; a problem that several runs share is there once."""
    packer = _Packer(level)
    shown = [packer.run(of, called) for of, called in zip(runs, names(runs), strict=True)]
    packer.close()
    index = {
        "problems": packer.problems,
        "runs": shown,
        "verdicts": VERDICTS,
        "reasons": [[why, MEANING[why]] for why in ORDER],
        "thinking": THINKING,
    }
    return Packed(_deflated(index, level), tuple(packer.blocks))


class _Packer:
    """Fills blocks one after the other."""

    def __init__(self, level: int) -> None:
        self.problems: list[Sequence[Any]] = []
        self.blocks: list[bytes] = []
        self._places: dict[tuple[str, str, str], int] = {}
        self._open: list[dict[str, Any]] = []
        self._size = 0
        self._level = level

    def run(self, of: Facts, called: str) -> dict[str, Any]:
        """One run's part of the index; its bodies go into the blocks."""
        rows = [self._row(of, place, key) for place, key in self._keys(of)]
        return {
            "name": called,
            "model": of.manifest.model.name,
            "samples": of.manifest.samples,
            "graders": list(of.grades),
            "limit": of.manifest.decoding.max_tokens,
            "rows": [list(column) for column in zip(*rows, strict=True)] if rows else [],
        }

    def close(self) -> None:
        """End the block that is being filled."""
        if self._open:
            self.blocks.append(_deflated(self._open, self._level))
            self._open, self._size = [], 0

    def _keys(self, of: Facts) -> Iterator[tuple[int, Key]]:
        for p in of.problems:
            name = (p.unique_id, p.problem, p.answer)
            if name not in self._places:
                self._places[name] = len(self.problems)
                self.problems.append((p.unique_id, p.subject, p.level, p.problem, p.answer, p.solution))
            for i in range(of.manifest.samples):
                if (p.unique_id, i) in of.samples:
                    yield self._places[name], (p.unique_id, i)
            if self._size > BLOCK:
                self.close()

    def _row(self, of: Facts, place: int, key: Key) -> tuple[Any, ...]:
        sample, grade, reason = of.samples[key], of.main.get(key), of.reasons.get(key)
        row = (
            place,
            key[1],
            VERDICTS.index(_verdict(sample, grade)),
            ORDER.index(reason.why) if reason else -1,
            generated(of, key),
            int(evaluate.truncated(sample)),
            grade.extracted if grade else None,
            len(self.blocks),
            len(self._open),
        )
        self._open.append(_body(of, key))
        self._size += len(sample.response) + sum(len(g.reasoning) for g in sample.generations)
        return row


def _verdict(sample: Sample, grade: Grade | None) -> str:
    return "failed" if sample.failure else grade.verdict if grade else "ungraded"


def _body(of: Facts, key: Key) -> dict[str, Any]:
    """What is shown of a sample when it is opened; empty parts are left out."""
    sample, reason = of.samples[key], of.reasons.get(key)
    last = sample.generations[-1] if sample.generations else None
    body = {
        "r": sample.response,
        "t": "\n\n".join(g.reasoning for g in sample.generations if g.reasoning),
        "steps": [_step(g) for g in sample.generations[:-1]],
        "e": [[e.code, _came_of(e)] for e in sample.executions],
        "b": [[b.answer, b.votes, round(b.weight, 3), _voters(b)] for b in sample.ballots],
        "j": [[score.voter + 1, score.value, _replies(score)] for score in sample.scores],
        "f": last.finish_reason if last else "",
        "s": round(sample.seconds, 1),
        "a": _answer(sample, of.main.get(key)),
        "g": [_grade(name, grades[key]) for name, grades in of.grades.items() if key in grades],
        "x": f"{sample.failure.kind}: {sample.failure.detail}" if sample.failure else "",
        "w": [reason.kind, reason.evidence] if reason else None,
    }
    return {name: value for name, value in body.items() if value not in ("", [], None)}


def _step(generation: Generation) -> str:
    """A reply on the way: its text, and the calls that it makes."""
    calls = (f"{call.name}({call.arguments})" for call in generation.tool_calls)
    return "\n\n".join(part for part in (generation.text, *calls) if part)


def _came_of(execution: Execution) -> str:
    ended = f"(ended the session: {execution.ended})" if execution.ended else ""
    return "\n".join(part for part in (execution.output.rstrip(), execution.error, ended) if part)


def _voters(ballot: Ballot) -> str:
    """Which of the solutions gave this answer, counted from 1."""
    return ", ".join(str(voter + 1) for voter in ballot.voters)


def _replies(score: Score) -> str:
    return "\n\n".join(g.text for g in score.generations)


def _grade(grader: str, grade: Grade) -> tuple[str, ...]:
    return grader, grade.verdict, grade.extracted or "", grade.rule, grade.stage, grade.reason


def _answer(sample: Sample, grade: Grade | None) -> tuple[int, int] | None:
    """Where the graded answer stands in the response, in UTF-16 units as the browser counts."""
    if grade is None or grade.extracted is None:
        return None
    found = grading.extract(sample.response, truncated=evaluate.truncated(sample))
    if found.answer != grade.extracted or found.end <= found.start:
        return None
    return _utf16(sample.response, found.start), _utf16(sample.response, found.end)


def _utf16(text: str, offset: int) -> int:
    return offset if text.isascii() else len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


def _deflated(value: object, level: int) -> bytes:
    return zlib.compress(msgspec.json.encode(value), level)
