r"""Do two solutions calculate the same?

The key of a solution is its list of equations (rejection sampling of Yuan et al. 2023, arXiv:2308.01825,
section 3.3), and for code its syntax tree. Two solutions of one problem with the same key are one row.

    equations   of formulas and of plain text: `3 + 5 = 8`, `$3+5=8$` and `8 = 5 + 3` are the same. A chain
                `a = b = c` is `a = b` and `b = c`, also over several lines. Words, units and markup are left
                out, a letter is known by the order in which letters appear, a repeated equation counts once.
    code        the tree without comments, names by the order in which they appear, printed words left out
    neither     the formulas; else the numbers, in order

What is only said in words is not seen: two solutions with the same equations and another argument are one.
"""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise

from math500.grading.visible import visible

LONGEST = 100_000
"""Characters of a solution that are looked at."""
DEEPEST = 40
"""Levels of brackets in an expression that is put in order."""

_FENCED = re.compile(r"```[ \t]*(\w*)[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
_PYTHON = frozenset({"python", "python3", "py", "Python"})
_FONT = re.compile(r"\\(?:text(?:bf|it|rm)?|math(?:rm|bf)|mbox|operatorname)\s*\{[^{}]*\}")
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=\{)")
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_SIGNS = {
    r"(?m)^[ \t]*[-*•][ \t]+|\\[$]": "",
    r"\\(?:cdot|times|ast)(?![A-Za-z])|[×·∙∗]": "*",
    r"\\div(?![A-Za-z])|÷": "/",
    r"[−–]": "-",
    r"(?<=\d),(?:\\!)?(?=\d{3}(?!\d))|(?<=\d)\{,\}(?=\d{3}(?!\d))": "",
    r"\\(?:left|right|big|Big|displaystyle|quad|qquad)(?![A-Za-z])|\\[!,;: ]|[$&~]|\\[()\[\]]": " ",
    r"(?<=[\w)])\*\*(?=[\w(-])|(?<=\d) \*\* (?=\d)": "^",
    r"\*\*|__|`": " ",
    r"(?<=\d)\s*(?:x|X)\s*(?=\d)": "*",
    r"\^\s*\{\s*\\circ\s*\}|\^\s*\\circ(?![A-Za-z])|°": " ",
    r"\\%|%": " ",
    r"\\(?:begin|end)\s*\{[^{}]*\}": "\n",
    r"\\\\(?:\[[^\]]*\])?": "\n",
    r"\\(?:approx|simeq)(?![A-Za-z])|≈": "=",
    r"\\(?:implies|Rightarrow|iff|therefore|because)(?![A-Za-z])": ";",
}
_REWRITES = [(re.compile(pattern), sign) for pattern, sign in _SIGNS.items()]
_PIECE = re.compile(
    r"(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<command>\\[A-Za-z]+)|(?P<word>[A-Za-z]{2,})|(?P<letter>[A-Za-z])"
    r"|(?P<sign>[-+*/^=()!|<>_\[\]])|(?P<brace>[{}])|(?P<line>\n)|(?P<space>[ \t]+)|(?P<other>.)"
)
_FUNCTIONS = frozenset(
    (
        "sqrt",
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "log",
        "ln",
        "exp",
        "gcd",
        "lcm",
        "min",
        "max",
        "binom",
    )
)


def key(solution: str) -> str:
    """What names a calculation: the same for two solutions that calculate the same."""
    parts = calculation(solution)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def calculation(solution: str) -> list[str]:
    """The normalised equations and code of a solution, in order."""
    text = (visible(solution) or solution)[:LONGEST]
    blocks = code_of(text)
    runs = list(_runs(plain(prose_of(text))))
    names: dict[str, str] = {}
    found = list(dict.fromkeys(_equations(runs, names)))
    found += [_tree(code) for code in blocks]
    if found:
        return found
    formulas = [_renamed("".join(run), names) for run in runs if len(run) > 1]
    return formulas or [piece for run in runs for piece in run if piece[0].isdigit()]


def code_of(text: str) -> list[str]:
    """The Python blocks of a text."""
    return [code for language, code in _FENCED.findall(text) if language in _PYTHON and code.strip()]


def prose_of(text: str) -> str:
    """The text without its blocks of code and of output."""
    return _FENCED.sub("\n", text)


# -- equations ---------------------------------------------------------------------------------


def plain(text: str) -> str:
    """LaTeX and typed mathematics in one spelling."""
    text = _BOX.sub("", text)
    for pattern, sign in _REWRITES:
        text = pattern.sub(sign, text)
    text = _FONT.sub(" ", text)
    for _ in range(DEEPEST):
        text, found = _FRACTION.subn(
            lambda m: f"(({m[1] if m[1] is not None else m[2]})/({m[3] if m[3] is not None else m[4]}))", text
        )
        text, more = _ROOT.subn(r"sqrt(\1)", text)
        if not found + more:
            break
    return text


def _runs(text: str) -> Iterator[list[str]]:
    """The stretches of mathematics between words; a unit behind a number does not end one."""
    run: list[str] = []
    waiting = False  # a word came after a number: a unit, if an operator follows
    for match in _PIECE.finditer(text):
        kind, piece = match.lastgroup, match.group()
        if kind in {"space", "brace"}:
            continue
        if kind == "word" and piece.lower() in _FUNCTIONS:
            kind = "number"
        if kind == "command":
            piece, kind = piece[1:], "letter"
        if kind == "line" and run and run[-1] in "=+-*/":
            continue
        if kind in {"word", "line", "other"}:
            if (kind == "other" and piece in ".,:;") or not run:
                yield from [run] if run else []
                run, waiting = [], False
                continue
            waiting = True
            continue
        if waiting and not (kind == "sign" and piece in "=+-*/"):
            yield run
            run = []
        waiting = False
        run.append(piece)
    if run:
        yield run


def _equations(runs: Iterable[list[str]], names: dict[str, str]) -> Iterator[str]:
    """Each equation, its sides in order; a run that begins with `=` goes on with the side before."""
    before = ""
    for run in runs:
        sides = "".join(run).split("=")
        if not sides[0] and len(sides) > 1 and before:
            sides[0] = before
        sides = [side.strip("<>") for side in sides]
        values = [_side(_renamed(side, names)) for side in sides if side]
        for left, right in pairwise(values):
            if left != right:
                yield "=".join(sorted((left, right)))
        if len(sides) > 1:
            before = sides[-1]


def _renamed(expression: str, names: dict[str, str]) -> str:
    """Single letters by the order in which they first appear; functions keep their names."""

    def name(match: re.Match[str]) -> str:
        letter = match.group()
        return letter if letter in _FUNCTIONS else names.setdefault(letter, f"v{len(names)}")

    return re.sub(r"[A-Za-z]+", name, expression) if expression.isascii() else expression


def _side(expression: str) -> str:
    """An expression with the terms of sums and the factors of products in order, numbers in one spelling."""
    typed = re.sub(r"(?<=[\w)])\s*\^", "**", expression)
    typed = re.sub(r"(\d)(?=[a-z(])|(\))(?=[\w(])", lambda m: f"{m[0]}*", typed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(typed, mode="eval").body
        return _ordered(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return expression


def _ordered(node: ast.expr, depth: int = 0) -> str:  # noqa: PLR0911 - a form each
    if depth > DEEPEST:
        raise RecursionError
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return f"({'+'.join(sorted(_terms(node, depth)))})"
        case ast.BinOp(op=ast.Mult()):
            return f"({'*'.join(sorted(_factors(node, depth)))})"
        case ast.BinOp(left=left, right=right, op=op):
            return f"({_ordered(left, depth + 1)}{type(op).__name__}{_ordered(right, depth + 1)})"
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return f"-{_ordered(inner, depth + 1)}"
        case ast.Constant(value=int() | float() as value):
            return str(Fraction(str(value)))
        case ast.Call(func=ast.Name(id=name), args=args):
            return f"{name}({','.join(_ordered(arg, depth + 1) for arg in args)})"
        case _:
            return ast.unparse(node)


def _terms(node: ast.expr, depth: int) -> Iterator[str]:
    match node:
        case ast.BinOp(left=left, right=right, op=ast.Add()):
            yield from _terms(left, depth + 1)
            yield from _terms(right, depth + 1)
        case ast.BinOp(left=left, right=right, op=ast.Sub()):
            yield from _terms(left, depth + 1)
            yield f"-{_ordered(right, depth + 1)}"
        case _:
            yield _ordered(node, depth + 1)


def _factors(node: ast.expr, depth: int) -> Iterator[str]:
    match node:
        case ast.BinOp(left=left, right=right, op=ast.Mult()):
            yield from _factors(left, depth + 1)
            yield from _factors(right, depth + 1)
        case _:
            yield _ordered(node, depth + 1)


# -- code --------------------------------------------------------------------------------------


class _Names(ast.NodeTransformer):
    """Names by the order in which they appear; words that are only printed left out."""

    def __init__(self, own: frozenset[str]) -> None:
        self.own = own
        self.names: dict[str, str] = {}

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._of(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg, node.annotation = self._of(node.arg), None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._of(node.name)
        node.returns = None
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "print":
            node.args = [shown for arg in node.args for shown in _shown(arg)]
            node.keywords = []
        return self.generic_visit(node)

    def _of(self, name: str) -> str:
        return self.names.setdefault(name, f"v{len(self.names)}") if name in self.own else name


def _shown(arg: ast.expr) -> list[ast.expr]:
    """What an argument of `print` shows of the calculation."""
    if isinstance(arg, ast.JoinedStr):
        return [part.value for part in arg.values if isinstance(part, ast.FormattedValue)]
    return [] if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else [arg]


def parsed(code: str) -> ast.Module | None:
    """The syntax tree of a block, or None when it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code[:LONGEST])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _tree(code: str) -> str:
    tree = parsed(code)
    if tree is None:
        return " ".join(code.split())
    own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    own |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    try:
        return ast.dump(_Names(frozenset(own)).visit(tree))
    except RecursionError:
        return " ".join(code.split())
