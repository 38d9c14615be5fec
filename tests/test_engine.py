"""What the engine is told, and how much of the machine it gets; how it behaves is in test_embedded.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from math500 import engine

SETTINGS = engine.Settings(gguf="/models/small.gguf", served_name="small", slots=3, context=512, threads=1)


def test_there_are_never_more_threads_than_cores() -> None:
    assert 1 <= engine.cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("max 100000\n", sys.maxsize),
        ("250000 100000\n", 2),
        ("50000 100000\n", 0),
        ("", sys.maxsize),
        ("odd", sys.maxsize),
    ],
)
def test_the_container_s_limit(text: str, cpus: int, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert engine._cpu_quota(tmp_path / "cpu.max") == cpus
    assert engine._cpu_quota(tmp_path / "none") == sys.maxsize


# -- parameters ------------------------------------------------------------------------------


def test_a_slot_s_context_is_its_own_and_the_server_is_for_this_machine_only() -> None:
    params = engine.parameters(SETTINGS)
    assert params.n_parallel == 3
    assert params.n_ctx == 3 * 512
    assert (params.kv_unified, params.ctx_shift, params.fit_params) == (False, False, False)
    assert (params.hostnames, params.port) == (["127.0.0.1"], 0)
    assert params.cpuparams.n_threads == params.cpuparams_batch.n_threads == 1
    assert params.n_threads_http > SETTINGS.slots


def test_no_answer_depends_on_what_was_asked_before() -> None:
    params = engine.parameters(SETTINGS)
    assert (params.cache_prompt, params.n_cache_reuse, params.cache_ram_mib) == (False, 0, 0)


def test_sampling_is_the_plain_distribution_whatever_the_model_file_says() -> None:
    xllamacpp = pytest.importorskip("xllamacpp")
    sampling = engine.parameters(SETTINGS).sampling
    assert (sampling.temp, sampling.top_k, sampling.top_p, sampling.min_p) == (1.0, 0, 1.0, 0.0)
    assert (sampling.penalty_repeat, sampling.penalty_freq, sampling.penalty_present) == (1.0, 0.0, 0.0)
    assert (sampling.dry_multiplier, sampling.xtc_probability, sampling.mirostat) == (0.0, 0.0, 0)
    marks = xllamacpp.common_params_sampling_config
    for name in dir(marks):
        if name.startswith("COMMON_PARAMS_SAMPLING_CONFIG_"):
            assert sampling.user_sampling_config & int(getattr(marks, name)), name
