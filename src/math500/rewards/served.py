"""A reward model's values by a server: vLLM (`--runner pooling`) or SGLang (`--is-embedding`).

    GET /v1/models          whose server it is, and what it serves; SGLang says the latter in /model_info
    the shortest text       vLLM, twice: what is asked for as a raw value must not be the probability
    a text a request        as tokens, the same ones that are read in this process

The folder says what kind of model it is and how texts become tokens; its weights may be at the server alone.
Of an outcome model raw values are asked for; of a process model probabilities, which sum to one in each row.
What the server read, how many values it gives and what they can be is checked for every text: a value of
another meaning is refused, never taken. That the server has the same weights is not checked: nothing tells.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import msgspec

from math500 import __version__, client
from math500.client import Endpoint, Fault, answers, pooling, wire
from math500.client.answers import Answer
from math500.client.lane import headers_for
from math500.client.transport import HttpTransport
from math500.errors import (
    DataNotFound,
    ModelError,
    ModelNotFound,
    RequestRejected,
    RunMismatch,
    SampleFailed,
    UsageError,
)
from math500.records import PoolingServer, RewardInfo, Served
from math500.rewards import texts
from math500.rewards.model import FILE, RewardModel, find, tokenizer_of
from math500.rewards.texts import Landed, Text

ServedForm = Literal["outcome", "qwen-prm"]
FORMS: Mapping[ServedForm, tuple[Literal["outcome", "process"], str]] = {
    "outcome": ("outcome", texts.FORMS["outcome"]),
    "qwen-prm": ("process", texts.QWEN_PRM),
}
"""How models that math500 did not train read a solution: their kind and the form."""
NAMES: Mapping[PoolingServer, str] = {"vllm": "vLLM", "sglang": "SGLang"}
CONCURRENCY = 32
"""Requests in flight."""
UNSAID = "the one model that is served"
"""Stands for a name until the server is asked what it serves; it is never sent."""
SAME = 1e-4
"""Two computations of one value are this close."""
SUM = 1e-2
"""The probabilities of a row sum to one up to this: a server may round them to half precision."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """Where a reward model is served, as typed."""

    base_url: str
    model: str | None = None
    """As the server knows it; None where it serves one alone."""
    key_variable: str | None = None
    form: ServedForm | None = None
    """How it reads a solution; None where its folder says so."""


def described(folder: Path, service: Service) -> tuple[Path, RewardInfo]:
    """The folder with the tokenizer, and what the model is; nobody is asked.

    Raises:
        DataError: see `find`; or there is no such folder.
        UsageError: the form is given and the folder says it too.
    """
    if service.form is None:
        return find(folder, weights=False)
    if not folder.is_dir():
        raise DataNotFound(
            f"there is no folder {folder}", "Give one with the model's tokenizer as --reward; no weights."
        )
    if any((one / FILE).is_file() for one in (folder, folder / "model")):
        raise UsageError(f"{folder} says itself how its model reads", "Leave --reward-form out.")
    kind, form = FORMS[service.form]
    return folder, RewardInfo(
        kind=kind,
        name=folder.resolve().name,
        form=form,
        sha256="",
        start=service.model or folder.name,
        set="",
        rows=0,
        math500_version=__version__,
    )


def look(service: Service, info: RewardInfo) -> RewardInfo:
    """What the model is, with the server that computes its values.

    Raises:
        UsageError: it is no server that can.
        ModelError: it does not answer, or not for this key or model.
    """
    served = asyncio.run(_look(service))
    if info.kind == "process" and served.server == "sglang":
        raise UsageError(
            f"{served.base_url} is SGLang's, which gives one value a text, and {info.name} values steps",
            "Serve it by vLLM.",
        )
    return msgspec.structs.replace(info, served=served)


def connect(place: Path, info: RewardInfo) -> RewardModel:
    """The model, whose values a server computes.

    Args:
        place: the folder with its tokenizer.
        info: as `look` returns it.
    """
    assert info.served is not None  # noqa: S101 - see `look`
    return RewardModel(info, Asked(info.kind, info.served), tokenizer_of(place))


def reopen(folder: Path, was: RewardInfo) -> RewardModel:
    """The model of a run that was begun, at the server that it had then; see `described`."""
    assert was.served is not None  # noqa: S101 - the manifest says so
    form = None if was.sha256 else next(name for name, (_, form) in FORMS.items() if form == was.form)
    place, info = described(folder, Service(base_url=was.served.base_url, form=form))
    return connect(place, msgspec.structs.replace(info, served=was.served))


class Asked:
    """Asks a server for values; see `model.Reader`.

    Args:
        kind: one value a text, or one a step.
        served: the server, as it was when it was looked at.
    """

    def __init__(self, kind: Literal["outcome", "process"], served: Served) -> None:
        self._kind = kind
        self._served = served
        self._endpoint = _endpoint(
            Service(base_url=served.base_url, model=served.model, key_variable=served.key_variable)
        )
        self._seen = self._answered = False

    def read(self, texts: Sequence[Text], landed: Landed) -> None:
        """See `model.Reader.read`."""
        if texts:
            asyncio.run(self._read(texts, landed))

    async def _read(self, texts: Sequence[Text], landed: Landed) -> None:
        form = pooling.FORMS[self._served.server]
        async with client.Client(self._endpoint, concurrency=CONCURRENCY, form=form) as asked:
            if not self._seen:
                await self._check(asked, min(texts, key=lambda text: len(text.ids)))
                self._seen = True

            async def one(place: int) -> SampleFailed | None:
                try:
                    found = await self._values(asked, texts[place])
                except SampleFailed as failed:
                    return failed
                landed(place, found)
                return None

            tasks = [asyncio.ensure_future(one(place)) for place in range(len(texts))]
            try:
                failures = [failed for failed in await asyncio.gather(*tasks) if failed is not None]
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        if failures:
            first = failures[0]
            what = f"{len(failures)} of {len(texts)} texts got no value: {first.what}"
            raise SampleFailed(first.kind, what, first.attempts)

    async def _check(self, asked: client.Client, text: Text) -> None:
        """See that it is the server that it was, and that it tells raw values from probabilities."""
        was = self._served
        service = Service(base_url=was.base_url, model=was.model, key_variable=was.key_variable)
        require_same(was, await _look(service))
        if was.server == "vllm" and self._kind == "outcome":
            raw, activated = [await self._asked(asked, text, activation=one) for one in (False, True)]
            if 0 <= raw.rows[-1][0] <= 1 and math.isclose(
                raw.rows[-1][0], activated.rows[-1][0], abs_tol=SAME
            ):
                self._refuse(
                    f"says {raw.rows[-1][0]:g} whether a raw value is asked for or a probability",
                    "Use a vLLM whose /pooling knows `use_activation` (0.25.1 does).",
                )

    async def _values(self, asked: client.Client, text: Text) -> list[float]:
        found = await self._asked(asked, text, activation=self._kind == "process")
        return self._whole(found, text) if self._kind == "outcome" else self._steps(found, text)

    async def _asked(self, asked: client.Client, text: Text, *, activation: bool) -> pooling.Values:
        """A server's values for a text that it has read whole.

        Raises:
            SampleFailed: this text gets none; where none has got any yet, it is no matter of this one.
        """
        served = self._served
        body = pooling.body(served.server, served.model, text.ids, activation=activation)
        try:
            answer = await asked.post(body)
        except SampleFailed as e:
            if e.kind == "too_long" or self._answered:
                raise SampleFailed(e.kind, f"{served.base_url} {e.what}", e.attempts) from e
            self._refuse(e.what, pooling.POOLS)
        self._answered = True
        found = pooling.values(served.server, answer.text)
        if found is None:
            self._refuse("gives no values, or some that are no numbers", pooling.POOLS)
        if found.tokens != len(text.ids):
            self._refuse(
                f"read {found.tokens} tokens of a text of {len(text.ids)}",
                "Start it without anything that cuts or adds to what it is sent.",
            )
        width = 1 if self._kind == "outcome" else 2
        if any(len(row) != width for row in found.rows):
            self._refuse(
                f"gives {len(found.rows[0])} values in a row, and a model of the kind {self._kind} {width}",
                "Serve the model that --reward names.",
            )
        return found

    def _whole(self, found: pooling.Values, text: Text) -> list[float]:
        """The raw value behind the last token."""
        if len(found.rows) not in (1, len(text.ids)):
            self._refuse(
                f"gives {len(found.rows)} values for one text of {len(text.ids)} tokens",
                "Serve it with vLLM's own pooling: leave --pooler-config out.",
            )
        return [found.rows[-1][0]]

    def _steps(self, found: pooling.Values, text: Text) -> list[float]:
        """The probability of each step that it is right, out of a row a token, or a row a step."""
        rows, ends = found.rows, text.ends
        if any(min(row) < 0 or abs(sum(row) - 1) > SUM for row in rows):
            self._refuse(
                "gives raw values where probabilities are asked for",
                "Use a vLLM whose /pooling knows `use_activation` (0.25.1 does).",
            )
        if len(rows) == len(text.ids):
            rows = tuple(rows[end] for end in ends)
        if len(rows) != len(ends):
            self._refuse(
                f"gives {len(rows)} values for a solution of {len(ends)} steps and {len(text.ids)} tokens",
                "Serve the model that --reward names, without a --pooler-config of another one's.",
            )
        return [right for _, right in rows]

    def _refuse(self, what: str, next_step: str) -> NoReturn:
        raise RequestRejected(f"{self._served.base_url} (model {self._served.model}) {what}", next_step)


def require_same(was: Served, now: Served) -> None:
    """Do nothing if a server serves what it did, at whatever address.

    Raises:
        RunMismatch: it does not; the values of two models, or of two servers, are not mixed.
    """
    if (was.server, was.model, was.weights) != (now.server, now.model, now.weights):
        raise RunMismatch(
            f"{now.base_url} serves {shown(now)}, and the values so far are of {shown(was)}",
            "Serve that one again; or take the values away from RUN/rewards, or start a new run.",
        )


def shown(served: Served) -> str:
    """A server's model, in words."""
    weights = f" ({served.weights})" if served.weights not in ("", served.model) else ""
    return f"{served.model}{weights} by {NAMES[served.server]}"


