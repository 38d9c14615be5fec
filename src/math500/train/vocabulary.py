"""A Llama's settings and tokenizer in GGUF's words, for a start that did not come as GGUF.

llama.cpp has its own splitter of texts, chosen by a name in the file. Two are known here, told by what the
tokenizer's own file says; for any other nothing is guessed:

    gpt-2    bytes, split by GPT-2's pattern
    smollm   the same after every digit was parted from the next
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from math500.errors import UsageError

if TYPE_CHECKING:
    from gguf import GGUFWriter

NORMAL, CONTROL = 1, 3
"""gguf-py's `TokenType`."""
ELSEWHERE = "Export it --to safetensors; llama.cpp's own convert_hf_to_gguf.py makes GGUF of that."


def describe(model: Any, tokenizer: Any, name: str, writer: GGUFWriter) -> None:  # noqa: ANN401
    """Write what llama.cpp has to know besides the weights.

    Raises:
        UsageError: the tokenizer is none that is known here.
    """
    _add_sizes(model.config, name, writer)
    said = json.loads(tokenizer.backend_tokenizer.to_str())
    if said["model"]["type"] != "BPE":
        raise UsageError(f"a {said['model']['type']} tokenizer cannot be written as GGUF here", ELSEWHERE)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(splitter(said))
    _add_tokens(said, model.config.vocab_size, writer)
    for kind in ("bos", "eos", "pad"):
        if (number := getattr(tokenizer, f"{kind}_token_id")) is not None:
            getattr(writer, f"add_{kind}_token_id")(number)
    writer.add_add_bos_token(False)
    writer.add_chat_template(tokenizer.chat_template)


def _add_sizes(config: Any, name: str, writer: GGUFWriter) -> None:  # noqa: ANN401
    rope = config.rope_parameters
    if rope.get("rope_type", "default") != "default":
        raise UsageError(f"a model with {rope['rope_type']} RoPE cannot be written as GGUF here", ELSEWHERE)
    writer.add_name(name.rstrip("/").rsplit("/", 1)[-1])
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_vocab_size(config.vocab_size)


def splitter(said: dict[str, Any]) -> str:
    """llama.cpp's name for how the tokenizer splits a text.

    Raises:
        UsageError: it splits in a way that has no name here.
    """
    parts = said["pre_tokenizer"] or {}
    steps = parts.get("pretokenizers", [parts])
    plain = [(step.get("type"), step.get("individual_digits") or step.get("use_regex")) for step in steps]
    prefixed = any(step.get("add_prefix_space") for step in steps)
    known = {(("ByteLevel", True),): "gpt-2", (("Digits", True), ("ByteLevel", True)): "smollm"}
    if prefixed or said["normalizer"] or tuple(plain) not in known:
        raise UsageError("the tokenizer splits texts in a way that is not known here", ELSEWHERE)
    return known[tuple(plain)]


def _add_tokens(said: dict[str, Any], size: int, writer: GGUFWriter) -> None:
    vocabulary: dict[str, int] = said["model"]["vocab"]
    tokens = {number: token for token, number in vocabulary.items()}
    tokens |= {one["id"]: one["content"] for one in said["added_tokens"]}
    special = {one["id"] for one in said["added_tokens"] if one["special"]}
    writer.add_token_list([tokens.get(i, f"[PAD{i}]") for i in range(size)])
    writer.add_token_types([CONTROL if i in special or i not in tokens else NORMAL for i in range(size)])
    writer.add_token_merges(
        [" ".join(pair) if isinstance(pair, list) else pair for pair in said["model"]["merges"]]
    )
