from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500 import models, prompts, running
from math500.errors import DataUnreadable, RunMismatch, UsageError
from math500.records import Manifest, ModelInfo, Problem
from math500.rundir import RunDir, RunWriter


def quiet(_text: str) -> None:
    pass


def test_system_and_no_system_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        running.prompt_of(running.Request(system="Be brief.", no_system=True), quiet)


def test_a_system_message_replaces_the_prompts_own() -> None:
    request = running.Request(prompt="boxed-system", system="Be brief.")
    assert running.prompt_of(request, quiet).system == "Be brief."
    assert prompts.BOXED_SYSTEM.system != "Be brief."


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_prompt_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataUnreadable, match=r"mine\.txt cannot be read"):
        running.prompt_of(running.Request(prompt_file=path), quiet)


def embedded(sha256: str) -> ModelInfo:
    detail: dict[str, str | int | float | bool | None] = {"sha256": sha256, "engine": "llama.cpp (x 1)"}
    return ModelInfo(name="embedded", served_name="m", base_url="http://127.0.0.1:1/v1", detail=detail)


def test_a_run_is_not_finished_by_another_model(
    folder: Path,
    problems: tuple[Problem, ...],
    manifest_of: Callable[..., Manifest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import contextlib
    from collections.abc import Iterator

    from math500.client import resolve

    RunWriter.create(folder, manifest_of(model=embedded("aaa")), problems).close()

    @contextlib.contextmanager
    def other(*_: object, **__: object) -> Iterator[models.Opened]:
        yield models.Opened(resolve("m", "http://127.0.0.1:1/v1", {}), embedded("bbb"))

    monkeypatch.setattr("math500.models.open_model", other)
    with pytest.raises(RunMismatch, match="sha256 changed since the run was started"):
        running.resume(folder, concurrency=None, say=quiet)
    assert RunDir.open(folder).samples() == {}


def test_the_manifest_holds_the_prompt_whole(
    problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    made = manifest_of(prompt=prompts.REPORT_ZH)
    again = msgspec.json.decode(msgspec.json.encode(made), type=Manifest)
    text = problems[0].problem
    assert prompts.messages(again.prompt, text) == prompts.messages(prompts.REPORT_ZH, text)
