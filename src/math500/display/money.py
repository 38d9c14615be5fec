"""Tokens and US dollars in words."""

from __future__ import annotations

from math500.estimate import Estimate, Range
from math500.plural import counted, form
from math500.records import Price, Summary


def dollars(amount: float) -> str:
    """An amount with as many digits as it is worth: `$12.34`, `$0.0123`."""
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}"


def price(known: Price | None) -> str:
    """A price with where it is from."""
    if known is None:
        return "a price that is not known"
    dated = f", {known.date}" if known.date else ""
    return (
        f"${known.prompt:g} and ${known.completion:g} per million prompt and generated tokens "
        f"({known.source}{dated})"
    )


def at_least(result: Summary) -> str:
    """What stands before a sum of tokens or costs in which some completions are missing."""
    return "at least " if result.uncounted else ""


def without_count(uncounted: int) -> str:
    """How many completions a sum leaves out, and why."""
    return (
        f"{counted(uncounted, 'completion')} came without a count of {form(uncounted, 'its', 'their')} tokens"
    )


def in_no_sample(result: Summary) -> tuple[int, int]:
    """Prompt and completion tokens that were paid for, and that the samples do not hold."""
    paid = result.paid
    if paid is None:
        return 0, 0
    prompt = paid.prompt_tokens + paid.judge_prompt_tokens
    completion = paid.completion_tokens + paid.judge_completion_tokens
    return (
        prompt - result.prompt_tokens - result.judge_prompt_tokens,
        completion - result.completion_tokens - result.judge_completion_tokens,
    )


def estimate(expected: Estimate, known: Price | None) -> str:
    """What a run may take, in one or two sentences."""
    prompt = _range(expected.prompt_tokens, "{:,.0f}")
    completion = _range(expected.completion_tokens, "{:,.0f}")
    requests = _range(Range(expected.requests, expected.most_requests), "{:,.0f}")
    request = form(1 if requests == "1" else 2, "request", "requests")
    text = f"{requests} {request}, {prompt} prompt and {completion} generated tokens"
    if expected.cost is None:
        return f"Expect {text}; what they cost is not known (--price PROMPT,COMPLETION)."
    open_end = "" if expected.cost.high is not None else "; a model that thinks takes many times that"
    low, high = expected.cost.low, expected.cost.high
    money = f"at least {dollars(low)}" if high is None else f"{dollars(low)} to {dollars(high)}"
    return f"Expect {text}: {money} at {price(known)}{open_end}."


def _range(of: Range, form: str) -> str:
    low = form.format(of.low)
    if of.low == of.high:
        return low
    return f"at least {low}" if of.high is None else f"{low} to {form.format(of.high)}"
