"""`--model math500`: an lm-eval model that asks an OpenAI-compatible endpoint through `client`.

lm-eval hands over all requests at once and wants all strings back, in order:

    requests --as messages and settings--> a few workers --> Client --> Response (text with its facts)

A request that is given up becomes a Response that says so, and is kept out of the score. When the
endpoint stops answering for good (no quota left, say), what was answered until then is still scored,
and the rest is marked failed; only when nothing at all was answered is the error raised.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from math500 import asking, models, solve
from math500.client import Client, Event
from math500.errors import ModelError, SampleFailed, UsageError
from math500.lmeval import require
from math500.lmeval.response import Response
from math500.plural import counted
from math500.records import Asking, Decoding, Failure, Message, ModelInfo, SolverInfo

require()
from lm_eval.api.model import LM  # noqa: E402 - only after the check, which says what to install
from lm_eval.models.utils import normalize_gen_kwargs  # noqa: E402
from tqdm import tqdm  # noqa: E402 - comes with lm-eval

logger = logging.getLogger("lm_eval")

STOPPED = "stopped"
"""The failure of a sample that the endpoint was not asked for any more."""

ASKING = (
    *("api", "stream", "hedge", "api_key_env", "header", "proxy", "ca_file"),
    *("timeout_connect", "timeout_first_byte", "timeout_between_bytes", "timeout_total"),
    *("max_requests", "max_tokens_total", "max_cost", "price"),
)
"""Arguments that say how the endpoint is asked; `|` stands for the comma in `price` and between several
addresses or headers, since lm-eval splits its arguments at commas."""

KNOWN_SETTINGS = {"do_sample", "until", "max_gen_toks", "temperature", "top_p", "seed"}


class ChatText(str):
    """Chat messages as JSON: what lm-eval passes on as the prompt when a chat template is applied."""

    __slots__ = ()


class Math500LM(LM):  # type: ignore[misc] # lm-eval ships no types
    """A chat model behind an endpoint, or the embedded one.

    Args:
        model: as `math500 run --model`: `embedded`, `openai/gpt-4o-mini`, or any name with `base_url`.
        base_url: an OpenAI-compatible server. The key comes from the environment.
        concurrency: requests in flight.
        seed: what the seeds of a problem's samples are made of, together with the problem.
        more: how it is asked, in the words of `math500 run` with `_` for `-`: ASKING. A header's value and
            a proxy's password would be written into lm-eval's results, so a header is `NAME:$VARIABLE`.
            batch_size, max_batch_size and device, which lm-eval gives to every model, mean nothing here.

    Raises:
        UsageError: another argument was given, or the address holds a password.
    """

    def __init__(
        self,
        model: str = models.EMBEDDED,
        base_url: str | None = None,
        concurrency: int | None = None,
        seed: int | None = None,
        **more: object,
    ) -> None:
        super().__init__()
        if unknown := more.keys() - {"batch_size", "max_batch_size", "device", *ASKING}:
            raise UsageError(
                f"the model math500 has no argument {', '.join(sorted(unknown))}",
                f"Use --model_args model=...,base_url=...,concurrency=...,seed=... and {', '.join(ASKING)}.",
            )
        _refuse_secrets(base_url, more)
        given = _given(more)
        self.asking = asking.asking(given, Asking())
        self.private, self.price = asking.private(given), asking.price(given)
        self.model, self.base_url, self.seed = model, base_url, seed
        self.concurrency = concurrency or models.default_concurrency(model)
        self.info: ModelInfo | None = None

    @property
    def tokenizer_name(self) -> str:
        """What tells lm-eval's cache of built prompts apart."""
        return f"math500-chat:{self.model}"

    def apply_chat_template(
        self,
        chat_history: list[dict[str, str]],
        add_generation_prompt: bool = True,  # noqa: ARG002 - lm-eval's signature
    ) -> ChatText:
        """The messages as they are: the endpoint applies its own template."""
        return ChatText(json.dumps(chat_history, ensure_ascii=False))

    def get_model_info(self) -> dict[str, Any]:
        """What lm-eval writes into `config` of its results."""
        if self.info is None:
            return {}
        return {"served_name": self.info.served_name, "base_url": self.info.base_url, **self.info.detail}

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Answer all requests; see the module's first lines for what happens to those that fail.

        Raises:
            UsageError: a setting that this model does not know.
            ModelError: nothing could be answered at all.
        """
        asked = list(_asked(requests, self.seed))
        at_once = max(1, min(self.concurrency, len(asked)))
        limits = [a.decoding.max_tokens for a in asked]
        with models.open_model(
            self.model,
            base_url=self.base_url.split("|") if self.base_url else None,
            concurrency=at_once,
            max_tokens=None if None in limits else max(filter(None, limits), default=None),
            asked=[a.messages for a in asked],
            asking=self.asking,
            private=self.private,
            price=self.price,
            environ=os.environ,
            announce=logger.info,
        ) as opened:
            self.info = opened.info
            bar = tqdm(total=len(asked), desc=f"Asking {self.model}", disable=disable_tqdm)
            batch = Batch(asked, bar, on_answer=self._store)
            client = opened.client(concurrency=at_once, on_event=_log)
            asyncio.run(batch.run(client, workers=at_once * (1 + len(opened.others))))
        return list(batch.responses)

    def _store(self, asked: Asked, response: Response) -> None:
        """Put an answer into lm-eval's cache as soon as it is there, in case the run is stopped."""
        self.cache_hook.add_partial("generate_until", asked.request.args, response)

    def set_cache_hook(self, cache_hook: Any) -> None:  # noqa: ANN401 - lm-eval's CacheHook
        """Take lm-eval's cache (`--use_cache`), and drop the failures in it: they are owed again."""
        super().set_cache_hook(cache_hook)
        stored = cache_hook.dbdict
        for key in [key for key, value in stored.items() if getattr(value, "failure", None)]:
            del stored[key]

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        """Not to be had from a chat endpoint."""
        raise UsageError(
            "a chat endpoint gives no log-likelihoods, and "
            f"{counted(len(requests), 'request asks', 'requests ask')} for them",
            "Use the model math500 with tasks that generate text.",
        )

    def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
        """Not to be had from a chat endpoint."""
        raise UsageError(
            "a chat endpoint gives no log-likelihoods, and "
            f"{counted(len(requests), 'request asks', 'requests ask')} for them",
            "Use the model math500 with tasks that generate text.",
        )


