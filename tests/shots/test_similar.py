from __future__ import annotations

import math

import pytest

from math500.shots.similar import Index, words

TEXTS = (
    "Find the area of a triangle with sides 3, 4 and 5.",
    "How many positive divisors does 24 have?",
    "A triangle has angles $\\alpha$ and $\\beta$.",
    "Find the sum of all primes below 20.",
    "How many primes are divisors of 60?",
)


def test_words_are_words_and_latex_commands_without_numbers() -> None:
    assert words("Find $\\frac{12}{x_1}$, please") == ["find", "\\frac", "x", "please"]


def test_what_shares_rare_words_comes_first() -> None:
    scores = Index(TEXTS).scores("What is the perimeter of this triangle with two equal sides?")
    assert max(scores, key=lambda n: scores[n]) == 0
    assert 1 not in scores


def test_a_score_is_bm25() -> None:
    # "divisors" is in two of eight texts, a quarter; the mean length is that of this text.
    texts = ["count divisors", "two divisors", *(f"{a} {a}{a}" for a in "abcdef")]
    weight = math.log((8 - 2 + 0.5) / (2 + 0.5))
    assert Index(texts).scores("divisors divisors") == {0: pytest.approx(weight), 1: pytest.approx(weight)}


def test_a_word_that_all_have_says_nothing() -> None:
    assert Index(["find x", "find y", "find z"]).scores("find") == {}
    assert Index([]).scores("find") == {}
