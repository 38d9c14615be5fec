from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500 import prompts
from math500.errors import DataMismatch, UsageError
from math500.records import Problem, Prompt, Shot

# The wording of a prompt is never changed under its name: the hash of template, system message,
# shot template and stop strings. A new wording gets a new name.
WORDING = {
    "boxed": "4071385d7404",
    "boxed-system": "29658b7f0451",
    "bare": "33c5e5769dac",
    "answer-line": "cb3213d677dc",
    "minerva": "54673e4e3299",
    "report-zh": "d840afc881e5",
    "boxed-zh": "917fd4cce43c",
}


def wording(prompt: Prompt) -> str:
    text = repr(
        (prompt.template, prompt.system, prompt.shot_template, prompt.shots, prompt.shot_keys, prompt.stop)
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def test_the_wording_of_a_name_never_changes() -> None:
    assert {name: wording(prompts.get(name)) for name in prompts.names()} == WORDING


@pytest.mark.parametrize("name", prompts.names())
def test_every_prompt_says_what_it_is_and_where_it_comes_from(name: str) -> None:
    prompt = prompts.get(name)
    assert prompt.name == name
    assert prompt.source
    assert prompt.description
    assert prompt.template.count("{problem}") == 1


def test_boxed_asks_as_the_model_makers_recommend() -> None:
    (message,) = prompts.messages(prompts.BOXED, "What is $1+1$?")
    assert message.role == "user"
    assert message.content == (
        "What is $1+1$?\nPlease reason step by step, and put your final answer within \\boxed{}."
    )


def test_a_system_message_comes_first() -> None:
    system, user = prompts.messages(prompts.BOXED_SYSTEM, "Q")
    assert (system.role, user.role, user.content) == ("system", "user", "Q")


def test_shots_come_before_the_question() -> None:
    (message,) = prompts.messages(prompts.REPORT_ZH, "计算 1 + 1")
    example, question = message.content.split("- 答案: 3\n\n")
    assert example.startswith("题目: 计算 24 ÷ 8\n\n思考过程:\n- 第一步")
    assert question == "题目: 计算 1 + 1\n\n思考过程:"


@given(st.text())
def test_a_problem_with_braces_in_it_is_left_alone(text: str) -> None:
    shot = Shot(problem="{answer}", solution="{problem}", answer="{solution}")
    prompt = Prompt(
        name="x",
        template="Q: {problem}!",
        shot_template="{problem} {solution} {answer}; ",
        shots=(shot,),
        source="test",
    )
    (message,) = prompts.messages(prompt, text)
    assert message.content == f"{{answer}} {{problem}} {{solution}}; Q: {text}!"


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="boxed, boxed-system, bare"):
        prompts.get("boxd")


def test_shots_out_of_the_train_split_are_filled_in_their_order() -> None:
    train = [Problem(problem=f"p{i}", answer=f"a{i}", solution=f"s{i}", unique_id=str(i)) for i in range(9)]
    keys = tuple(prompts.key(f"p{i}") for i in (5, 2))
    prompt = Prompt(name="x", template="{problem}", source="test", shot_keys=keys)
    filled = prompts.with_shots(prompt, train)
    assert [s.answer for s in filled.shots] == ["a5", "a2"]
    assert prompts.with_shots(filled, []) is filled


def test_a_train_split_without_the_examples_is_refused() -> None:
    with pytest.raises(DataMismatch, match="needs 4 worked examples"):
        prompts.with_shots(prompts.MINERVA, [])


def test_unfilled_shots_are_never_sent() -> None:
    with pytest.raises(ValueError, match="unfilled shots"):
        prompts.messages(prompts.MINERVA, "Q")


def test_a_users_own_template_must_say_where_the_problem_goes() -> None:
    assert prompts.from_text("Solve: {problem}").template == "Solve: {problem}"
    with pytest.raises(UsageError, match="has no {problem} in it"):
        prompts.from_text("Solve it!")


@given(st.text(), st.text())
def test_a_question_and_a_beginning_come_apart_again(question: str, beginning: str) -> None:
    question = question.replace(prompts.BEGUN, "")
    assert prompts.parted(prompts.begun(question, beginning)) == (question, beginning)


def test_a_begun_answer_is_the_assistants_last_message() -> None:
    asked = prompts.messages(prompts.BOXED_SYSTEM, prompts.begun("What is {problem}?", "It is\n"))
    assert [message.role for message in asked] == ["system", "user", "assistant"]
    assert (asked[1].content, asked[2].content) == ("What is {problem}?", "It is\n")
