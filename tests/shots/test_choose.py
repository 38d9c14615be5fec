from __future__ import annotations

import pytest

from math500 import data, prompts, shots
from math500.data import ProblemSet
from math500.errors import DataMismatch, UsageError
from math500.records import ChooseBy, DataSource, Problem

TOPICS = ("triangle sides", "prime divisors", "even functions", "red marbles", "train speeds", "square roots")


def pool_of(rows: tuple[Problem, ...], name: str = "train") -> ProblemSet:
    source = DataSource(name=name, place="path", location="x", rows=len(rows), sha256="abc", verified=False)
    return ProblemSet(source, rows)


def row(i: int, text: str, subject: str = "Algebra") -> Problem:
    return Problem(
        problem=text,
        answer=str(i),
        solution=f"So it is $\\boxed{{{i}}}$.",
        unique_id=f"t/{i}",
        subject=subject,
    )


@pytest.fixture
def pool() -> ProblemSet:
    """Six topics, four rows each, half of them Algebra and half Geometry."""
    return pool_of(
        tuple(
            row(
                i,
                f"Case {'abcd'[i % 4]}: what about {TOPICS[i // 4]} in year {i}?",
                ("Algebra", "Geometry")[i % 2],
            )
            for i in range(24)
        )
    )


QUESTIONS = (
    Problem(problem="I ask of red marbles again", answer="1", unique_id="q/0", subject="Algebra"),
    Problem(problem="How fast do train speeds grow", answer="1", unique_id="q/1", subject="Geometry"),
    Problem(problem="Which even functions are there", answer="1", unique_id="q/2", subject="Algebra"),
)


def test_by_subject_all_problems_of_a_subject_are_shown_the_same(pool: ProblemSet) -> None:
    chosen = shots.choose(QUESTIONS, pool, by="subject", count=3)
    first, second, third = (one.examples for one in chosen.shown.values())
    assert first == third
    assert not set(first) & set(second)
    subjects = {p.unique_id: p.subject for p in pool.problems}
    assert {subjects[name] for name in first} == {"Algebra"}
    assert [one.unique_id for one in chosen.shown.values()] == ["q/0", "q/1", "q/2"]


def test_a_draw_is_the_seeds_and_not_the_orders(pool: ProblemSet) -> None:
    again = pool_of(tuple(reversed(pool.problems)))
    chosen = shots.choose(QUESTIONS, pool, by="subject", count=3, seed=1)
    assert shots.choose(QUESTIONS, again, by="subject", count=3, seed=1) == chosen
    other = shots.choose(QUESTIONS, pool, by="subject", count=3, seed=2)
    assert (other.digest, other.shown) != (chosen.digest, chosen.shown)
    more = shots.choose(QUESTIONS, pool, by="subject", count=4, seed=1)
    assert more.shown.keys() == chosen.shown.keys()
    assert all(more.shown[k].examples[1:] == chosen.shown[k].examples for k in chosen.shown)


def test_by_similarity_the_likest_stands_last(pool: ProblemSet) -> None:
    like = row(90, "Tell me of red marbles again and of marbles that are red")
    chosen = shots.choose(QUESTIONS, pool_of((*pool.problems, like)), by="similarity", count=3)
    examples = chosen.shown[prompts.key(QUESTIONS[0].problem)].examples
    assert examples[-1] == "t/90"
    assert all("red marbles" in chosen.shots[name].problem for name in examples)


@pytest.mark.parametrize("by", ["subject", "similarity"])
def test_a_near_duplicate_of_the_question_is_passed_over_and_counted(by: ChooseBy) -> None:
    text = "Tom walks from his house to the old mill in {} minutes. How far is the mill?"
    question = Problem(problem=text.format(20), answer="1", unique_id="q", subject="Algebra")
    rows = [row(i, text.format(i)) for i in range(3)]
    rows += [row(10 + i, f"{i} wolves walk. How far do they go?") for i in range(2)]
    rows += [row(20 + i, f"Square {w} {w}", "Geometry") for i, w in enumerate(("red", "odd", "old") * 5)]
    chosen = shots.choose([question], pool_of(tuple(rows)), by=by, count=2)
    (shown,) = chosen.shown.values()
    assert set(shown.examples) == {"t/10", "t/11"}
    assert chosen.near <= 3
    assert by == "subject" or chosen.near == 3


