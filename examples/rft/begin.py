"""Make the model that the recipe starts from: a Llama with 118,000 weights, trained on sloppy solutions.

    python begin.py FOLDER [STEPS] [SEED]

It stands for what a language model has learnt before anyone fine-tunes it: it knows how such problems are
talked about, in many orders, and slips often. FOLDER is a model as transformers saves it.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import torch
import world
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

STEPS = 1500
BATCH = 48
RATE = 3e-3
WARMUP = 20
VOCABULARY = 400
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for m in messages %}"
    "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def tokenizer() -> PreTrainedTokenizerFast:
    """Bytes, merged into this world's words; every digit is a token of its own."""
    made = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    draw = random.Random(7)
    stories = [world.story(draw) for _ in range(2000)]
    texts = [text for one in stories for text in (one.text, world.sloppy(one, draw))]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=SPECIAL[2], pad_token=SPECIAL[0], chat_template=TEMPLATE
    )


def model(size: int, end: int) -> LlamaForCausalLM:
    """Two layers of 64."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size,
            hidden_size=64,
            intermediate_size=160,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=end,
            pad_token_id=0,
        )
    )


def batch(words: PreTrainedTokenizerFast, draw: random.Random) -> dict[str, Any]:
    """Fresh problems with sloppy solutions; what is learnt is the solution."""
    rows = []
    for _ in range(BATCH):
        asked = world.story(draw)
        question = words.apply_chat_template(
            [{"role": "user", "content": asked.text}], add_generation_prompt=True, return_dict=False
        )
        answer = words.encode(world.sloppy(asked, draw) + SPECIAL[2])
        rows.append((question, answer))
    longest = max(len(question) + len(answer) for question, answer in rows)
    read = torch.zeros(BATCH, longest, dtype=torch.long)
    learn = torch.full((BATCH, longest), -100)
    for i, (question, answer) in enumerate(rows):
        whole = len(question) + len(answer)
        read[i, :whole] = torch.tensor(question + answer)
        learn[i, len(question) : whole] = torch.tensor(answer)
    return {"input_ids": read, "labels": learn}


def main(folder: Path, steps: int, seed: int) -> None:
    """Train, and save."""
    torch.manual_seed(seed)
    draw = random.Random(seed + 1)
    words = tokenizer()
    made = model(len(words), words.eos_token_id)
    optimizer = torch.optim.AdamW(made.parameters(), lr=RATE, weight_decay=0.01)
    started = time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / WARMUP) * (1 - 0.9 * step / steps)
        loss = made(**batch(words, draw)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0 or step == steps - 1:
            print(
                f"step {step + 1}/{steps}, loss {loss.item():.3f}, {time.monotonic() - started:.0f} s",
                flush=True,
            )
    made.save_pretrained(folder)
    words.save_pretrained(folder)


if __name__ == "__main__":
    torch.set_num_threads(1)
    given = sys.argv[1:]
    main(Path(given[0]), int(given[1]) if len(given) > 1 else STEPS, int(given[2]) if len(given) > 2 else 0)
