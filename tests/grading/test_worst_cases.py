"""Responses that made a grader slow, found by hand and by fuzzing: each ends, and ends the same way twice."""

import multiprocessing
import threading
from pathlib import Path

import pytest

from math500.grading import equivalent, grade

LARGE = {
    "spaces": " " * 300_000 + "7",
    "open tags": "<answer>" * 20_000,
    "open thinking": "<think>" * 50_000,
    "turn ends": "<|im_end|>" * 20_000,
    "boxes": r"\boxed{1} and " * 20_000 + r"\boxed{7}",
    "open boxes": r"\boxed{" * 50_000,
    "braces": r"\boxed{" + "{" * 100_000 + "5" + "}" * 100_000 + "}",
    "brackets": r"\boxed{" + "(" * 2_000 + "5" + ")" * 2_000 + "}",
    "announcements": "The answer is " * 20_000,
    "dollars": "$" * 100_000,
    "stars": "**a" * 50_000,
    "numbers": "So the value is " + "1 " * 100_000 + ".",
    "digits": "9" * 300_000,
    "roots": r"\boxed{" + r"\sqrt{" * 60 + "2" + "}" * 60 + "}",
    "tower": r"\boxed{9^{9^{9^{9}}}}",
    "exponent": r"\boxed{1E999999999}",
    "factorial": r"\boxed{((10!)!)!}",
    "binomial": r"\boxed{\binom{10^{9}}{5\cdot 10^{8}}}",
    "sine of a tower": r"\boxed{\sin(e^{e^{e^{6}}})}",
    "sines of a logarithm of sines": r"0" + r"\sin" * 5 + r"\ln" + r"\sin" * 9 + "(C)(C)",
    "raised digits": r"\boxed{" + "⁵" * 4_000 + "}",
    "commas": r"\boxed{" + "," * 4_000 + "}",
}


@pytest.mark.parametrize("name", LARGE)
def test_it_ends_and_is_not_correct_by_accident(name: str) -> None:
    first, second = grade(LARGE[name], "7", timeout=5), grade(LARGE[name], "7", timeout=5)
    assert first.stage != "fault", first.reason
    assert (first.verdict, first.extracted) == (second.verdict, second.extracted)
    assert (first.verdict == "correct") is (name == "spaces")


LARGE_VALUES = [
    (r"(\sqrt{2})^{1000}", True),
    (r"2^{500}\sin(\pi/2)", True),
    (r"(\sqrt{2})^{1000}+1", False),
    (r"(\sqrt{2})^{1000}+10^{-9}", False),
    (r"\sqrt{2^{1000}+1}", False),
    (r"\binom{10^6}{5\cdot 10^5}", False),
]


@pytest.mark.parametrize(("candidate", "same"), LARGE_VALUES)
def test_a_number_of_150_digits_is_not_that_number_plus_a_little(candidate: str, same: bool) -> None:
    assert equivalent(candidate, r"(\sqrt{2})^{998}\cdot 2").same is same


@pytest.mark.parametrize("large", [r"\binom{10^6}{5\cdot 10^5}", r"\sqrt{2}^{20000}"])
def test_numbers_too_large_to_be_told_apart_are_not_judged(large: str) -> None:
    assert equivalent(f"{large}+1", large).same is None


def test_threads_get_the_same_grades() -> None:
    texts = [LARGE["tower"], r"\boxed{\sin(\pi/4)}", r"\boxed{x^2+1}", "Answer: 7"]
    expected = [grade(text, "7").verdict for text in texts]
    found: list[list[str]] = []

    def work() -> None:
        found.append([grade(text, "7").verdict for text in texts])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def _verdict(text: str) -> str:
    return grade(text, "7").verdict


def test_processes_of_a_pool_get_the_same_grades() -> None:
    texts = [r"\boxed{7.0}", r"\boxed{8}", r"\boxed{\frac{14}{2}}", LARGE["exponent"]]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_verdict, texts) == [_verdict(text) for text in texts]


def test_a_reference_without_a_value_under_a_root_is_no_fault() -> None:
    """Found by coverage-guided fuzzing: the exact stage divided by zero on what was not rational."""
    candidate = r"1,0001,000\log1E93.53.51,0001,0001,0001E9~10\binom10\pi"
    reference = r"\binom\pi\pi101010101010103.53.51,00010\frac1010"
    assert equivalent(candidate, reference).stage != "fault"


@pytest.mark.parametrize(
    "candidate",
    [r"\pm\binom-11E93.5", r"\binom-1\sin\pi-1\sin\pi", r"10\!\to\lfloor\mathbb{R}\rfloor!\to-1"],
)
def test_a_gamma_function_without_a_value_is_no_fault(candidate: str) -> None:
    """Found by coverage-guided fuzzing: at a pole it is infinite, or an error."""
    found = equivalent(candidate, r"\tan\sin\sin\pi\tan\sin\pi\pi")
    assert found.same is not True
    assert found.stage != "fault"


def test_numbers_before_nested_fractions_are_read_once() -> None:
    """Found by coverage-guided fuzzing: each level was read twice, so that thirty took hours."""
    nested = r"\frac1" * 40 + r"\pi"
    assert equivalent(nested, r"\pi").same
    assert equivalent(nested, "7").same is False


PYTHON = (
    "__import__('pathlib').Path({0!r}).touch()",
    "open({0!r}, 'w')",
    "x + __import__('pathlib').Path({0!r}).touch()",
    r"\sum_{{k=1}}^{{3}} open({0!r}, 'w')",
    r"\int_0^1 eval(\"open({0!r}, 'w')\") dx",
)


@pytest.mark.parametrize("text", PYTHON)
def test_python_is_not_run_wherever_it_stands(text: str, tmp_path: Path) -> None:
    left_behind = tmp_path / "left-behind"
    code = text.format(str(left_behind))
    for response, answer in ((code, "7"), (rf"\boxed{{{code}}}", "7"), (r"\boxed{7}", code)):
        assert grade(response, answer).verdict != "correct"
    assert not left_behind.exists()