def test_problems_of_math500_are_never_shown(pool: ProblemSet, monkeypatch: pytest.MonkeyPatch) -> None:
    text = pool.problems[5].problem
    monkeypatch.setattr("math500.data.math500_id", lambda t: "test/algebra/1.json" if t == text else None)
    with pytest.raises(UsageError, match=r"1 problem of MATH-500 \(test/algebra/1.json\)"):
        shots.choose(QUESTIONS, pool, by="similarity", count=1)


@pytest.mark.real_data
def test_math500_itself_is_refused_and_its_train_split_is_not() -> None:
    problems = data.load("math500").problems
    with pytest.raises(UsageError, match="500 problems of MATH-500"):
        shots.choose(problems, data.load("math500"), by="subject", count=1)
    with pytest.raises(UsageError, match="500 problems of MATH-500"):
        shots.choose(problems, data.load("math-test"), by="subject", count=1)
    chosen = shots.choose(problems[:40], data.load(shots.POOL), by="similarity", count=4)
    assert {len(one.examples) for one in chosen.shown.values()} == {4}
    assert chosen.near > 0
    assert chosen.sha256 == data.load(shots.POOL).source.sha256


def test_examples_need_a_solution(pool: ProblemSet) -> None:
    bare = Problem(problem="Q", answer="1", unique_id="bare/0")
    with pytest.raises(UsageError, match=r"1 row without a worked solution \(bare/0\)"):
        shots.choose(QUESTIONS, pool_of((*pool.problems, bare)), by="subject", count=1)


def test_too_few_examples(pool: ProblemSet) -> None:
    odd = Problem(problem="Q", answer="1", unique_id="q/9", subject="Logic")
    with pytest.raises(UsageError, match=r"0 examples of its subject \(Logic\) for q/9.*--choose similarity"):
        shots.choose([odd], pool, by="subject", count=1)
    with pytest.raises(UsageError, match="24 examples for q/9, and 25"):
        shots.choose([odd], pool, by="similarity", count=25)


def test_what_was_chosen_is_shown_as_turns_in_the_prompts_own_form(pool: ProblemSet) -> None:
    chosen = shots.choose(QUESTIONS, pool, by="similarity", count=2)
    asked = prompts.messages(prompts.with_chosen(prompts.BOXED_SYSTEM, chosen), QUESTIONS[0].problem)
    assert [m.role for m in asked] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "\\boxed{" in asked[2].content
    line = prompts.messages(prompts.with_chosen(prompts.ANSWER_LINE, chosen), QUESTIONS[0].problem)
    assert line[0].content.startswith("Solve the following")
    answer = chosen.shots[chosen.shown[prompts.key(QUESTIONS[0].problem)].examples[0]].answer
    assert line[1].content.endswith(f"\n\nAnswer: {answer}")


def test_a_prompts_own_examples_give_way_and_lend_their_form(pool: ProblemSet) -> None:
    chosen = shots.choose(QUESTIONS, pool, by="similarity", count=1)
    asked = prompts.messages(prompts.with_chosen(prompts.MINERVA, chosen), QUESTIONS[0].problem)
    assert [m.role for m in asked] == ["user", "assistant", "user"]
    assert asked[1].content.startswith("So it is $")
    assert asked[1].content.endswith("I hope it is correct.")
    assert asked[2].content == f"Problem:\n{QUESTIONS[0].problem}\n\nSolution:"


def test_an_answer_without_a_box_is_given_one_where_a_box_is_asked_for() -> None:
    rows = (Problem(problem="Why", answer="7", solution="#### 7", unique_id="g/0"),)
    chosen = shots.choose(QUESTIONS[:1], pool_of(rows), by="similarity", count=1)
    asked = prompts.messages(prompts.with_chosen(prompts.BOXED, chosen), QUESTIONS[0].problem)
    assert asked[1].content == "#### 7\n\n$\\boxed{7}$"


def test_a_problem_that_nothing_was_chosen_for(pool: ProblemSet) -> None:
    prompt = prompts.with_chosen(prompts.BOXED, shots.choose(QUESTIONS, pool, by="subject", count=1))
    with pytest.raises(DataMismatch, match="no worked examples were chosen for the problem 'Another"):
        prompts.messages(prompt, "Another question")
