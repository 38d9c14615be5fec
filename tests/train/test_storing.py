"""A full disk is one line, whichever library meets it."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from math500.errors import RunError, StorageFull
from math500.train import export, sft
from math500.train.folder import TrainingFolder
from math500.train.loop import Request
from math500.train.storing import storing
from tests.train.conftest import nothing
from tests.train.test_sft import QUICK

torch = pytest.importorskip("torch", reason="needs the extra `train`")


@contextlib.contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process grows above this many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _safetensors(path: Path, values: Any) -> None:
    from safetensors.torch import save_file

    save_file({"a": values}, path)


def _python(path: Path, values: Any) -> None:
    path.write_bytes(values.numpy().tobytes())


WRITES: dict[str, Callable[[Path, Any], None]] = {
    "safetensors": _safetensors,
    "torch": lambda path, values: torch.save(values, path),
    "numpy": lambda path, values: values.numpy().tofile(path),
    "python": _python,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_each_library_is_understood(tmp_path: Path, write: Callable[[Path, Any], None]) -> None:
    with pytest.raises(StorageFull, match="the disk is full, writing"), storing(tmp_path), full_at(50_000):
        write(tmp_path / "file", torch.ones(100_000))


def test_what_else_goes_wrong_is_not_the_disks(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="shapes"), storing(tmp_path):
        raise RuntimeError("shapes do not fit")
    with pytest.raises(FileNotFoundError), storing(tmp_path):
        (tmp_path / "no" / "file").write_text("")


def test_a_training_on_a_full_disk_goes_on_when_there_is_space(
    rows: Path, tiny: Path, tmp_path: Path
) -> None:
    request = Request((rows,), str(tiny), tmp_path / "t", QUICK)
    with pytest.raises(StorageFull, match="full, writing"), full_at(100_000):
        sft.start(request, say=nothing, quiet_=True)
    done = sft.start(request, say=nothing, quiet_=True)
    assert done.steps == TrainingFolder(tmp_path / "t").steps()[-1].step
    with pytest.raises(StorageFull, match=r"writing .*whole\.gguf"), full_at(20_000):
        export.export(tmp_path / "t", "gguf", tmp_path / "whole.gguf", quantization="F32")
    assert not list(tmp_path.glob("*whole.gguf*"))
    with pytest.raises(RunError, match="cannot be written"):
        export.export(tmp_path / "t", "gguf", tmp_path / "t" / "outcome.json" / "whole.gguf")
