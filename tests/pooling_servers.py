"""vLLM and SGLang with a reward model, as plans of the faulty server: they compute with the model's folder.

Their answers are in the forms that their sources write: vLLM 0.25.1 entrypoints/pooling/pooling/protocol.py
(`PoolingResponse`), model_executor/layers/pooler (activations.py: one label goes through the logistic
function, more through softmax; tokwise: a row a token, or one a step tag); SGLang 0.5.23, as it
answered (`embedding` and `meta_info`), which knows raw values only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fake_servers import listed
from tests.faulty_server import Act, Request, error

NO_CHAT = (
    "This model does not appear to be an embedding model by default. Please add `--is-embedding` when "
    "launching the server or try another model."
)
"""SGLang 0.5.23, where it was started to chat."""


class Pools:
    """A server of one reward model.

    Args:
        folder: the model's.
        server: `vllm` or `sglang`.
        weights: what it says that it serves.
        step_tag: gives a row for each such token alone.
        context: tokens of a text at most.
    """

    def __init__(
        self,
        folder: Path,
        server: str = "vllm",
        *,
        weights: str = "/models/reward",
        step_tag: int | None = None,
        context: int = 4096,
    ) -> None:
        import transformers

        from math500 import quiet

        with quiet.libraries():
            config = json.loads((folder / "config.json").read_text())
            [architecture] = config["architectures"]
            self.whole = architecture.endswith("ForSequenceClassification")
            self.model = getattr(transformers, architecture).from_pretrained(folder).eval()
        self.server, self.weights, self.step_tag, self.context = server, weights, step_tag, context
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Act:
        """The plan."""
        if request.path == "/model_info" and self.server == "sglang":
            return Act(body=json.dumps({"model_path": self.weights, "is_generation": False}).encode())
        if not request.raw:
            root = "reward" if self.server == "sglang" else self.weights
            return listed("reward", self.server, self.context, root)
        if request.path != {"vllm": "/pooling", "sglang": "/classify"}[self.server]:
            return error(404, "Not Found")
        self.asked.append(request.body)
        return Act(body=json.dumps(self.answer(request.body)).encode())

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What it says of the one text in a request."""
        if self.server == "sglang":
            ids = asked["input_ids"]
            reason = {"type": "length", "length": 0}
            info = {
                "id": "2d",
                "finish_reason": reason,
                "prompt_tokens": len(ids),
                "weight_version": "default",
            }
            return {"embedding": self.values(ids, activation=False), "meta_info": info}
        [ids] = asked["input"]
        return {
            "id": "pool-1",
            "object": "list",
            "created": 1764140000,
            "model": "reward",
            "data": [
                {
                    "index": 0,
                    "object": "pooling",
                    "data": self.values(ids, activation=asked.get("use_activation", True)),
                }
            ],
            "usage": {
                "prompt_tokens": len(ids),
                "total_tokens": len(ids),
                "completion_tokens": 0,
                "prompt_tokens_details": None,
            },
        }

    def values(self, ids: list[int], *, activation: bool) -> Any:
        """The pooler's output."""
        import torch

        with torch.inference_mode():
            logits = self.model(input_ids=torch.tensor([ids])).logits[0]
        if self.whole:
            return (logits.sigmoid() if activation else logits).tolist()
        rows = logits.softmax(-1) if activation else logits
        kept = (
            range(len(ids)) if self.step_tag is None else [n for n, i in enumerate(ids) if i == self.step_tag]
        )
        return rows[list(kept)].tolist()
