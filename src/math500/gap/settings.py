"""The other setting of each factor: a manifest with one part of its protocol changed.

    prompt        the wording of the request             answer-line, or boxed where it was that
    shots         worked examples before the question    Minerva's four, or none where there are some
    system        the system message                     "You are a helpful assistant.", or none
    template      the chat template                      one plain text that ends with `Answer:`
    decoding      how tokens are chosen                  temperature 0.6 and top-p 0.95, or greedy
    limit         the token limit                        twice as many tokens
    concurrency   requests in flight                     one at a time, or eight
    repeat        nothing at all                         what is left is the noise of asking again

The default is the other side of the most common disagreement between reports; `FACTOR=VALUE` names another
one, and with another run as target every factor takes that run's setting. Changes are made in the order
above, so that worked examples follow a changed wording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from math500 import prompts, protocols
from math500.errors import UsageError
from math500.records import Manifest, Problem, Prompt

Train = Callable[[], Sequence[Problem]]
"""Gets the MATH train split, which the worked examples come from."""

ASSISTANT = "You are a helpful assistant."
"""What Qwen2.5's chat template says when there is no system message, and what many clients send."""
BEGINS = "\n\nAnswer:"
"""Behind a request that goes without a chat template. Without it a chat model often says nothing at all."""
SAMPLED = (0.6, 0.95)
"""Temperature and top-p that the DeepSeek-R1 README recommends."""


@dataclass(frozen=True)
class Changed:
    """A manifest with another setting, and that setting in words."""

    manifest: Manifest
    setting: str


Change = Callable[[Manifest, str, Train], Manifest]


def _prompt(made: Manifest, to: str, train: Train) -> Manifest:
    del train
    name = to or ("answer-line" if made.prompt.name.startswith("boxed") else "boxed")
    other = prompts.get(name)
    if other.shot_keys:
        raise UsageError(
            f"the prompt {name!r} brings worked examples of its own, which is two factors at once",
            "Name a prompt without them, and `shots` beside it.",
        )
    changed = _worded(made.prompt, other)
    if other.system is not None:
        changed = msgspec.structs.replace(changed, system=other.system)
    return _with(made, prompt=changed)


def _shots(made: Manifest, to: str, train: Train) -> Manifest:
    count = _whole("shots", to, 0 if prompts.shot_count(made.prompt) else len(prompts.MINERVA.shot_keys))
    if count > len(prompts.MINERVA.shot_keys):
        raise UsageError(f"there are 4 worked examples, not {count}", "Use --to shots=4 or fewer.")
    if count == 0:
        return _with(made, prompt=prompts.with_chosen(made.prompt, None))
    examples = prompts.with_shots(prompts.MINERVA, train()).shots[:count]
    bare = prompts.with_chosen(made.prompt, None)
    changed = msgspec.structs.replace(bare, shots=examples, shot_template=_shot_template(made.prompt))
    return _with(made, prompt=changed)


def _system(made: Manifest, to: str, train: Train) -> Manifest:
    del train
    text = to or (None if made.prompt.system is not None else ASSISTANT)
    if text == "none":
        text = None
    changed = msgspec.structs.replace(made.prompt, system=text)
    return _with(made, prompt=changed)


def _template(made: Manifest, to: str, train: Train) -> Manifest:
    """Without a template a text is completed, and it says where the answer begins."""
    del train
    plain = made.asking.api != "completions" if not to else to == "none"
    ended = made.prompt.template.endswith(BEGINS)
    if plain == ended:
        return made
    text = made.prompt.template
    text = f"{text}{BEGINS}" if plain else text.removesuffix(BEGINS)
    prompt = msgspec.structs.replace(made.prompt, template=text)
    if prompt.shots:
        prompt = msgspec.structs.replace(prompt, shot_template=_shot_template(prompt))
    asking = msgspec.structs.replace(made.asking, api="completions" if plain else "chat")
    return _with(made, prompt=prompt, asking=asking)


def _decoding(made: Manifest, to: str, train: Train) -> Manifest:
    del train
    greedy = (made.decoding.temperature or 0.0) == 0.0 and made.decoding.temperature is not None
    temperature, top_p = SAMPLED if greedy else (0.0, None)
    if to:
        temperature, top_p = _temperature(to)
    seed = made.decoding.seed if made.decoding.seed is not None or temperature == 0 else 0
    changed = msgspec.structs.replace(made.decoding, temperature=temperature, top_p=top_p, seed=seed)
    return _with(made, decoding=changed)


def _limit(made: Manifest, to: str, train: Train) -> Manifest:
    del train
    limit = _whole("limit", to, 2 * (made.decoding.max_tokens or 0))
    if limit == 0:
        raise UsageError(
            "the run has no token limit, so there is none to double", "Name one: --to limit=1024."
        )
    changed = msgspec.structs.replace(made.decoding, max_tokens=limit)
    return _with(made, decoding=changed)


def _concurrency(made: Manifest, to: str, train: Train) -> Manifest:
    del train
    at_once = max(1, _whole("concurrency", to, 1 if made.concurrency > 1 else 8))
    return _with(made, concurrency=at_once)


def _repeat(made: Manifest, to: str, train: Train) -> Manifest:
    del to, train
    return made