def _refuse_secrets(base_url: str | None, more: Mapping[str, object]) -> None:
    """lm-eval writes a model's arguments into its results.

    Raises:
        UsageError: an address holds a password, or a header its value.
    """
    for name, address in (("base_url", base_url), ("proxy", more.get("proxy"))):
        if address is not None and any(urlsplit(one).username for one in str(address).split("|")):
            raise UsageError(
                f"{name} holds a user or a password, and lm-eval writes it into its results",
                "Leave them out, and put the key into MATH500_API_KEY.",
            )
    for header in str(more.get("header", "")).split("|"):
        if header and not header.partition(":")[2].strip().startswith("$"):
            raise UsageError(
                "header holds a value, and lm-eval writes it into its results",
                "Put it into a variable: header=NAME:$VARIABLE.",
            )


def _given(more: Mapping[str, object]) -> dict[str, Any]:
    """lm-eval's arguments in the words of `asking`."""
    named: dict[str, Any] = {name: value for name, value in more.items() if name in ASKING}
    timeouts = [name for name in named if name.startswith("timeout_")]
    named["timeouts"] = [
        f"{name.removeprefix('timeout_').replace('_', '-')}={named.pop(name)}" for name in timeouts
    ]
    named["headers"] = [header for header in str(named.pop("header", "")).split("|") if header]
    named["key_variable"] = named.pop("api_key_env", None)
    if "price" in named:
        named["price"] = str(named["price"]).replace("|", ",")
    return named


