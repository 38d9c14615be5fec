"""The end of a run: the score, what is not in it, its parts, what it cost, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from math500.display.money import at_least, dollars, in_no_sample, price, without_count
from math500.display.origin import origin
from math500.display.tables import duration, percent, table
from math500.display.terminal import paint
from math500.plural import counted, form
from math500.records import Manifest, Part, Summary

FOLDER_HOLDS = (
    "manifest.json (all settings), problems.jsonl, samples.jsonl (every generation), "
    "grades/ (every grade and why), summary.json"
)


def decoding(manifest: Manifest) -> str:
    """The decoding settings in words."""
    d = manifest.decoding
    left_open = "the endpoint's" if manifest.origin is None else "unknown"
    chosen = left_open if d.temperature is None else "greedy" if d.temperature == 0 else f"{d.temperature:g}"
    parts = [f"temperature {chosen}" if chosen != "greedy" else "greedy"]
    if d.top_p is not None:
        parts.append(f"top-p {d.top_p:g}")
    open_limit = "token limit unknown" if manifest.origin else "the endpoint's own token limit"
    limit = (
        open_limit
        if d.max_tokens is None
        else f"at most {d.max_tokens} {form(d.max_tokens, 'token', 'tokens')}"
    )
    return ", ".join([*parts, limit])


def summary(manifest: Manifest, result: Summary, folder: Path) -> str:
    """The end of a run: the score, what is not in it, its parts, and what it cost."""
    blocks = [
        _head(manifest, result),
        origin(manifest.origin) if manifest.origin else "",
        _not_scored(manifest, result, folder),
        _parts("subject", result.by_subject),
        _parts("level", result.by_level),
        _cost(manifest, result),
        _paid(result),
    ]
    return "\n\n".join(b for b in blocks if b)


def _head(manifest: Manifest, result: Summary) -> str:
    samples = f", {manifest.samples} samples a problem" if manifest.samples > 1 else ""
    samples += f", solver {manifest.solver}" if manifest.solver != "cot" else ""
    asked = f"prompt {manifest.prompt.name}, {decoding(manifest)}{samples}"
    return (
        f"{manifest.data.name}  {manifest.model.name}  {asked}\n"
        f"{paint('score', 'heading')}  {paint(percent(result.score), 'heading')}  by {result.grader}"
    )


def _not_scored(manifest: Manifest, result: Summary, folder: Path) -> str:
    lines = []
    answered = result.correct + result.wrong + result.no_answer + result.ungraded
    if result.no_answer:
        lines.append(
            f"{counted(result.no_answer, 'response gives', 'responses give')} no answer; "
            f"{form(result.no_answer, 'it counts', 'they count')} as not correct."
        )
    if result.truncated:
        lines.append(
            f"{result.truncated} of {counted(answered, 'response')} "
            f"{form(result.truncated, 'was', 'were')} cut off by the token limit; "
            "raise --max-tokens to see what that costs."
        )
    if result.unscored:
        lines.append(
            f"{counted(result.unscored, 'solution')} got no score that could be read from the judge; "
            f"{form(result.unscored, 'it weighs', 'they weigh')} nothing."
        )
    if result.ungraded:
        lines.append(
            f"{counted(result.ungraded, 'response')} could not be graded; "
            f"{form(result.ungraded, 'it is', 'they are')} not in the score."
        )
    if result.failed or result.missing:
        go_on = "" if manifest.origin else f" Go on with: math500 run --resume {folder}"
        lines.append(
            f"{counted(result.failed, 'sample')} failed and {result.missing} "
            f"{form(result.missing, 'was', 'were')} not collected; they are not in the score.{go_on}"
        )
    return "\n".join(lines)


def _parts(what: str, parts: Sequence[Part]) -> str:
    if len(parts) < 2:
        return ""
    rows = [(what, "score", "95 % interval", "n")]
    for part in parts:
        s = part.score
        rows.append((part.name, f"{100 * s.value:.1f}", f"{100 * s.low:.1f} to {100 * s.high:.1f}", str(s.n)))
    return table(rows, right=(1, 2, 3), head=True)


def _cost(manifest: Manifest, result: Summary) -> str:
    """Tokens, time and money; where some tokens were not counted, that it is more than that."""
    said = _taken(manifest, result)
    if not (said and result.uncounted and result.prompt_tokens):
        return said
    return f"{said}; {without_count(result.uncounted)}"


def _taken(manifest: Manifest, result: Summary) -> str:
    least = at_least(result)
    if manifest.origin is not None and not result.seconds:
        tokens = (
            f"{least}{result.prompt_tokens:,} prompt and {result.completion_tokens:,} completion tokens, "
            "as logged"
        )
        return "" if "tokens" in manifest.origin.unknown else tokens
    if not result.prompt_tokens and result.samples > result.failed + result.missing:
        took = f"{duration(result.seconds)} at concurrency {manifest.concurrency}"
        return f"{took}; tokens are not known, since none were counted"
    if manifest.asking.batch:
        how = "through the batch queue"
    elif result.seconds:
        rate = result.completion_tokens / result.seconds
        how = f"in {duration(result.seconds)} ({rate:.0f} tokens/s at concurrency {manifest.concurrency})"
    else:
        return ""
    line = f"{least}{result.prompt_tokens:,} prompt and {result.completion_tokens:,} completion tokens {how}"
    money = "" if result.cost is None else f": {least}{dollars(result.cost)}"
    if manifest.scoring is None:
        return f"{line}{money} at {price(manifest.price)}" if money else line
    judged = (
        f"The judge {manifest.scoring.model.name} took {least}{result.judge_prompt_tokens:,} prompt and "
        f"{result.judge_completion_tokens:,} completion tokens"
    )
    return f"{line}. {judged}" + (f"{money} for both" if money else "")


def _paid(result: Summary) -> str:
    """What was asked for beyond the samples, where anything was."""
    paid = result.paid
    if paid is None or not any(beside := in_no_sample(result)):
        return ""
    prompt = paid.prompt_tokens + paid.judge_prompt_tokens
    completion = paid.completion_tokens + paid.judge_completion_tokens
    least = at_least(result)
    money = "" if paid.cost is None else f", {least}{dollars(paid.cost)}"
    return (
        f"Paid in all: {least}{prompt:,} prompt and {completion:,} completion tokens{money}. Of these "
        f"{beside[0]:,} and {beside[1]:,} are in no sample: what failed, or was begun again."
    )


def next_command(manifest: Manifest, result: Summary, folder: Path) -> str:
    """What to type after this run."""
    if (result.failed or result.missing) and manifest.origin is None:
        return f"math500 run --resume {folder}"
    if manifest.model.name.startswith("embedded"):
        return (
            "your own model: `math500 run --model NAME --base-url http://localhost:8000/v1`, or a vendor's: "
            "`OPENAI_API_KEY=... math500 run --model openai/gpt-4o-mini`"
        )
    return f"math500 errors {folder}" if result.wrong or result.no_answer else f"math500 export {folder}"
