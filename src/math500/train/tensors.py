"""A Llama's weights as llama.cpp wants them.

    transformers' name ──gguf's own table──▶ llama.cpp's name
    rows of the query and key matrices ──permuted──▶ the order of llama.cpp's rotary embedding
    matrices ──F16, Q8_0 or F32──▶ the file; vectors stay F32

transformers keeps a head's two halves one after the other, llama.cpp its pairs side by side
(llama.cpp `conversion/llama.py`, `LlamaModel.permute`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from math500 import requantize
from math500.errors import UsageError

if TYPE_CHECKING:
    from gguf import GGUFWriter

Quantization = Literal["Q8_0", "F16", "F32"]
FILE_TYPES: dict[Quantization, int] = {"F32": 0, "F16": 1, "Q8_0": 7}
"""llama.cpp's numbers for a file's kind (gguf-py `LlamaFileType`)."""
ARCHITECTURE = "llama"
BLOCK = 32
"""Numbers that share a scale in Q8_0: a matrix' rows are multiples of it."""


def named(model: Any) -> dict[str, Any]:  # noqa: ANN401 - numpy arrays out of a torch model
    """The model's weights as float32, by llama.cpp's names and in its order.

    Raises:
        UsageError: the model is no Llama, or has weights that llama.cpp's has not.
    """
    import gguf  # noqa: PLC0415

    config = model.config
    if config.model_type != ARCHITECTURE:
        raise UsageError(
            f"a {config.model_type} model cannot be written as GGUF here",
            "Export it --to safetensors; llama.cpp's own convert_hf_to_gguf.py makes GGUF of that.",
        )
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    found: dict[str, Any] = {}
    for name, weight in model.state_dict().items():
        if config.tie_word_embeddings and name == "lm_head.weight":
            continue  # the embedding again
        new = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if new is None:
            raise UsageError(f"llama.cpp has no place for {name}", "Export it --to safetensors.")
        found[new] = _ordered(new, weight.detach().float().cpu().numpy(), config)
    return found


def _ordered(name: str, weight: Any, config: Any) -> Any:  # noqa: ANN401
    if ".attn_q." in name:
        return permuted(weight, config.num_attention_heads)
    if ".attn_k." in name:
        return permuted(weight, config.num_key_value_heads)
    return weight


def permuted(weight: Any, heads: int) -> Any:  # noqa: ANN401
    """The rows of each head, its two halves interleaved."""
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return halves.swapaxes(1, 2).reshape(weight.shape)


# -- the file ----------------------------------------------------------------------------------


def writer(path: Path, quantization: Quantization) -> GGUFWriter:
    """A writer of a new file whose matrices will be of this kind."""
    from gguf import GGUFWriter  # noqa: PLC0415

    made = GGUFWriter(path, ARCHITECTURE)
    made.add_file_type(FILE_TYPES[quantization])
    return made


def copy_settings(source: Path, writer: GGUFWriter) -> None:
    """Every setting of another file, its kind left out."""
    from gguf import GGUFReader  # noqa: PLC0415

    requantize.copy_settings(GGUFReader(source), writer, without={requantize.FILE_TYPE})


def add(weights: dict[str, Any], writer: GGUFWriter, quantization: Quantization) -> None:
    """The weights: matrices of this kind, vectors as F32."""
    from gguf import GGMLQuantizationType, quants  # noqa: PLC0415

    for name, weight in weights.items():
        fits = quantization != "Q8_0" or weight.shape[-1] % BLOCK == 0
        kind = quantization if weight.ndim > 1 and fits else "F16" if weight.ndim > 1 else "F32"
        wanted: Any = GGMLQuantizationType[kind]
        writer.add_tensor(name, quants.quantize(weight, wanted), raw_dtype=wanted)


def close(writer: GGUFWriter) -> None:
    """Write the file."""
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()
