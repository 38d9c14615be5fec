"""Is a correct sample right by luck, as far as its text can tell?

The rules are tried in this order; the first that holds is the reason why the sample is left out. They look at
what is written and ask no model, so a wrong argument that is written without an error is not found.

    truncated      it ended at the token limit
    loop           it repeats itself until its end
    constant_code  its code prints a constant: the calculation was done nowhere
    failed_code    its last code ended in an error, and no output has the answer
    guessed        it says that it guesses
    false_step     it holds an arithmetic equation that is not true
    no_working     it gives an answer and nothing else
    unsupported    a number of the answer stands nowhere before it, no calculation ends in it, and it is more
                   than one step away from the last numbers
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from math500 import evaluate
from math500.failures import loops
from math500.grading import extract
from math500.grading.visible import visible
from math500.plural import counted
from math500.records import Grade, Sample
from math500.synth import calculations

WORDS = 25
"""Words before the answer that count as working although no formula is among them."""
ROUNDING = Fraction(1, 100)
"""Relative error up to which an equation with a decimal point is taken as rounded."""

_GUESS = re.compile(
    r"\b(?:(?:I(?:'ll| will| would)?|let(?:'s| us| me)|just|random(?:ly)?|my|lucky|"
    r"wild|educated) guess(?:ing|ed)?|(?:we|I) (?:can |will )?guess (?:that )?the answer"
    r"|pick(?:ing)? (?:one )?at random as)\b"
    r"|\bassum(?:e|ing) (?:that )?the answer (?:is|to be|equals)[\s$(\\{]*-?\d|我猜|猜测答案",
    re.IGNORECASE,
)
_NUMBER = r"\d+(?:\.\d+)?"
_ARITHMETIC = re.compile(
    rf"(?P<left>[(-]*{_NUMBER}[)]*(?:[ \t]*[-+*/^][ \t]*[(-]*{_NUMBER}[)]*)+)[ \t]*=[ \t]*"
    rf"(?P<right>-?{_NUMBER}(?:[ \t]*/[ \t]*{_NUMBER})?)"
    r"(?![ \t]*[-+*/^!_({\\:]|[ \t]*(?:r|mod|remainder)\b|\d|\.\d|,[ ]?\d{3}|[A-Za-z])",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:[\w.^_{}()!\\]|[*/+^-]\s*|\d\s*:\s*|\d[ \t]+|\\[A-Za-z]+\s+"
    r"|\b(?:of|and|to|from|by|than|plus|minus|times|with|sqrt|base)\s+)\Z",
    re.IGNORECASE,
)
"""Before an equation: what says that it is only the end of one."""
_ENDS_IN_IT = re.compile(r"(?:=|≈|\\approx)[\s$({\\]*(?:boxed|fbox|frac|sqrt|text|[{( ])*[-+]?\Z")
LAST = 12
"""Numbers before the answer from which one more step may be done in the head."""
SMALL = tuple(Fraction(n) for n in (1, 2, 3, 4, 10, 60, 100, 180, 360))
"""Numbers that need not be written to be used."""
_DIGITS = re.compile(_NUMBER)


@dataclass(frozen=True)
class Case:
    """A correct sample with what the rules look at."""

    sample: Sample
    grade: Grade

    @cached_property
    def text(self) -> str:
        """What it says outside of thinking; all of it where that cannot be told."""
        return visible(self.sample.response) or self.sample.response

    @cached_property
    def before(self) -> str:
        """What stands before the answer."""
        found = extract(self.sample.response)
        return self.text[: found.start] if found.answer is not None and found.end else self.text

    @property
    def code(self) -> list[str]:
        """The code that it ran, or wrote."""
        ran = [execution.code for execution in self.sample.executions]
        return ran or calculations.code_of(self.text)


def reason(case: Case) -> tuple[str, str] | None:
    """Why a correct sample is left out, and what shows it; None for a sample to keep."""
    for name, rule in RULES.items():
        if shown := rule(case):
            return name, shown
    return None


def _truncated(case: Case) -> str:
    return "the token limit ended it" if evaluate.truncated(case.sample) else ""


def _loop(case: Case) -> str:
    found = loops.find(case.text)
    return (
        f"the last {found.repeats:.0f} passages of {counted(found.period, 'character')} are one"
        if found
        else ""
    )


def _constant_code(case: Case) -> str:
    trees = [tree for code in case.code if (tree := calculations.parsed(code))]
    if not trees or any(_calculates(tree) for tree in trees):
        return ""
    return f"no code calculates anything: {_short(case.code[-1])}"


def _calculates(tree: ast.Module) -> bool:
    """Whether code does more than print or name constants."""
    doing = ast.BinOp | ast.AugAssign | ast.Compare | ast.For | ast.While | ast.comprehension | ast.BoolOp
    return any(
        isinstance(node, doing) or (isinstance(node, ast.Call) and not _prints(node))
        for node in ast.walk(tree)
    )


def _prints(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id in {"print", "str", "int", "float", "round"}


def _failed_code(case: Case) -> str:
    ran = case.sample.executions
    if (
        not ran
        or not ran[-1].error
        or _numbers(case.grade.extracted or "") <= _numbers(" ".join(execution.output for execution in ran))
    ):
        return ""
    return f"its last code failed: {_short(ran[-1].error.strip().splitlines()[-1])}"


def _guessed(case: Case) -> str:
    found = _GUESS.search(case.text)
    return f"it says: {_short(case.text[max(0, found.start() - 20) : found.end() + 40])}" if found else ""


def _false_step(case: Case) -> str:
    for equation, left, right in _arithmetic(case.text):
        loose = "." in equation
        limit = ROUNDING * max(abs(left), abs(right)) if loose else 0
        if abs(left - right) > limit:
            return f"{_short(equation)} is not true"
    return ""


def _arithmetic(text: str) -> Iterator[tuple[str, Fraction, Fraction]]:
    """The equations of plain numbers, each with both values."""
    plain = calculations.plain(calculations.prose_of(text))
    for match in _ARITHMETIC.finditer(plain):
        if _BEFORE.search(plain[max(0, match.start() - 10) : match.start()]):
            continue
        left, right = _value(match["left"]), _value(match["right"])
        if left is not None and right is not None:
            yield match.group(), left, right


def _value(expression: str) -> Fraction | None:
    """The value of plain arithmetic; None when it is none, or too large."""
    tree = calculations.parsed(expression.replace("^", "**").strip())
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    try:
        return _evaluated(tree.body[0].value)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def _evaluated(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as value):
            return Fraction(str(value))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_evaluated(inner)
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(_evaluated(left), op, _evaluated(right))
        case _:
            raise ValueError(node)


def _combined(left: Fraction, op: ast.operator, right: Fraction) -> Fraction:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.Pow() if right.denominator == 1 and abs(right) <= 64 and abs(left) <= 10**6:
            return Fraction(left ** int(right))
        case _:
            raise ValueError(op)


def _no_working(case: Case) -> str:
    words = len(case.before.split())
    steps = calculations.calculation(case.before)
    if case.code or words >= WORDS or any(not step.strip("-.").isdigit() for step in steps):
        return ""
    return f"{words} words and no calculation before the answer"


def _unsupported(case: Case) -> str:
    answer = case.grade.extracted or ""
    wanted = set() if "=" in answer else _numbers(answer)
    outputs = " ".join(execution.output for execution in case.sample.executions)
    missing = wanted - _numbers(case.before) - _numbers(outputs)
    if not missing or _ENDS_IN_IT.search(case.before):
        return ""
    last = [Fraction(number) for number in _DIGITS.findall(calculations.plain(case.before))[-LAST:]]
    far = sorted(number for number in missing if not _one_step(last, Fraction(number)))
    return (
        f"{', '.join(far)} of the answer {_short(answer)} is no step away from the last numbers"
        if far
        else ""
    )


def _one_step(numbers: Sequence[Fraction], wanted: Fraction) -> bool:
    """Whether one calculation with one or two of the numbers gives the wanted one."""
    pairs = ((a, b) for a in numbers for b in (*numbers, *SMALL))
    if any(wanted in {a + b, abs(a - b), a * b} or wanted * b == a for a, b in pairs):
        return True
    return wanted in {sum(numbers[start:]) for start in range(len(numbers))} or any(
        wanted in {number**2, number**3, Fraction(int(number)), Fraction(int(number) + 1)}
        for number in numbers
    )


def _numbers(text: str) -> set[str]:
    return set(_DIGITS.findall(calculations.plain(text)))


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:77]}..."


RULES: dict[str, Callable[[Case], str]] = {
    "truncated": _truncated,
    "loop": _loop,
    "constant_code": _constant_code,
    "failed_code": _failed_code,
    "guessed": _guessed,
    "false_step": _false_step,
    "no_working": _no_working,
    "unsupported": _unsupported,
}
"""The rules by the reason that they give; each returns what shows it, or an empty text."""
