"""How well the gate finds test problems in training rows, and how fast.

    python benchmarks/decontaminate.py                 # what is found, what is dropped wrongly
    python benchmarks/decontaminate.py --rows 1000000  # and how long that many rows take
    python benchmarks/decontaminate.py --minhash       # and the same pairs by datasketch's MinHash LSH

Planted: 200 MATH-500 problems drawn by a seed, copied, re-spaced, with their numbers renamed, or with words
replaced by rule; each alone, in a prompt, and quoted in a solution. The rules below are not the gate's.

Disguised: all 500, alone, so that they look the same to a reader, or nearly (`DISGUISES`).

False alarms: rows of the 12,000 outside MATH-500 that are dropped, without those that are near-duplicates by
a definition that the gate has no part in: a Jaccard index of 5-grams of at least 0.5 (`pairs`), or the same
text when spaces are taken out and every number is a 0.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from math500 import data, stats
from math500.records import Problem
from math500.synth import Gatekeeper

ASK = "Solve the following math problem. Put your final answer within \\boxed{}.\n\n%s"
QUOTE = "We first look at a related question. %s To begin, note what is known. So the answer is $\\boxed{3}$."
PLACES = {"alone": "%s", "in a prompt": ASK, "quoted in a solution": QUOTE}

WORDS = {
    "find": "determine", "compute": "calculate", "evaluate": "work out", "determine": "find",
    "how many": "what number of", "let": "suppose that", "suppose": "assume", "simplify": "reduce",
    "the value of": "the numerical value of", "express your answer": "give your answer", "what is": "find",
    "largest": "greatest", "least": "smallest", "greatest": "largest", "positive integer": "natural number",
    "such that": "so that", "where": "in which", "each": "every", "if": "assuming", "and": "as well as",
    "has": "possesses", "solve": "find the solution of", "total": "overall", "sum": "total",
    "all": "all the", "can be": "may be",
    "write": "state", "given": "known", "consider": "look at", "equation": "relation", "smallest": "least",
    "is equal to": "equals", "equals": "is equal to", "distance": "length", "number": "count",
    "polynomial": "polynomial expression", "function": "mapping", "points": "the points",
    "there are": "we have",
}  # fmt: skip
NAMES = {
    "Ben": "Otto", "Amy": "Ines", "Chris": "Paul", "John": "Kurt", "Mary": "Lena", "Tom": "Max",
    "Jim": "Finn", "Bob": "Emil", "Alice": "Rosa", "Sam": "Theo", "Sarah": "Mona", "Daniel": "Jan",
    "Ryan": "Lars", "Joe": "Karl",
}  # fmt: skip
_WORDS = re.compile(
    r"(?<![\\\w])(" + "|".join(sorted(WORDS, key=len, reverse=True)) + r")(?!\w)", re.IGNORECASE
)
_FORMULA = re.compile(r"(\[asy\].*?\[/asy\]|\$[^$]*\$|\\\[.*?\\\])", re.DOTALL)


# -- what is planted -----------------------------------------------------------------------------


def copied(text: str, _: random.Random) -> str:
    return text


def respaced(text: str, r: random.Random) -> str:
    text = re.sub(r"(?<!\\)([+=<>-])", lambda m: r.choice((" {} ", "{}", " {}")).format(m[1]), text)
    one, other = r.choice((("\\frac", "\\dfrac"), ("\\dfrac", "\\frac")))
    text = text.replace(one, other)
    if r.random() < 0.5:
        text = text.replace("\\left", "").replace("\\right", "")
    if r.random() < 0.5:
        text = re.sub(r"(?<!\\)\$([^$]+)\$", r"\\(\1\\)", text)
    return re.sub(" ", lambda _: r.choice((" ", " ", "  ", "\n")), text)


def renumbered(text: str, r: random.Random) -> str:
    seen: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        old, digits = match[0], len(match[0])
        while seen.get(old, old) == old:
            seen[old] = str(r.randint(10 ** (digits - 1) if digits > 1 else 1, 10**digits - 1))
        return seen[old]

    return re.sub(r"\d+", other, text)


def paraphrased(text: str, r: random.Random) -> str:
    for name, other in NAMES.items():
        text = re.sub(rf"\b{name}\b", other, text)

    def other_word(match: re.Match[str]) -> str:
        if r.random() > 0.6:
            return match[0]
        word = WORDS[match[0].lower()]
        return word.capitalize() if match[0][0].isupper() else word

    parts = _FORMULA.split(text)
    text = "".join(part if i % 2 else _WORDS.sub(other_word, part) for i, part in enumerate(parts))
    if r.random() < 0.5:
        text = r.choice(("Consider this task. ", "Here is a question: ", "Please answer: ")) + text
    return text + (r.choice((" Show your work.", " Explain.")) if r.random() < 0.3 else "")


PLANTS: dict[str, Callable[[str, random.Random], str]] = {
    "copied": copied, "re-spaced": respaced, "numbers renamed": renumbered, "paraphrased": paraphrased,
}  # fmt: skip


def found(keeper: Gatekeeper, tests: Sequence[Problem], seed: int) -> None:
    r = random.Random(seed)
    drawn = r.sample(list(tests), 200)
    for place, form in PLACES.items():
        for name, change in PLANTS.items():
            hits = sum(bool(keeper.check({"text": form % change(p.problem, r)})) for p in drawn)
            low, high = stats.wilson(hits / 200, 200)
            print(f"{name}, {place}: {hits} of 200 found ({low:.1%} to {high:.1%})")


CYRILLIC = str.maketrans("aeopcxyABEHKMOPCTX", "аеорсхуАВЕНКМОРСТХ")
SIGNS = {
    r"\leq": "≤", r"\le": "≤", r"\geq": "≥", r"\ge": "≥", r"\cdot": "·", r"\times": "×", r"\pi": "π",
    r"\theta": "θ", r"\sqrt": "√", r"^\circ": "°", r"^{\circ}": "°", "^2": "²", "^3": "³", r"\infty": "∞",
    r"\angle": "∠", r"\triangle": "△", r"\alpha": "α", r"\neq": "≠", r"\ne": "≠", r"\pm": "±",
}  # fmt: skip


def in_unicode(text: str) -> str:
    for command, sign in SIGNS.items():
        text = re.sub(re.escape(command) + "(?![A-Za-z])", sign, text)
    return text


def as_plain_text(text: str) -> str:
    text = re.sub(r"frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)", in_unicode(text))
    return re.sub(r"[$\\{}]", "", text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "a sign of no width behind each letter": "\u200b".join,
    "an accent behind each letter": "\u0301".join,
    "Cyrillic letters": lambda text: text.translate(CYRILLIC),
    "&nbsp; for spaces": lambda text: text.replace(" ", "&nbsp;"),
    "each word in bold": lambda text: " ".join(f"**{word}**" for word in text.split(" ")),
    r"\emph around long words": lambda text: re.sub(r"\b([A-Za-z]{5,})\b", r"\\emph{\1}", text),
    "colour": lambda text: re.sub(r"\$([^$]+)\$", r"$\\color{blue}{\1}$", text),
    "no dollars": lambda text: text.replace("$", ""),
    "Unicode's signs": in_unicode,
    "Unicode's signs and no dollars": lambda text: in_unicode(text).replace("$", ""),
    "plain text": as_plain_text,
    "no spaces": lambda text: text.replace(" ", ""),
    "letters apart": " ".join,
}


def seen_through(keeper: Gatekeeper, tests: Sequence[Problem]) -> None:
    for name, change in DISGUISES.items():
        hits = sum(bool(keeper.check({"text": change(test.problem)})) for test in tests)
        print(f"disguised, {name}: {hits} of {len(tests)} found")
    halves = [(t.problem[: len(t.problem) // 2], t.problem[len(t.problem) // 2 :]) for t in tests]
    hits = sum(bool(keeper.check({"context": a, "question": b})) for a, b in halves)
    print(f"disguised, cut in two fields: {hits} of {len(tests)} found")


# -- what is dropped wrongly -----------------------------------------------------------------------


def grams(text: str) -> set[tuple[str, ...]]:
    tokens = re.findall(r"[a-z]+|\d+|[^\s\w]", text.lower())
    return set(zip(*(tokens[i:] for i in range(5)), strict=False)) or {tuple(tokens)}


def pairs(rows: Sequence[Problem], tests: Sequence[Problem]) -> set[tuple[str, str]]:
    """Every pair with a Jaccard index of 5-grams of at least 0.5, by counting."""
    having, sizes = defaultdict(list), []
    for j, test in enumerate(tests):
        of_test = grams(test.problem)
        sizes.append(len(of_test))
        for gram in of_test:
            having[gram].append(j)
    near = set()
    for row in rows:
        of_row = grams(row.problem)
        for j, same in Counter(j for gram in of_row for j in having.get(gram, ())).items():
            if same >= 0.5 * (len(of_row) + sizes[j] - same):
                near.add((row.unique_id, tests[j].unique_id))
    return near


def masked(text: str) -> str:
    return re.sub(r"\d+", "0", re.sub(r"\s+", "", text))


def alarms(keeper: Gatekeeper, rows: Sequence[Problem], tests: Sequence[Problem]) -> None:
    near = pairs(rows, tests)
    in_pairs = {row for row, _ in near}
    numberless = {masked(test.problem) for test in tests}
    same = {row.unique_id for row in rows if masked(row.problem) in numberless}
    print(
        f"{len(near)} pairs with Jaccard >= 0.5: {len(in_pairs)} rows, {len({t for _, t in near})} problems"
    )
    for field in ("problem", "solution"):
        hits = [m for row in rows if (m := keeper.check({"id": row.unique_id, field: getattr(row, field)}))]
        dropped = {match.problem_id for match in hits}
        rules = Counter(match.rule for match in hits)
        print(f"{field}s: {len(dropped)} of {len(rows)} dropped, by {dict(rules)}")
        if field == "problem":
            print(
                f"  rows of the pairs missed: {len(in_pairs - dropped)}; "
                f"other numbers only: {len(same & dropped)}"
            )
            false = dropped - in_pairs - same
            print(f"  the others, counted as false alarms: {len(false)}, {len(false) / len(rows):.2%}")


# -- how long it takes -----------------------------------------------------------------------------


def made(rows: Sequence[Problem], count: int) -> Iterator[dict[str, str]]:
    """Rows with a question and a solution, out of the train split with other numbers and some other words."""
    r = random.Random(0)
    for number in range(count):
        row = rows[number % len(rows)]
        prompt = ASK % paraphrased(renumbered(row.problem, r), r)
        yield {"problem_id": f"made/{number}", "prompt": prompt, "completion": renumbered(row.solution, r)}


def timed(keeper: Gatekeeper, rows: Sequence[Problem], count: int) -> None:
    done = dropped = 0
    spent, wall, batch = 0.0, time.perf_counter(), 200_000
    source = made(rows, count)
    while done < count:
        ready = list(islice(source, min(batch, count - done)))
        begun = time.perf_counter()
        dropped += sum(match is not None for _, match in keeper.check_all(ready))
        spent += time.perf_counter() - begun
        done += len(ready)
        print(
            f"{done:,} rows checked in {spent:.0f} s ({spent / done * 1e6:.0f} us a row), {dropped:,} dropped"
        )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"processor time of the checking processes: {used.ru_utime + used.ru_stime:.0f} s")
    print(f"with making them: {time.perf_counter() - wall:.0f} s")


def minhash(rows: Sequence[Problem], tests: Sequence[Problem], permutations: int = 128) -> None:
    """The pairs by MinHash LSH: what it finds of them, and what a row costs."""
    from datasketch import MinHash, MinHashLSH

    def sketch(text: str) -> MinHash:
        sketched = MinHash(num_perm=permutations)
        sketched.update_batch([" ".join(gram).encode() for gram in grams(text)])
        return sketched

    index = MinHashLSH(threshold=0.5, num_perm=permutations)
    for test in tests:
        index.insert(test.unique_id, sketch(test.problem))
    begun = time.process_time()
    near = {(row.unique_id, test) for row in rows for test in index.query(sketch(row.problem))}
    spent = time.process_time() - begun
    true = pairs(rows, tests)
    print(
        f"MinHash LSH, {permutations} permutations: {len(near & true)} of {len(true)} pairs, "
        f"{len(near - true)} others, {spent / len(rows) * 1e6:.0f} us of one core a problem"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--minhash", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows, tests = data.load("math-train-12k").problems, data.load("math500").problems
    keeper = Gatekeeper.of()
    found(keeper, tests, options.seed)
    seen_through(keeper, tests)
    alarms(keeper, rows, tests)
    begun = time.process_time()
    for row in rows:
        keeper.check({"prompt": row.problem})
    print(f"gate: {(time.process_time() - begun) / len(rows) * 1e6:.0f} us of one core a problem")
    if options.minhash:
        minhash(rows, tests)
    if options.rows:
        timed(keeper, rows, options.rows)


if __name__ == "__main__":
    main()