# -- whose server it is ------------------------------------------------------------------------


def _endpoint(service: Service) -> Endpoint:
    """Where it is asked: both have their paths for values beside `/v1`, not below it."""
    url = service.base_url.strip().rstrip("/")
    for tail in ("/pooling", "/classify", "/v1"):
        url = url.removesuffix(tail)
    return client.resolve(service.model or UNSAID, url, os.environ, key_variable=service.key_variable)


async def _look(service: Service) -> Served:
    endpoint = _endpoint(service)
    listed = await _page(endpoint, "/v1/models")
    cards = listed.get("data") if isinstance(listed, dict) else None
    cards = [card for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    names = [str(card.get("id")) for card in cards]
    card = _card(endpoint, service, dict(zip(names, cards, strict=True)))
    server = next((one for one in NAMES if one == card.get("owned_by")), None)
    if server is None:
        raise UsageError(
            f"{endpoint.base_url} says neither that it is vLLM nor SGLang", "Other servers are not known."
        )
    root = await _folder(endpoint) if server == "sglang" else None
    return Served(
        server=server,
        base_url=endpoint.base_url,
        model=str(card["id"]),
        weights=root or str(card.get("root") or ""),
        key_variable=service.key_variable,
    )


def _card(
    endpoint: Endpoint, service: Service, cards: Mapping[str, Mapping[str, object]]
) -> Mapping[str, object]:
    """The model among those that are served."""
    served = f"{endpoint.base_url} serves {', '.join(cards) or 'no models'}"
    if service.model is None and len(cards) == 1:
        return next(iter(cards.values()))
    if service.model is None:
        raise UsageError(served, "Say which: --reward-model NAME.")
    if service.model not in cards:
        raise ModelNotFound(f"{served}, and no {service.model}", "Check --reward-model.")
    return cards[service.model]


async def _folder(endpoint: Endpoint) -> str | None:
    """What SGLang serves: in its list stands the name again."""
    for path in ("/model_info", "/get_model_info"):
        try:
            said = await _page(endpoint, path)
        except ModelError:
            continue
        if isinstance(said, dict) and said.get("model_path"):
            return str(said["model_path"])
    return None


async def _page(endpoint: Endpoint, path: str) -> object:
    """The JSON of a page of the server's."""
    transport = HttpTransport(endpoint)
    try:
        reply = await transport.get(f"{endpoint.base_url}{path}", headers_for(endpoint))
        if reply.status == 200:
            return msgspec.json.decode(reply.body)
        answer = wire.read(reply.status, reply.headers, reply.body)
    except Fault as fault:
        answer = Answer(fault.kind, fault.what)
    except msgspec.DecodeError:
        answer = Answer("malformed", "a page that is no JSON")
    finally:
        await transport.close()
    row = answers.find(answer, endpoint.base_url)
    what = f"{endpoint.base_url}{path} {answers.sentence(answer)}"
    raise row.error(what, row.next_step or f"Check --reward-base-url, and the key in {endpoint.key_name}.")
