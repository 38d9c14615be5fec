"""The grader as a trainer calls it."""

import pytest

from math500.grading import pool
from math500.grading.reward import Completion, reward


def test_right_wrong_and_none() -> None:
    texts = [r"So $\boxed{\frac12}$.", "The answer is 3.", "I do not know.", ""]
    assert reward(texts, ["0.5", "4", "4", "4"]) == [1.0, 0.0, 0.0, 0.0]


def test_chat_messages_and_the_trainers_other_arguments() -> None:
    chat: list[Completion] = [
        [{"role": "assistant", "content": r"\boxed{7}"}],
        [{"role": "assistant", "content": None}],
        [],
    ]
    given = reward(chat, ["7", "7", "7"], prompts=["p"] * 3, completion_ids=[[1]] * 3, trainer_state=None)
    assert given == [1.0, 0.0, 0.0]


def test_a_cut_completion_counts_what_was_finished() -> None:
    assert reward(["The answer is 5"] * 2, ["5"] * 2, truncated=[False, True]) == [1.0, 0.0]


def test_the_problems_own_rules_count_when_its_id_is_given() -> None:
    assert reward([r"\boxed{(4, 2)}"], ["2, 4"]) == [0.0]


def test_what_could_not_be_told_is_no_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> pool.Reply:
        raise pool.Fault("the symbolic comparison took longer than 5 s")

    monkeypatch.setattr(pool, "ask", late)
    assert reward([r"\boxed{\int_0^1 f(x) dx}"], [r"\int_1^2 f(x) dx"]) == [None]


@pytest.mark.parametrize("text", ["\x00", "\ud800", r"\boxed{" * 3000, "9^{9^{9^9}}", "__import__('os')"])
def test_no_text_raises(text: str) -> None:
    assert len(reward([text], ["7"])) == 1
