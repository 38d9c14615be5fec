"""Which of several new problems is the better one? Rows for an instruction reward model (WizardMath's IRM).

    runs of `synth evolve`  ->  the problems that were written, by the one that they were made of
                            ->  a judge ranks them, and once more in the reverse order
                            ->  each pair that both rankings put in the same order  ->  the gate  ->  a row

Luo et al. 2023, arXiv:2308.09583: the model judges new instructions by their definition, their precision and
their integrity, and learns from rankings of four to eight at a time. What these words mean is told in
math500's own words. A judge prefers what stands first, or last: a pair of which the two rankings disagree
says nothing but that, and a tie says nothing either. Both are left out, and counted.

In a row the question is always the same one (`QUESTION`), and the problems are the answers: so the reward of
a problem does not hang on the problem that it was made of, which nobody has when the model is used.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from math500 import evaluate
from math500.errors import UsageError
from math500.grading.visible import visible
from math500.judge import quote
from math500.judge.forms import DATA_ONLY
from math500.plural import counted
from math500.records import LeftOut, Message, Plan, PreferenceRow, Problem, Prompt, Sample, SolverInfo
from math500.rundir import RunDir
from math500.synth import dataset, evolving, fairness, rft, spelling, stage
from math500.synth.stage import Stages

METHOD = "ranks"
MOST = 8
"""Problems in one ranking, as in the paper; of more, several rankings are made."""
LETTERS = "ABCDEFGH"
QUESTION = "Write a mathematics problem that is well defined, precise and complete."
"""The question of every row, and of whoever asks the trained model for a problem's reward."""
PROMPT = Prompt(
    name="rank",
    template="{problem}",
    source="math500; the criteria are those of Luo et al. 2023, arXiv:2308.09583",
    description="A ranking of new problems; the request stands in the problem's place.",
)
TEMPLATE = f"""\
Here are {{count}} mathematics problems. Rank them by their quality as problems, the best one first:

- definition: it is clear what is given and what is asked, and there is one question;
- precision: words, numbers and formulas say exactly what is meant, and can be read in one way only;
- integrity: nothing that is needed is missing, nothing contradicts anything else, and there is exactly \
one answer.

How hard or how long a problem is makes it neither better nor worse. Do not solve the problems.

{DATA_ONLY}

{{problems}}

Weigh each problem by the three points in a few words. End your reply with one line \
`Ranking: {{example}}`, with every letter once; write = between problems of the same quality."""

