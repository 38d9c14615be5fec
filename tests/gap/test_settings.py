from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from math500 import prompts
from math500.errors import UsageError
from math500.gap import settings
from math500.records import Decoding, Manifest, Problem, Shot

Make = Callable[..., Manifest]
SHOTS = tuple(Shot(problem=f"p{i}", solution=f"s{i}", answer=f"a{i}") for i in range(4))


def train() -> Sequence[Problem]:
    raise AssertionError("the train split is not needed here")


def changed(made: Manifest, *factors: str, **to: str) -> Manifest:
    return settings.change(made, factors, to, train).manifest


def words(made: Manifest, *factors: str, **to: str) -> str:
    return settings.change(made, factors, to, train).setting


def test_one_factor_changes_one_part(manifest_of: Make) -> None:
    made = manifest_of(prompt=prompts.BOXED, concurrency=16)
    assert changed(made, "prompt").prompt.name == "answer-line"
    assert changed(made, "system").prompt.system == settings.ASSISTANT
    assert changed(made, "limit").decoding.max_tokens == 128
    assert changed(made, "concurrency").concurrency == 1
    assert changed(made, "repeat") == made
    sampled = changed(made, "decoding").decoding
    assert (sampled.temperature, sampled.top_p, sampled.seed) == (0.6, 0.95, 0)


def test_the_other_side_of_what_a_run_did(manifest_of: Make) -> None:
    made = manifest_of(
        prompt=prompts.get("answer-line"), decoding=Decoding(temperature=0.7, max_tokens=64, seed=3)
    )
    assert changed(made, "prompt").prompt.name == "boxed"
    assert changed(made, "decoding").decoding == Decoding(temperature=0.0, max_tokens=64, seed=3)
    assert changed(changed(made, "system"), "system").prompt.system is None
    assert changed(made, "concurrency").concurrency == 8


def test_another_setting_than_the_default(manifest_of: Make) -> None:
    made = manifest_of(prompt=prompts.BOXED)
    assert changed(made, "prompt", prompt="bare").prompt.template == "{problem}"
    assert changed(made, "limit", limit="1000").decoding.max_tokens == 1000
    assert changed(made, "decoding", decoding="0.7").decoding.temperature == 0.7
    assert changed(made, "decoding", decoding="1/0.9").decoding.top_p == 0.9
    assert changed(made, "system", system="Be brief.").prompt.system == "Be brief."
    assert changed(made, "concurrency", concurrency="4").concurrency == 4


def test_worked_examples_go_away_and_follow_the_wording(manifest_of: Make) -> None:
    import msgspec

    shown = msgspec.structs.replace(prompts.BOXED, shots=SHOTS, shot_template="Q {problem} A {solution}\n")
    made = manifest_of(prompt=shown)
    assert changed(made, "shots").prompt.shots == ()
    other = changed(made, "prompt").prompt
    assert other.shots == SHOTS
    (message,) = prompts.messages(other, "What is 1?")
    assert message.content.count("Solve the following math problem") == 5
    assert "p0" in message.content
    assert "s3" in message.content
    assert message.content.rstrip().endswith("\\boxed command.")


def test_worked_examples_are_put_before_the_question(manifest_of: Make) -> None:
    made = manifest_of(prompt=prompts.BOXED)
    rows = [
        Problem(problem=key, solution=f"solution of {key}", answer="1", unique_id=key)
        for key in prompts.MINERVA.shot_keys
    ]
    real = prompts.key
    try:
        prompts.key = lambda text: text  # type: ignore[assignment]
        found = settings.change(made, ("shots",), {"shots": "2"}, lambda: rows)
    finally:
        prompts.key = real
    assert found.setting == "2 worked examples"
    (message,) = prompts.messages(found.manifest.prompt, "What is 1?")
    assert message.content.count("Please reason step by step") == 3
    assert message.content.index("solution of") < message.content.index("What is 1?")


def test_without_a_template_one_text_is_completed(manifest_of: Make) -> None:
    made = manifest_of(prompt=prompts.BOXED)
    plain = changed(made, "template")
    assert plain.asking.api == "completions"
    assert plain.prompt.template.endswith("\\boxed{}.\n\nAnswer:")
    assert words(made, "template") == "none"
    assert words(plain, "template") == "the model's own"
    assert changed(plain, "template") == made
    assert changed(plain, "template", template="none") == plain
    assert settings.differing(made, plain) == ("template",)


def test_several_factors_at_once(manifest_of: Make) -> None:
    made = manifest_of(prompt=prompts.BOXED)
    assert words(made, "limit", "prompt") == "answer-line, 128 tokens"


def test_a_limit_that_is_not_there_cannot_be_doubled(manifest_of: Make) -> None:
    with pytest.raises(UsageError, match="no token limit"):
        changed(manifest_of(decoding=Decoding()), "limit")


def test_names() -> None:
    assert settings.names("limit, prompt") == ("prompt", "limit")
    assert settings.names("all") == tuple(settings.CHANGES)


def test_a_target_run_gives_its_own_settings(manifest_of: Make) -> None:
    made = manifest_of(prompt=prompts.BOXED, concurrency=16)
    target = manifest_of(
        prompt=prompts.from_text("Now: {problem}", name="mine"),
        decoding=Decoding(temperature=0.3, top_p=0.8, max_tokens=99, seed=4),
        concurrency=16,
    )
    assert settings.differing(made, target) == ("prompt", "decoding", "limit")
    found = settings.change(made, settings.differing(made, target), {}, train, target).manifest
    assert found.prompt.template == "Now: {problem}"
    assert found.decoding == target.decoding
    assert settings.differing(found, target) == ()
    named = settings.change(made, ("limit",), {"limit": "7"}, train, target).manifest
    assert named.decoding.max_tokens == 7
