"""The manifest against itself: the prompt under its name, worked examples, the run's name, the command."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from math500 import prompts
from math500.plural import counted
from math500.records import Manifest, Prompt, RunCheck
from math500.verify.folder import Folder, differs, either, note, ok

PROMPT, NAMES = "prompt", "names"
WORDING = ("template", "shot_template", "language")
RESTORE = "Take manifest.json from a copy: it is written once, before the first request."
STAMP = re.compile(r"(\d{8})-(\d{6})-")


def check(folder: Folder) -> Iterator[RunCheck]:
    """What a manifest says twice it says alike."""
    yield _prompt(folder)
    yield _names(folder)


def text_hash(prompt: Prompt) -> str:
    """The sha256 of all that a prompt adds to a problem's text."""
    said = (prompt.system, prompt.template, prompt.shot_template, prompt.shots, prompt.stop)
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def _prompt(folder: Folder) -> RunCheck:
    """A name stands for one wording for ever; only an ablation changes parts of it under the name."""
    prompt = folder.made.prompt
    here = f"{prompt.name}, text sha256 {text_hash(prompt)[:16]}..."
    if _altered(folder.made):
        return note(PROMPT, f"{here}; an ablation or an import may word it otherwise than its name says")
    where = [f"worked example {i + 1}" for i in _other_shots(folder.made)]
    if prompt.name in prompts.names():
        where += _other_wording(folder.made)
    return either(
        PROMPT,
        here,
        (
            f"part of the prompt is not that of {prompt.name}",
            f"parts of the prompt are not those of {prompt.name}",
        ),
        where,
        RESTORE,
    )


def _altered(made: Manifest) -> bool:
    return "+" in made.run_id or made.origin is not None


def _other_shots(made: Manifest) -> list[int]:
    """Worked examples whose text is not the one that their key names."""
    prompt = made.prompt
    if made.texts_left_out or not prompt.shot_keys:
        return []
    keys = [prompts.key(shot.problem) for shot in prompt.shots]
    return [i for i, key in enumerate(prompt.shot_keys) if i >= len(keys) or keys[i] != key]


def _other_wording(made: Manifest) -> list[str]:
    ours = prompts.get(made.prompt.name)
    where = [name for name in WORDING if getattr(made.prompt, name) != getattr(ours, name)]
    asked = any(word.split("=")[0] in ("--system", "--no-system") for word in made.command)
    # A study sets the system message in its file, so only a typed command proves that none was asked for.
    if made.command[:1] == ("run",) and not asked and made.prompt.system != ours.system:
        where.append("system")
    return where


def _names(folder: Folder) -> RunCheck:
    """The run's id holds its time, model and prompt; the command holds the model."""
    made = folder.made
    if _altered(made) or not (stamp := STAMP.match(made.run_id)):
        return ok(NAMES, f"{made.run_id} is a name of its own")
    where = []
    created = re.sub(r"\D", "", made.created)[:14]
    if "".join(stamp.groups()) != created:
        where.append(f"created {made.created} is not the time in {made.run_id}")
    name = re.sub(r"[^\w.-]+", "-", Path(made.model.name.split(":")[-1]).name)
    if made.run_id[stamp.end() :] != f"{name}-{made.prompt.name}":
        where.append(f"model {made.model.name} and prompt {made.prompt.name} are not those in {made.run_id}")
    where += _typed(made)
    if where:
        return differs(
            NAMES,
            f"{counted(len(where), 'name in the manifest contradicts', 'names in the manifest contradict')} "
            "another",
            where,
            RESTORE,
        )
    return ok(NAMES, f"{made.run_id}: its time, model and prompt are the manifest's")


def _typed(made: Manifest) -> list[str]:
    """What the command says of the model, where it says something."""
    words = made.command
    if "--model" not in words[:-1]:
        return []
    said = words[words.index("--model") + 1]
    return [] if said == made.model.name else [f"the command asked for --model {said}, not {made.model.name}"]