_RANKING = re.compile(
    r"\branking\b[\s*_`:]*(?P<said>[A-H](?:[\s*_`,()]*[>=][\s*_`,()]*[A-H])+)", re.IGNORECASE
)
_ALONE = re.compile(r"[\s*_`]*(?P<said>[A-H](?:\s*[>=]\s*[A-H])+)[\s*_`.]*", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """How problems are ranked.

    Attributes:
        seed: which letters they get, and which are ranked together.
        against: further sets to check the rows against.
    """

    seed: int = 0
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A problem that was written."""

    unique_id: str
    run: str
    sample: int
    text: str
    subject: str = ""

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return f"{self.run}\n{self.unique_id}\n{self.sample}"


@dataclass(frozen=True)
class Group:
    """Problems that are ranked together."""

    name: str
    members: tuple[Candidate, ...]

    def asked(self, order: int, salt: str) -> Problem:
        """The request, in this order (1) or in the reverse one (2)."""
        members = self.members if order == 1 else self.members[::-1]
        around = quote.mark(salt, self.name, *(one.text for one in self.members))
        named = zip(LETTERS, members, strict=False)
        shown = "\n\n".join(
            f"Problem {letter}:\n{quote.block(quote.plain(one.text), around)}" for letter, one in named
        )
        texts = {
            "count": str(len(members)),
            "problems": shown,
            "example": " > ".join(LETTERS[: len(members)][::-1]),
        }
        # One pass: what stands in the texts themselves is never filled in.
        text = re.sub(r"\{(count|problems|example)\}", lambda match: texts[match[1]], TEMPLATE)
        return Problem(problem=text, answer="", unique_id=f"{self.name}+order{order}")


def make(runs: Sequence[RunDir], stages: Stages, settings: Settings | None = None) -> dataset.TrainingSet:
    """Write a training set of pairs of problems.

    Args:
        runs: those of `synth evolve` in which problems were written (NAME-evolve-1, ...).
        stages: how the judge is asked.
        settings: see there.

    Raises:
        Contaminated: the problems were made of MATH-500's.
        UsageError: a run wrote no problems, there is nothing to rank, or nothing is left.
        Math500Error: as for a run; the same command goes on.
    """
    settings = settings or Settings()
    dataset.refuse_taken(stages.out)
    stage.refuse_runs(runs)
    stage.require_one_set(runs)
    if other := [run for run in runs if run.manifest.prompt.name != evolving.EVOLVE.name]:
        raise UsageError(
            f"{other[0].path} wrote no new problems",
            "Take the runs of `math500 synth evolve` that are called NAME-evolve-1 and so on.",
        )
    runs = sorted(runs, key=lambda run: run.path.resolve().name)
    found, left_out = _groups(runs, settings)
    if not found:
        raise UsageError(
            f"no problem was changed in two ways ({stage.counted(left_out) or 'there was none'})",
            "Evolve with --width 2 or more.",
        )
    request = stage.of_run(stages.request, runs[0])
    roots = tuple(dict.fromkeys(stage.root(unique_id) for unique_id in request.ids))
    stages = replace(stages, request=replace(request, ids=roots, solver=SolverInfo()))
    stages.say(
        f"{counted(sum(len(group.members) for group in found), 'problem')} in {counted(len(found), 'group')}"
    )
    asked = [group.asked(order, str(settings.seed)) for group in found for order in (1, 2)]
    decoding = stage.greedy(stages.request.decoding)
    ranked = stages.carry_out("ranked", asked, PROMPT, samples=1, decoding=decoding)
    samples = ranked.samples()
    rows: list[PreferenceRow] = []
    for group in found:
        replies = [samples.get((f"{group.name}+order{order}", 0)) for order in (1, 2)]
        rows += pairs(group, replies, left_out)
    return dataset.write(
        stages.out,
        _plan(settings, stages),
        rows,
        left_out,
        parents=[rft.parent_of(run, None) for run in (*runs, ranked)],
        sources=dict.fromkeys(rft.source_of(run) for run in runs),
        notes=[
            "The order of each pair is a judge's, alike in both orders of asking; it was checked by nobody."
        ],
    )


def _plan(settings: Settings, stages: Stages) -> Plan:
    return Plan(
        kind="preference",
        method=METHOD,
        settings={"judge": stages.request.model, "question": QUESTION, "together": MOST},
        seed=settings.seed,
        against=settings.against,
    )


# -- what is ranked ----------------------------------------------------------------------------


def _groups(runs: Sequence[RunDir], settings: Settings) -> tuple[list[Group], list[LeftOut]]:
    """The problems made of each problem, in the seed's order, at most `MOST` together."""
    left_out: list[LeftOut] = []
    made: dict[str, dict[str, Candidate]] = defaultdict(dict)
    for run in runs:
        for one, reason in _written(run):
            of = stage.root(one.unique_id)
            said = spelling.squashed(spelling.cleaned(one.text))
            if reason or made[of].setdefault(said, one) is not one:
                left_out.append(_left_out(one, reason or "like_another"))
    found = []
    for of, texts in made.items():
        members = fairness.shuffled(texts.values(), settings.seed, lambda one: one.name)
        parts = -(-len(members) // MOST)
        groups = [members[part::parts] for part in range(parts)]
        found += [Group(f"{of}+rank{n}", tuple(each)) for n, each in enumerate(groups, 1) if len(each) > 1]
        left_out += [_left_out(each[0], "alone") for each in groups if len(each) == 1]
    return found, left_out


def _written(run: RunDir) -> Iterator[tuple[Candidate, str]]:
    """The problems that a run wrote, each with the reason for which it cannot be ranked.

    One that is badly made can: that is what the judge is there for.
    """
    samples = run.samples()
    for problem in run.problems():
        for index in range(run.manifest.samples):
            sample = samples.get((problem.unique_id, index))
            if sample is None:
                continue
            text = evolving.written(sample.response)
            reason = "no_problem" if evolving.malformed(text)[0] == "no_problem" else ""
            if sample.failure is not None:
                reason = "failed"
            elif evaluate.truncated(sample):
                reason = "truncated"
            name = run.path.resolve().name
            yield Candidate(problem.unique_id, name, index, text, problem.subject), reason


def _left_out(one: Candidate, reason: str, evidence: str = "") -> LeftOut:
    return LeftOut(
        problem_id=one.unique_id, reason=reason, evidence=evidence, parent=one.run, sample=one.sample
    )


# -- what the rankings say ---------------------------------------------------------------------


def pairs(group: Group, replies: Sequence[Sample | None], left_out: list[LeftOut]) -> Iterator[PreferenceRow]:
    """A row for each pair that both rankings put in the same order.

    Args:
        group: what was ranked.
        replies: in its order, and in the reverse one.
        left_out: gets the others.
    """
    first, second = (read(reply, len(group.members)) for reply in replies)
    if isinstance(first, str) or isinstance(second, str):
        said = first if isinstance(first, str) else str(second)
        left_out += [_left_out(one, "unreadable", said) for one in group.members]
        return
    second = second[::-1]  # places of the members in the group's own order
    for a, b in itertools.combinations(range(len(group.members)), 2):
        one, other = group.members[a], group.members[b]
        if (first[a] < first[b]) != (second[a] < second[b]) or (first[a] > first[b]) != (
            second[a] > second[b]
        ):
            left_out.append(_left_out(one, "order_decides", f"beside {other.unique_id}"))
        elif first[a] == first[b]:
            left_out.append(_left_out(one, "tie", f"with {other.unique_id}"))
        else:
            yield _row(one, other) if first[a] < first[b] else _row(other, one)


def read(reply: Sample | None, count: int) -> tuple[int, ...] | str:
    """The place of each problem in a ranking, 0 for the best, or why a reply gives none.

    Args:
        reply: the judge's.
        count: how many problems it was shown.
    """
    if reply is None or reply.failure is not None:
        return "no reply could be had"
    if evaluate.truncated(reply):
        return "the token limit ended the reply"
    text = (visible(reply.response) or "").strip()
    alone = _ALONE.fullmatch(text)
    said = [alone["said"]] if alone else [match["said"] for match in _RANKING.finditer(text)]
    if not said:
        return f"it gives no ranking: {' '.join(text.split())[-80:]}"
    places: dict[str, int] = {}
    place = 0
    for letter, sign in re.findall(r"([A-H])[^A-H>=]*([>=]?)", said[-1].upper()):
        if letter in places:
            return f"{letter} stands twice in the ranking"
        places[letter] = place
        place += sign == ">"
    if set(places) != set(LETTERS[:count]):
        return f"the ranking is of {', '.join(sorted(places))}"
    return tuple(places[letter] for letter in LETTERS[:count])


def _row(better: Candidate, worse: Candidate) -> PreferenceRow:
    return PreferenceRow(
        prompt=(Message(role="user", content=QUESTION),),
        chosen=(Message(role="assistant", content=better.text),),
        rejected=(Message(role="assistant", content=worse.text),),
        problem_id=better.unique_id,
        parent=better.run,
        sample=better.sample,
        rejected_parent=worse.run,
        rejected_sample=worse.sample,
        subject=better.subject,
        method=METHOD,
    )