CHANGES: Mapping[str, Change] = {
    "prompt": _prompt,
    "shots": _shots,
    "system": _system,
    "template": _template,
    "decoding": _decoding,
    "limit": _limit,
    "concurrency": _concurrency,
    "repeat": _repeat,
}
"""The factors that are measured by asking the model, in the order in which they are changed."""


def change(
    made: Manifest,
    factors: Iterable[str],
    to: Mapping[str, str],
    train: Train,
    target: Manifest | None = None,
) -> Changed:
    """The manifest with the other setting of each of these factors.

    Args:
        made: the run's own settings.
        factors: names out of `CHANGES`.
        to: the other setting of a factor, where it is not the default.
        train: the MATH train split, called only where worked examples are needed.
        target: another run's settings, which the factors take where `to` does not name one.

    Raises:
        UsageError: a factor has no other setting here, or the one named is none.
    """
    wanted, words = set(factors), []
    for name, step in CHANGES.items():
        if name in wanted:
            named = to.get(name, "")
            made = step(made, named, train) if named or target is None else _take(name, made, target)
            words.append(in_words(name, made))
    return Changed(made, ", ".join(words))


def differing(made: Manifest, target: Manifest) -> tuple[str, ...]:
    """The factors whose settings differ between two runs."""
    return tuple(name for name in CHANGES if in_words(name, made) != in_words(name, target))


def _take(factor: str, made: Manifest, target: Manifest) -> Manifest:
    """The manifest with the target's setting of one factor."""
    prompt, plain = target.prompt, target.asking.api == "completions"
    changes: dict[str, Manifest] = {
        "prompt": _with(made, prompt=_worded(made.prompt, prompt)),
        "shots": _with(made, prompt=_shown(made.prompt, prompt)),
        "system": _with(made, prompt=msgspec.structs.replace(made.prompt, system=prompt.system)),
        "template": _template(made, "none" if plain else "own", list),
        "decoding": _with(
            made,
            decoding=msgspec.structs.replace(
                made.decoding,
                temperature=target.decoding.temperature,
                top_p=target.decoding.top_p,
                seed=target.decoding.seed,
            ),
        ),
        "limit": _with(
            made, decoding=msgspec.structs.replace(made.decoding, max_tokens=target.decoding.max_tokens)
        ),
        "concurrency": _with(made, concurrency=target.concurrency),
        "repeat": made,
    }
    return changes[factor]


def _worded(before: Prompt, after: Prompt) -> Prompt:
    """The other wording with the worked examples and the system message that were there."""
    return msgspec.structs.replace(
        after,
        system=before.system,
        shots=before.shots,
        shot_keys=(),
        chosen=before.chosen,
        shot_template=_shot_template(after) if before.shots else after.shot_template,
    )


def _shown(before: Prompt, after: Prompt) -> Prompt:
    """The same wording with the other worked examples."""
    template = _shot_template(before) if after.shots else before.shot_template
    bare = prompts.with_chosen(before, after.chosen)
    return msgspec.structs.replace(bare, shots=after.shots, shot_template=template)


APART = ("concurrency", "repeat")
"""Factors that show noise; they are not part of what makes two protocols different."""
FIELD = {"limit": "token limit"}
"""Factor to the protocol's field, where they are not the same word."""


def in_words(factor: str, made: Manifest) -> str:
    """The setting of this factor in a manifest."""
    shots = protocols.shots(made.prompt)
    words = {
        "prompt": made.prompt.name,
        "shots": "none" if shots == "0" else f"{shots} worked examples" if shots.isdigit() else shots,
        "system": "none" if made.prompt.system is None else f'"{made.prompt.system}"',
        "template": "none" if made.asking.api == "completions" else "the model's own",
        "decoding": protocols.decoding(made.decoding),
        "limit": f"{made.decoding.max_tokens or 0:,} tokens",
        "concurrency": f"{made.concurrency} at once",
        "repeat": "the same again",
    }
    return words[factor]


def names(text: str) -> tuple[str, ...]:
    """The factors of a list such as `prompt,limit`; `all` is every one of them.

    Raises:
        UsageError: one of them is unknown.
    """
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    if wanted == ["all"]:
        return tuple(CHANGES)
    if unknown := [name for name in wanted if name not in CHANGES]:
        raise UsageError(
            f"there is no factor {', '.join(unknown)}", f"Use some of {', '.join(CHANGES)}, or all."
        )
    return tuple(name for name in CHANGES if name in wanted)


def _with(made: Manifest, **fields: object) -> Manifest:
    return msgspec.structs.replace(made, **fields)


def _shot_template(prompt: Prompt) -> str:
    """The wording of the request itself, and its solution behind it."""
    return f"{prompt.template}\n\n{{solution}}\n\n\n"


def _whole(factor: str, text: str, default: int) -> int:
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise UsageError(f"{text!r} is no number for {factor}", f"Use such as --to {factor}=4.")
    return number


def _temperature(text: str) -> tuple[float, float | None]:
    """`greedy`, `0.7`, or `0.7/0.95` with top-p."""
    first, _, second = text.partition("/")
    try:
        temperature = 0.0 if first == "greedy" else float(first)
        top_p = float(second) if second else None
    except ValueError:
        temperature, top_p = -1.0, None
    if temperature < 0 or (top_p is not None and not 0 < top_p <= 1):
        raise UsageError(
            f"{text!r} is no decoding", "Use such as --to decoding=greedy, =0.7, or =0.7/0.95 with top-p."
        )
    return temperature, top_p
