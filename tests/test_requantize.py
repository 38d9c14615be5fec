from __future__ import annotations

from pathlib import Path

import pytest

from math500 import requantize
from math500.errors import DataUnreadable


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A GGUF file with one Q4_1 matrix, one vector and a few settings; no model."""
    import gguf
    import numpy as np

    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint32(requantize.FILE_TYPE, 3)
    writer.add_array("tokenizer.ggml.tokens", ["<s>", "数", "b"])
    writer.add_array("tokenizer.ggml.scores", [0.0, -1.0, 2.5])
    writer.add_float32("llama.rope.freq_base", 10000.0)
    writer.add_string("tokenizer.chat_template", "{{ messages }}")
    weights = np.random.default_rng(1).normal(size=(8, 64)).astype(np.float32)
    q4_1 = gguf.GGMLQuantizationType.Q4_1
    writer.add_tensor("blk.0.w", gguf.quants.quantize(weights, q4_1), raw_dtype=q4_1)
    writer.add_tensor("blk.0.norm", np.arange(64, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_weights_and_settings_stay_what_they_are(tiny: Path) -> None:
    import gguf
    import numpy as np

    made = requantize.to_q8_0(tiny, "abc")
    before, after = gguf.GGUFReader(tiny), gguf.GGUFReader(made)
    changed = {k for k in before.fields if before.fields[k].contents() != after.fields[k].contents()}
    assert changed == {requantize.FILE_TYPE}
    old, new = ({t.name: t for t in r.tensors} for r in (before, after))
    assert new["blk.0.w"].tensor_type == gguf.GGMLQuantizationType.Q8_0
    np.testing.assert_array_equal(old["blk.0.norm"].data, new["blk.0.norm"].data)
    was, now = (gguf.quants.dequantize(t["blk.0.w"].data, t["blk.0.w"].tensor_type) for t in (old, new))
    # Half a step of 1/127, and what the scale loses as a 16-bit float.
    largest = np.abs(was.reshape(-1, 32)).max(axis=1)
    assert (np.abs(was - now).reshape(-1, 32).max(axis=1) <= largest / 220).all()


def test_it_is_made_once(tiny: Path) -> None:
    said: list[str] = []
    made = requantize.to_q8_0(tiny, "abc", said.append)
    stamp = made.stat().st_mtime_ns
    assert requantize.to_q8_0(tiny, "abc", said.append).stat().st_mtime_ns == stamp
    assert len(said) == 1


def test_a_file_that_is_no_model_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "cache"))
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model" * 10)
    with pytest.raises(DataUnreadable, match=r"bad\.gguf is not a GGUF file"):
        requantize.to_q8_0(bad, "abc")
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
