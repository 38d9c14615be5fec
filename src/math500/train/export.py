"""The trained model in a form that engines read.

    safetensors   a folder, for vLLM, transformers and further training; LoRA's matrices merged in
    gguf          one file, for the embedded engine (llama.cpp); F16, Q8_0 or F32

A start that came as GGUF lends the new file its tokenizer, chat template and settings, letter for letter:
only the weights differ. For another start they are written from its folder (`vocabulary`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from math500 import quiet
from math500.errors import DataMismatch, DataUnreadable, RunError, UsageError
from math500.records import Exported, TrainingStart
from math500.rundir import storage_error
from math500.train import start as starts
from math500.train import tensors, vocabulary
from math500.train.folder import TrainingFolder
from math500.train.storing import storing

Form = Literal["gguf", "safetensors"]
VALUES = ("reward", "prm")
"""Trainings whose model values texts, and writes none."""
Announce = Callable[[str], None]


def export(
    folder: Path,
    form: Form,
    out: Path,
    *,
    quantization: tensors.Quantization = "Q8_0",
    announce: Announce = lambda _: None,
) -> Exported:
    """Write the trained model of a training's folder, or the model in any folder that transformers saved.

    Args:
        folder: a finished training, or a model.
        form: what to write.
        out: the new file, or folder; it must not exist.
        quantization: of a GGUF file's matrices.
        announce: gets a sentence before a longer wait.

    Raises:
        UsageError: the training is not finished, or its model has no such form here.
        RunError: `out` exists, or cannot be written.
        DataMismatch: the model that training started from is another one now.
        DataUnreadable: what was trained is not all there.
        DependencyMissing: the extra `train` is not installed.
        StorageFull: the disk took no more; nothing is left of what was written.
    """
    if out.exists():
        raise RunError(f"{out} exists", "Give another --out.")
    start, load = _source(folder, announce)
    with quiet.libraries(hub=start.kind == "hub"):
        model, tokenizer = load()
        making = out.with_name(f".{out.name}.{os.getpid()}")
        try:
            with storing(out):
                out.parent.mkdir(parents=True, exist_ok=True)
                if form == "gguf":
                    _gguf(start, model, tokenizer, making, quantization)
                else:
                    model.save_pretrained(making)
                    tokenizer.save_pretrained(making)
                making.replace(out)
        except OSError as e:
            raise storage_error(e, out) from e
        finally:
            if making.is_dir():
                shutil.rmtree(making, ignore_errors=True)
            elif making.exists():
                making.unlink()
    return _exported(folder, form, out, quantization)


def _source(folder: Path, announce: Announce) -> tuple[TrainingStart, Callable[[], tuple[Any, Any]]]:
    """What the model came from, and how to load it."""
    if (folder / "config.json").is_file():
        start = starts.find(str(folder))
        return start, lambda: starts.load(start, announce)
    training = TrainingFolder(folder)
    training.finished()
    if training.training.task in VALUES:
        raise UsageError(
            f"{folder} is a reward model, which says nothing",
            f"It lies whole in {training.model}, as transformers saves it.",
        )
    return training.training.start, lambda: _merged(training, announce)


def _merged(training: TrainingFolder, announce: Announce) -> tuple[Any, Any]:
    """The trained model with whatever was trained beside it merged in, and its tokenizer."""
    import torch  # noqa: PLC0415 - heavy
    from safetensors import SafetensorError  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    announce(f"Loading what was trained in {training.path}.")
    full, start = training.training.settings.method == "full", training.training.start
    if not full and start.kind != "hub":
        _unchanged(start)
    base = None if full else starts.load(start, announce)[0]
    try:
        tokenizer = AutoTokenizer.from_pretrained(training.model)
        if full:
            return AutoModelForCausalLM.from_pretrained(training.model, dtype=torch.float32), tokenizer
        import peft  # noqa: PLC0415

        return peft.PeftModel.from_pretrained(base, training.model).merge_and_unload(), tokenizer
    except (OSError, ValueError, SafetensorError) as e:
        raise DataUnreadable(
            f"the model in {training.model} cannot be loaded ({starts.first_line(e)})",
            "Restore it from a copy, or train again.",
        ) from e


def _gguf(
    start: TrainingStart,
    model: Any,  # noqa: ANN401
    tokenizer: Any,  # noqa: ANN401
    path: Path,
    quantization: tensors.Quantization,
) -> None:
    weights = tensors.named(model)
    writer = tensors.writer(path, quantization)
    if start.kind in ("embedded", "gguf"):
        tensors.copy_settings(_unchanged(start), writer)
    else:
        vocabulary.describe(model, tokenizer, start.name, writer)
    tensors.add(weights, writer, quantization)
    tensors.close(writer)


def _unchanged(start: TrainingStart) -> Path:
    """The file or folder that training started from, if it is still the same."""
    now = starts.find(start.location)
    if now.sha256 != start.sha256:
        raise DataMismatch(f"{start.location} was changed since the training", "Put the file back.")
    return Path(start.location)


def _exported(folder: Path, form: Form, out: Path, quantization: str) -> Exported:
    if form == "safetensors":
        size = sum(file.stat().st_size for file in out.iterdir())
        sha256, quantization = starts.folder_hash(out), "F32"
    else:
        size = out.stat().st_size
        with out.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Exported(
        location=str(out),
        form=form,
        sha256=sha256,
        bytes=size,
        quantization=quantization,
        training=str(folder),
    )
