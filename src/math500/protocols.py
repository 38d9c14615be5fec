"""A protocol as fields that can be laid side by side: all that decides a score, and who was asked.

    model          whose score it is
    data           which problems, by their hash where it is known
    problems       how many of them
    prompt         the wording of the request
    shots          worked examples before the question
    system         the system message
    template       how messages become the model's input
    decoding       temperature and top-p
    token limit    generated tokens, thinking included
    samples        tries a problem, and how they become one score
    solver         what is done with the model
    grader         what counts as right
    concurrency    requests in flight, which changes the batches that a server computes
    engine         what computes the model

A field that is not stated is left out of a protocol, and what is left out is `unknown` beside anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from math500.records import Compared, Decoding, Manifest, Origin, Prompt

FIELDS = (
    "model",
    "data",
    "problems",
    "prompt",
    "shots",
    "system",
    "template",
    "decoding",
    "token limit",
    "samples",
    "solver",
    "grader",
    "concurrency",
    "engine",
)

LOGGED = "logged"
"""The name of a prompt whose wording was taken from a log and is none of ours."""

Protocol = Mapping[str, str]
"""Field to what it was, in words; equal words mean equal settings."""


def of(made: Manifest) -> dict[str, str]:
    """The protocol of a run."""
    detail, origin = made.model.detail, made.origin
    fields = {
        "model": made.model.name,
        "data": made.data.name,
        "problems": str(made.selection.count or made.data.rows),
        "prompt": "" if made.prompt.name == LOGGED else made.prompt.name,
        "shots": shots(made.prompt),
        "system": "none" if made.prompt.system is None else f'"{made.prompt.system}"',
        "template": _template(made),
        "decoding": decoding(made.decoding),
        "token limit": "" if made.decoding.max_tokens is None else str(made.decoding.max_tokens),
        "samples": str(made.samples),
        "solver": made.solver,
        "grader": made.grader,
        "concurrency": str(made.concurrency),
        "engine": str(detail.get("engine") or made.model.base_url),
    }
    if origin is not None:
        fields |= _logged(made, origin)
    return {name: value for name, value in fields.items() if value}


def _template(made: Manifest) -> str:
    """How messages become the model's input; empty where a server decides and does not say."""
    if made.asking.api == "completions":
        return "none: one plain text"
    return str(made.model.detail.get("chat_template") or "")


def _logged(made: Manifest, origin: Origin) -> dict[str, str]:
    """What an imported run's log states in place of our own settings; empty for what it does not."""
    known = {name: name not in origin.unknown for name in ("prompt", "temperature", "max_tokens")}
    return {
        "model": "" if made.model.name == "unknown" else made.model.name,
        "prompt": made.prompt.name if known["prompt"] and made.prompt.name != LOGGED else "",
        "shots": "" if origin.shots is None else str(origin.shots),
        "system": "" if not known["prompt"] or made.prompt.system is None else f'"{made.prompt.system}"',
        "decoding": decoding(made.decoding) if known["temperature"] else "",
        "solver": "",
        "concurrency": "",
        "engine": "",
    }


def decoding(chosen: Decoding) -> str:
    """How tokens are chosen, in words; empty where the endpoint decides."""
    if chosen.temperature is None:
        return ""
    if chosen.temperature == 0:
        return "greedy"
    top_p = "" if chosen.top_p is None else f", top-p {chosen.top_p:g}"
    return f"temperature {chosen.temperature:g}{top_p}"


def shots(prompt: Prompt) -> str:
    """How many worked examples, and for those that were chosen for each problem, how."""
    chosen = prompt.chosen
    if chosen is None:
        return str(len(prompt.shots) or len(prompt.shot_keys))
    seed = f", seed {chosen.seed}" if chosen.by == "subject" else ""
    return f"{chosen.count} by {chosen.by}{seed}, from {chosen.source}"


def side_by_side(
    ours: Protocol,
    theirs: Protocol,
    *,
    blocking: Iterable[str] = (),
    described: Iterable[str] = (),
    notes: Protocol | None = None,
) -> tuple[Compared, ...]:
    """Every field that either protocol states.

    Args:
        ours: the protocol of what was measured.
        theirs: the other one.
        blocking: fields in which a difference makes a subtraction meaningless.
        described: fields that one side describes instead of naming, so that other words may mean the same.
        notes: something to say beside a field.
    """
    stops, loose, said = set(blocking), set(described), notes or {}
    rows = []
    for field in FIELDS:
        left, right = ours.get(field, ""), theirs.get(field, "")
        if left or right:
            state = _state(left, right)
            if state == "different" and field in loose:
                state = "unknown"
            rows.append(
                Compared(
                    field=field,
                    ours=left,
                    theirs=right,
                    state=state,
                    blocks=state == "different" and field in stops,
                    note=said.get(field, ""),
                )
            )
    return tuple(rows)


def _state(left: str, right: str) -> Literal["same", "different", "unknown"]:
    if not (left and right):
        return "unknown"
    return "same" if left.casefold() == right.casefold() else "different"
