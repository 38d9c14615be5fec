r"""Minerva's rule, as lm-eval's `minerva_math` has it, and OpenCompass' older rule, which grew out of it.

The answer is what stands in "Final Answer: The final answer is ... I hope it is correct."; both answers are
normalised (units and fill words taken out, shorthand braced), and their difference is simplified by sympy.

lm-eval: https://github.com/EleutherAI/lm-evaluation-harness/blob/v0.4.13/lm_eval/tasks/minerva_math/utils.py#L176
(the same text is the same answer there before sympy is asked, and unit words are kept out of LaTeX commands).
The tables are those of appendix D of https://arxiv.org/abs/2206.14858.

Not as upstream: the reference is the data set's answer, where lm-eval cuts it out of the solution (for
MATH-500 the two are the same text); a comparison over its 5 s is `ungraded` here and wrong there.

OpenCompass: https://github.com/open-compass/opencompass/blob/main/opencompass/datasets/math.py#L64. The first
sentence with "final answer" is normalised, else the first sentence, and compared by MATH's own text rule.
"""

from __future__ import annotations

import re

from math500.grading import pool
from math500.grading.presets import hendrycks
from math500.grading.presets.base import NOTHING, TIMEOUT, Decision

REPLACED = (
    ("an ", ""),
    ("a ", ""),
    (".$", "$"),
    ("\\$", ""),
    ("\\ ", ""),
    (" ", ""),
    ("mbox", "text"),
    (",\\text{and}", ","),
    ("\\text{and}", ","),
    ("\\text{m}", "\\text{}"),
)
WORD_LIST = """
square ways integers dollars mph inches ft hours km units
sue points feet minutes digits cents degrees cm gm pounds meters meals edges students childrentickets
multiples
"""
WORDS = WORD_LIST.split()
COMMANDS = (
    "\\text{s}",
    "\\text{.}",
    "\\text{\ns}",
    "\\text{}^2",
    "\\text{}^3",
    "\\text{\n}",
    "\\text{}",
    "\\mathrm{th}",
    "^\\circ",
    "^{\\circ}",
    "\\;",
    ",\\!",
    "{,}",
    '"',
    "\\dots",
)
WRAPPED = (r"\\text\{(.*?)\}", r"\\textbf\{(.*?)\}", r"\\overline\{(.*?)\}", r"\\boxed\{(.*)\}")
END = "I hope it is correct."


def decide(response: str, answer: str) -> Decision:
    """lm-eval's `exact_match` of `minerva_math`."""
    found = re.search(r"Final Answer: The final answer is(.*?). I hope it is correct.", response + END)
    if found is None:
        return NOTHING
    rule = "final answer ... I hope"
    candidate, reference = normalized(found[1].strip()), normalized(answer)
    if candidate and candidate == reference:
        return Decision(found[1].strip(), True, rule, "text")
    try:
        reply = pool.ask(candidate, reference, TIMEOUT, rule="sympy-latex")
    except pool.Fault as fault:
        return Decision(found[1].strip(), None, rule, "symbolic", str(fault))
    return Decision(found[1].strip(), reply["same"], rule, "symbolic", reply.get("reason", ""))


def normalized(answer: str) -> str:
    """The answer behind its last equals sign, without units, fill words and wrappers."""
    text = answer.rpartition("=")[2]
    for word in WORDS:
        text = re.sub(rf"(?<!\\)\b{word}\b", "", text)
    for old, new in REPLACED:
        text = text.replace(old, new)
    text = text.replace("\\ldots", "")
    for word in WORDS:
        parts = re.split(r"(\\[a-zA-Z]+)", text)
        text = "".join(part if i % 2 else part.replace(word, "") for i, part in enumerate(parts))
    for command in COMMANDS:
        text = text.replace(command, "")
    text = unwrapped(re.sub(r".*?\$(.*?)\$.*", r"$\1$", text))
    text = re.sub(r"frac([^{])(.)", r"frac{\1}{\2}", text)
    text = re.sub(r"sqrt(\[[^\]]*\])(\w)", r"sqrt\1{\2}", text)
    text = re.sub(r"sqrt(?!\[)([^{])", r"sqrt{\1}", text).replace("$", "")
    return text.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+", text) else text


def unwrapped(text: str) -> str:
    r"""Without `\text{}`, `\textbf{}`, `\overline{}` and `\boxed{}` around their contents."""
    for wrapper in WRAPPED:
        text = re.sub(wrapper, r"\1", text)
    return text


def decide_opencompass(response: str, answer: str) -> Decision:
    """OpenCompass' `math_postprocess` and `MATHEvaluator`."""
    sentences = response.split(".")
    named = [part for part in sentences if "final answer" in part.lower()]
    found = opencompass_normalized(named[0] if named else sentences[0])
    rule = "first final answer" if named else "first sentence"
    same = hendrycks.equivalent(found, answer, bare_percent=False)
    return Decision(found, same, rule, "text")


def opencompass_normalized(sentence: str) -> str:
    """The answer in a sentence, normalised as OpenCompass does."""
    text = sentence
    for old, new in (*REPLACED, ("\\le", "<")):
        text = text.replace(old, new)
    for gone in (*WORDS[:10], "\\ldots", *WORDS[10:], *COMMANDS, "\n", "\r", "\f"):
        text = text.replace(gone, "")
    text = unwrapped(text)
    for form in (r"finalansweris(.*)", r"oxed\{(.*?)\}", r"\$(.*?)\$"):
        if parts := re.findall(form, text):
            text = parts[-1]
    text = text.strip()
    if "rac" in text and "\\frac" not in text:
        text = text.replace("rac", "\\frac")
    text = re.sub(r"frac([^{])(.)", r"frac{\1}{\2}", text)
    text = re.sub(r"sqrt([^{])", r"sqrt{\1}", text).replace("$", "")
    return text.replace(",", "") if text.replace(",", "").isdigit() else text
