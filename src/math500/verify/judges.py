"""Every judgement read again out of the judge's replies, and every judged grade made again out of them."""

from __future__ import annotations

from collections.abc import Iterator

from math500 import grading, judge
from math500.judge import ask
from math500.plural import counted
from math500.records import Grade, Judgement, Judging, RunCheck
from math500.rundir import Key
from math500.verify.folder import Folder, either, named, note

SCOPES: tuple[judge.Scope, ...] = ("cascade", "wrong", "all")


def check(folder: Folder) -> Iterator[RunCheck]:
    """Each judge, then each file of grades by it."""
    for stem in folder.run.judges():
        judging = folder.run.judging(stem)
        if judging is None:
            continue
        replies = folder.run.judgements(stem)
        if folder.made.responses_left_out:
            yield note(f"judge {stem}", "its replies were left out; its grades are taken as they are")
            continue
        yield _replies(folder, stem, judging, replies)
        for scope in SCOPES:
            yield from _grades(folder, judging, scope, replies)


def _replies(folder: Folder, stem: str, judging: Judging, replies: dict[Key, list[Judgement]]) -> RunCheck:
    """A reply was read as its own words say, about a sample of this run."""
    where = []
    for key, each in replies.items():
        if key not in folder.samples:
            where.append(f"{named(key)}: no such sample")
        for reply in each:
            if reply.generation is None:
                continue
            said = judge.read(judging.form, reply.generation) or ""
            if said != reply.said:
                where.append(f"{named(key)}: {reply.said or 'unreadable'!r}, again {said or 'unreadable'!r}")
    good = f"{counted(sum(map(len, replies.values())), 'reply', 'replies')} read again, the same"
    next_step = f"Take judges/{stem}.jsonl from a copy, or move it away and judge anew."
    return either(
        f"judge {stem}", good, ("reply says something else", "replies say something else"), where, next_step
    )


def _grades(
    folder: Folder, judging: Judging, scope: judge.Scope, replies: dict[Key, list[Judgement]]
) -> Iterator[RunCheck]:
    """The grades of a scope: the judge's where it was asked, the rule's elsewhere."""
    name, _, version = judging.name.partition("/")
    begins = f"{name}-{scope}-{version}."
    for kept in (one for one in folder.run.graders() if one.startswith(begins)):
        about = f"grades {kept}"
        given = folder.run.grades(kept)
        if kept.removeprefix(begins) != grading.GRADER.partition("/")[2]:
            yield note(
                about,
                f"{counted(len(given), 'grade stands', 'grades stand')} on another version of "
                "the rule; taken as given",
            )
            continue
        cases = {case.key: case for case in judge.of_run(folder.run, judging.form, scope)}
        where = [f"{named(key)}: graded, and not by the rule" for key in given if key not in cases]
        for key, case in cases.items():
            if key in given:
                readable = ask.readable(replies.get(key, ()), case)
                now = case.rule if case.shown is None else ask.grade_of(case, judging, readable)
                if _short(now) != _short(given[key].grade):
                    where.append(f"{named(key)}: {_short(given[key].grade)}, again {_short(now)}")
        good = f"{len(given)} made again out of the replies, the same"
        next_step = (
            f"Move grades/{kept}.jsonl away; the same `math500 judge` makes it again and asks nothing."
        )
        yield either(
            about,
            good,
            ("grade is not what the replies give", "grades are not what the replies give"),
            where,
            next_step,
        )


def _short(grade: Grade | None) -> str:
    return "nothing" if grade is None else f"{grade.verdict} on {grade.extracted!r}"