class Asked:
    """One of lm-eval's requests in the client's terms."""

    def __init__(self, request: Any, sample: int, first_seed: int | None) -> None:  # noqa: ANN401 - an Instance
        self.request = request
        context, settings = request.args
        self.messages = _messages(context)
        self.decoding, self.stop = _decoding(settings, first_seed)
        self.seed = solve.seed_of(self.decoding, SolverInfo(), context, sample)


class Batch:
    """Requests and their responses, worked through by a few workers at once."""

    def __init__(
        self,
        asked: Sequence[Asked],
        progress: Any,  # noqa: ANN401 - a tqdm bar
        on_answer: Callable[[Asked, Response], None],
    ) -> None:
        self.responses: list[Response] = [Response() for _ in asked]
        self._todo: Iterator[tuple[int, Asked]] = iter(enumerate(asked))
        self._progress = progress
        self._on_answer = on_answer
        self._answered = 0
        self._stopped: ModelError | None = None

    async def run(self, client: Client, workers: int) -> None:
        """Ask everything that can be asked.

        Raises:
            ModelError: nothing could be answered at all.
        """
        with self._progress:
            async with client:
                await asyncio.gather(*(self._work(client) for _ in range(workers)))
        if self._stopped is None:
            return
        if not self._answered:
            raise self._stopped
        logger.error(
            "%s\nThe %d answers until then are scored; the other samples count as failed.",
            self._stopped,
            self._answered,
        )

    async def _work(self, client: Client) -> None:
        for place, asked in self._todo:
            self.responses[place] = await self._answer(client, asked)
            self._progress.update()

    async def _answer(self, client: Client, asked: Asked) -> Response:
        limit = asked.decoding.max_tokens
        if self._stopped is not None:
            return _failed(STOPPED, self._stopped.what, limit)
        try:
            generation = await client.generate(
                asked.messages, asked.decoding, seed=asked.seed, stop=asked.stop
            )
        except SampleFailed as e:
            return _failed(e.kind, e.what, limit)
        except ModelError as e:
            self._stopped = e
            return _failed(STOPPED, e.what, limit)
        self._answered += 1
        response = Response(generation.text, generation, max_tokens=limit)
        self._on_answer(asked, response)
        return response


def _log(event: Event) -> None:
    level = logging.DEBUG if event.kind == "retry" else logging.INFO
    logger.log(level, "%s: %s", event.kind, event.what)


def _failed(kind: str, detail: str, limit: int | None) -> Response:
    return Response(failure=Failure(kind=kind, detail=detail), max_tokens=limit)


def _asked(requests: Iterable[Any], seed: int | None) -> Iterator[Asked]:
    """The requests in the client's terms; lm-eval repeats one object for the samples of one problem."""
    seen: Counter[int] = Counter()
    for request in requests:
        yield Asked(request, seen[id(request)], seed)
        seen[id(request)] += 1


def _messages(context: str) -> tuple[Message, ...]:
    """The chat messages; a plain text becomes one user message."""
    if not isinstance(context, ChatText):
        return (Message(role="user", content=context),)
    return tuple(Message(**message) for message in json.loads(context))


def _decoding(settings: Mapping[str, Any], seed: int | None) -> tuple[Decoding, tuple[str, ...]]:
    """lm-eval's generation settings as ours, and the stop strings.

    Raises:
        UsageError: a setting that would be left out.
    """
    known = normalize_gen_kwargs(dict(settings), default_max_gen_toks=0)
    if unknown := known.keys() - KNOWN_SETTINGS:
        raise UsageError(
            f"the model math500 cannot send {', '.join(sorted(unknown))}",
            f"Leave it out of --gen_kwargs; known are {', '.join(sorted(KNOWN_SETTINGS))}.",
        )
    decoding = Decoding(
        temperature=known["temperature"],
        top_p=known.get("top_p"),
        max_tokens=known["max_gen_toks"] or None,
        seed=known.get("seed", seed),
    )
    return decoding, tuple(known["until"])
