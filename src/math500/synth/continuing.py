"""Can this endpoint go on with an answer that has begun? Asked before anything is paid for by the thousand.

    chat          the answer's beginning is the last message, the assistant's, and the request says that it is
                  to be gone on with (`client/wire.py`): vLLM, SGLang and llama.cpp do, many vendors do not
    completions   one text; whatever stands in it is gone on with
    responses     cannot

An endpoint that does not know the words may close the message and answer anew, without saying so. That shows
in the number of the prompt's tokens: a beginning twice as long costs twice as many if it stands open at the
prompt's end, and a few fewer than twice if a turn was closed behind it.

    none  g       n words  g + kn + c       2n words  g + 2kn + c       c, the closed turn, is 0
"""

from __future__ import annotations

import asyncio
import os

from math500 import models
from math500.errors import RequestRejected, SampleFailed, UsageError
from math500.records import Decoding, Message
from math500.running import Request, Say

WORDS = 8
"""Of the shorter beginning."""
INSTEAD = (
    "Serve the model by vLLM, SGLang or llama.cpp; for a model without a chat template use --api completions."
)


def require(request: Request, say: Say) -> None:
    """Do nothing if the request's model goes on with an answer that has begun.

    Three requests of a few tokens are sent, unless it is known (the embedded engine, `completions`).

    Raises:
        UsageError: it does not, or it cannot be told.
        ModelError: the endpoint cannot be used at all.
    """
    if request.asking.api == "responses":
        raise UsageError("the Responses form cannot go on with an answer that has begun", "Leave --api out.")
    if request.asking.batch:
        raise UsageError("a batch queue is not asked to go on with an answer", "Leave --batch out.")
    if models.is_embedded(request.model) or request.asking.api == "completions":
        return
    with models.open_model(
        request.model,
        base_url=request.base_url,
        concurrency=1,
        max_tokens=None,
        environ=os.environ,
        asking=request.asking,
        private=request.private,
        price=request.price,
        announce=say,
    ) as opened:
        counts = asyncio.run(counted(opened))
    if fault := told(counts):
        raise UsageError(f"{request.model} does not go on with an answer that has begun ({fault})", INSTEAD)


def told(counts: tuple[int | None, int | None, int | None] | str) -> str:
    """What is wrong, out of the prompt's tokens without a beginning, with a short one and with a long one."""
    if isinstance(counts, str):
        return counts
    none, short, long = counts
    if none is None or short is None or long is None:
        return "it does not count the prompt's tokens, so it cannot be told"
    if not none < short < long:
        return "the beginning was left out of the prompt"
    closed = 2 * short - long - none
    return f"{closed} tokens behind it close the turn" if closed > 0 else ""


async def counted(opened: models.Opened) -> tuple[int | None, int | None, int | None] | str:
    """The prompt's tokens without a beginning, with a short and with a long one; or how it was refused."""
    found = []
    async with opened.client(concurrency=1) as client:
        for words in (0, WORDS, 2 * WORDS):
            asked = [Message(role="user", content="Write the digit 1 a hundred times, with spaces between.")]
            if words:
                asked.append(Message(role="assistant", content=" ".join(["1"] * words)))
            try:
                reply = await client.generate(asked, Decoding(temperature=None, max_tokens=4))
            except (RequestRejected, SampleFailed) as refused:
                return refused.what
            found.append(reply.prompt_tokens)
    return found[0], found[1], found[2]
