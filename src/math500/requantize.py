"""The embedded model's weights in the form that the engine is fast at.

The model comes as Q4_1, for which llama.cpp has no fast kernel for a batch: 16 requests at once
cost as much per token as one. As Q8_0 the same weights take a third more memory and give about
twice the tokens a second (docs/decisions/embedded-model.md). Going from 4 to 8 bits changes a
weight by at most about 1/250 of its block's largest one, a tenth of what going to 4 bits had cost.

The result is kept in the cache; the manifest of a run names both files by their sha256.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any

from math500 import archives
from math500.errors import DataUnreadable, DependencyMissing

if TYPE_CHECKING:
    from gguf import GGUFReader, GGUFWriter

FILE_TYPE = "general.file_type"
MOSTLY_Q8_0 = 7
"""llama.cpp's number for a file whose matrices are Q8_0 (gguf-py `LlamaFileType.MOSTLY_Q8_0`)."""


def to_q8_0(source: Path, name: str, announce: Callable[[str], None] = lambda _: None) -> Path:
    """The path of the same model with its matrices as Q8_0, made now if it is not in the cache.

    Args:
        source: a GGUF file.
        name: what tells this file's content apart, such as a part of its sha256.
        announce: gets a sentence before the conversion, which takes seconds.

    Raises:
        DependencyMissing: the extra `local` is not installed.
        DataUnreadable: the file is not a GGUF file.
        StorageFull: the cache's disk is full.
    """
    made = archives.cache_dir() / "models" / name / f"{source.stem}-as-Q8_0.gguf"
    if made.is_file():
        return made
    announce(f"Converting {source.name} to Q8_0, once.")
    partial = made.with_name(f".{made.name}.{os.getpid()}")
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        _convert(source, partial)
        partial.replace(made)
    except OSError as e:
        raise archives.storage_error(e, made.parent) from e
    finally:
        partial.unlink(missing_ok=True)
    return made


def _convert(source: Path, target: Path) -> None:
    try:
        from gguf import GGUFReader, GGUFWriter  # noqa: PLC0415 - needs the extra `local`
    except ImportError as e:
        raise DependencyMissing(
            "the embedded model needs gguf, which is not installed",
            "Install it: pip install 'math500[local]'.",
        ) from e
    try:
        reader = GGUFReader(source)
    except ValueError as e:
        raise DataUnreadable(f"{source} is not a GGUF file ({e})", "Fetch it again.") from e
    writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
    copy_settings(reader, writer, without={FILE_TYPE})
    writer.add_file_type(MOSTLY_Q8_0)
    _add_matrices(reader, writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def copy_settings(reader: GGUFReader, writer: GGUFWriter, *, without: AbstractSet[str]) -> None:
    """Every setting of a file but those named: its tokenizer, its chat template, the model's sizes."""
    for key, entry in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture" or key in without:
            continue  # the writer makes the first two itself
        value = entry.contents()
        if len(entry.types) > 1:
            writer.add_array(key, value)
        else:
            writer.add_key_value(key, value, entry.types[0])


def _add_matrices(reader: GGUFReader, writer: GGUFWriter) -> None:
    """Matrices become Q8_0; vectors (norms), which are F32, stay as they are."""
    from gguf import GGMLQuantizationType, quants  # noqa: PLC0415 - needs the extra `local`

    q8_0: Any = GGMLQuantizationType.Q8_0
    for tensor in reader.tensors:
        if tensor.tensor_type in (GGMLQuantizationType.F32, q8_0):
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        else:
            weights = quants.dequantize(tensor.data, tensor.tensor_type)
            writer.add_tensor(tensor.name, quants.quantize(weights, q8_0), raw_dtype=q8_0)
