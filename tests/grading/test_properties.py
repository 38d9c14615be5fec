"""What holds for every text, not only for the cases."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from math500.grading import equivalent, extract, grade, pool
from math500.grading.compare import Comparer
from math500.grading.exact import Undefined
from math500.grading.parse import parse
from math500.grading.tree import NotRead, TooLarge

# fmt: off
TOKENS = st.sampled_from([
    "\\frac", "\\dfrac", "\\sqrt", "{", "}", "(", ")", "[", "]", "\\{", "\\}", ",", ";", ".", "+", "-",
    "*", "/", "^", "_", "=", "<", ">", "\\le", "\\in", "\\cup", "\\pm", "!", "%", "|", "&", "\\\\", "$",
    "'", ":", "~", "x", "y", "a", "i", "e", "0", "1", "2", "10", "3.5", "\\pi", "\\infty", "\\sin",
    "\\log", "\\text{", "\\text{and}", "cm", "or", "\\begin{pmatrix}", "\\end{pmatrix}", "\\left",
    "\\right", "\\,", "\\!", "^\\circ", "degrees", "\\$", "\\%", "1,000", "\\overline", "\\boxed", "1E9",
    "e5", "\\binom", "\\to", "the", "is", "A", "(C)", "\\angle", "°", "，", "＋", "√",
])
# fmt: on
LATEX = st.lists(TOKENS, max_size=14).map(" ".join) | st.lists(TOKENS, max_size=14).map("".join)
NUMBERS = st.fractions(max_denominator=500).filter(lambda value: abs(value) < 10**9)


@pytest.fixture(autouse=True)
def _no_symbolic(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last stage is tested elsewhere; here it would only take time."""

    def late(*_: object) -> pool.Reply:
        raise pool.Fault("not asked")

    monkeypatch.setattr(pool, "ask", late)


QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@QUICK
@given(LATEX | st.text(max_size=40), LATEX | st.text(max_size=40))
def test_any_two_texts_are_compared_without_an_error(candidate: str, answer: str) -> None:
    compared = equivalent(candidate, answer)
    assert compared.stage != "fault", compared.reason
    assert compared.reason


@settings(QUICK, suppress_health_check=list(HealthCheck))
@given(st.lists(TOKENS, min_size=1, max_size=6).map(" ".join))
@example("x = x = x")
def test_what_can_be_read_is_itself(latex: str) -> None:
    try:
        tree = parse(latex)
        same = Comparer().same(tree, parse(latex))
    except (NotRead, TooLarge, Undefined, ZeroDivisionError):
        assume(False)
    else:
        assert same


@QUICK
@given(LATEX, LATEX)
def test_the_answer_is_the_same_every_time(candidate: str, answer: str) -> None:
    assert equivalent(candidate, answer) == equivalent(candidate, answer)


@QUICK
@given(LATEX | st.text(max_size=60), st.booleans(), st.booleans())
def test_any_response_gets_a_grade(response: str, truncated: bool, strict: bool) -> None:
    grade_ = grade(response, "7", truncated=truncated, strict=strict)
    assert grade_.verdict in {"correct", "wrong", "no_answer", "ungraded"}
    assert grade_.reason or grade_.verdict != "ungraded"


def _spellings(value: Fraction) -> list[str]:
    sign, top, bottom = "-" if value < 0 else "", abs(value.numerator), value.denominator
    whole, rest = divmod(top, bottom)
    spelled = [
        rf"{sign}\frac{{{top}}}{{{bottom}}}",
        f"{sign}{top}/{bottom}",
        rf"{sign}\dfrac{{{2 * top}}}{{{2 * bottom}}}",
    ]
    if whole and rest:
        spelled.append(rf"{sign}{whole}\frac{{{rest}}}{{{bottom}}}")
    if bottom == 1:
        spelled += [
            f"{value.numerator:,}",
            f"{value.numerator:,}".replace(",", "{,}"),
            f"{value.numerator}.0",
        ]
    return spelled


@QUICK
@given(NUMBERS, NUMBERS)
def test_numbers_are_the_same_exactly_when_they_are_equal(left: Fraction, right: Fraction) -> None:
    for one in _spellings(left):
        for other in _spellings(right):
            assert equivalent(one, other).same is (left == right), (one, other)


@QUICK
@given(st.lists(st.integers(-99, 99), min_size=2, max_size=5), st.randoms())
def test_order_matters_in_a_tuple_and_not_in_a_set(items: list[int], random: object) -> None:
    shuffled = sorted(items, key=lambda item: (hash((item, str(random))), item))
    joined, other = ", ".join(map(str, items)), ", ".join(map(str, shuffled))
    assert equivalent(rf"\{{{other}\}}", rf"\{{{joined}\}}").same is True
    assert equivalent(f"({other})", f"({joined})").same is (items == shuffled)


@QUICK
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=5), st.integers(1, 9), st.sampled_from("xnt"))
def test_a_polynomial_is_its_horner_form_and_not_a_shifted_one(
    coefficients: list[int], shift: int, name: str
) -> None:
    powers = " + ".join(f"({c}){name}^{{{k}}}" for k, c in enumerate(coefficients))
    horner = "0"
    for coefficient in reversed(coefficients):
        horner = f"({coefficient}) + {name}({horner})"
    assert equivalent(powers, horner).same is True
    assert equivalent(f"{powers} + {shift}", horner).same is False


@QUICK
@given(st.text(alphabet="abc $.\n", max_size=30), st.sampled_from(["7", r"\frac12", "(3, 4]", r"\{1, 2\}"]))
def test_a_box_wins_over_what_surrounds_it(around: str, answer: str) -> None:
    assert extract(rf"{around} \boxed{{{answer}}}. {around.replace('$', '')}").answer == answer
