"""OpenAI's batch queue: a file of requests in, a file of answers out within a day, at half the price.

    upload -> create -> state ... state -> content
https://developers.openai.com/api/docs/guides/batch

A batch is paid for once it is created, and creating it twice would pay twice. So where the answer to `create`
is lost, the list of batches is searched for one that was made of the same file before it is created again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec

from math500.client import answers, waits, wire
from math500.client.answers import Action, Answer
from math500.client.endpoint import Endpoint
from math500.client.forms import FORMS
from math500.client.lane import clean, headers_for
from math500.client.transport import Fault, HttpTransport, Reply
from math500.client.waits import Clock
from math500.errors import ModelError, RequestRejected
from math500.records import Api, Decoding, Generation, Message

Json = dict[str, Any]

PATIENCE = 600.0
"""Seconds of failures in a row after which the run stops; it can be resumed."""
WINDOW = "24h"
"""The one that the queue offers."""
ENDED = frozenset({"completed", "expired", "failed", "cancelled"})
LOST: frozenset[int | str] = frozenset(
    {"first_byte", "stalled", "too_slow", "truncated", "reset", "garbled", 500, 502, 503, 504}
)
"""Ways to lose an answer after the endpoint may have had the request."""
LISTED = 100
LARGEST_FILE = 2**30
"""Bytes of a file of answers."""
NO_QUEUE = "Does this endpoint have a batch queue? Otherwise start a run without --batch."


@dataclass(frozen=True, slots=True)
class State:
    """A batch as the vendor describes it."""

    id: str
    status: str
    done: int = 0
    failed: int = 0
    total: int = 0
    files: tuple[str, ...] = ()
    """The ids of the files of answers and of errors, where there are any yet."""
    errors: str = ""
    """Why it failed as a whole."""

    @property
    def ended(self) -> bool:
        """Nothing more comes."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Result:
    """What one line of a file of answers comes to."""

    name: str
    generation: Generation | None
    kind: str = ""
    """Why there is no generation: a row of the table of answers, or `expired`."""
    detail: str = ""


class BatchQueue:
    """The batch queue of one endpoint.

    Args:
        endpoint: where, and with which key.
        api: the form in which the requests are written.
        clock: the time; tests run it faster.
    """

    def __init__(self, endpoint: Endpoint, api: Api = "chat", clock: Clock | None = None) -> None:
        self.endpoint = endpoint
        self._form = FORMS[api]
        self._transport = HttpTransport(endpoint)
        self._clock = clock or Clock()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    def line(
        self,
        name: str,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None,
        stop: Sequence[str],
    ) -> bytes:
        """One request as a line of a file.

        Args:
            name: comes back with its answer; unique within the file.
            messages: the chat.
            decoding: settings.
            seed: instead of the one in `decoding`.
            stop: strings at which the generation ends.
        """
        body = self._form.body(
            self.endpoint.model,
            messages,
            decoding,
            seed=seed,
            stop=stop,
            limit_field=self.endpoint.limit_field,
        )
        request = {"custom_id": name, "method": "POST", "url": self._path, "body": msgspec.Raw(body)}
        return msgspec.json.encode(request) + b"\n"

    async def upload(self, lines: bytes) -> str:
        """Hand over a file of requests; its id.

        Raises:
            ModelError: the endpoint refuses it, or does not answer for too long.
        """
        kind, body = _form_data(lines)
        made = await self._post("/files", body, kind)
        return str(made.get("id", ""))

    async def create(self, file_id: str, about: Mapping[str, str]) -> State:
        """Make a batch of an uploaded file, or find the one that was made of it already.

        Args:
            file_id: as `upload` returned it.
            about: kept beside the batch, for a person who looks at the vendor's list.

        Raises:
            ModelError: the endpoint refuses it, or does not answer for too long.
        """
        asked = {
            "input_file_id": file_id,
            "endpoint": self._path,
            "completion_window": WINDOW,
            "metadata": dict(about),
        }
        body = msgspec.json.encode(asked)
        url, headers = f"{self.endpoint.base_url}/batches", headers_for(self.endpoint)
        failures = 0
        while True:
            reply, answer = await self._attempt(self._transport.post(url, headers, body))
            if answer.what == "ok":
                return _state(_json(reply))
            failures += 1
            await self._wait(answer, failures)
            if answer.what in LOST:
                found = await self.find(file_id)
                if found is not None:
                    return found

    async def find(self, file_id: str) -> State | None:
        """The batch that was made of a file, among the last hundred; None where there is none."""
        listed = await self._get(f"/batches?limit={LISTED}")
        rows = listed.get("data")
        rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return next((_state(row) for row in rows if row.get("input_file_id") == file_id), None)

    async def state(self, batch_id: str) -> State:
        """How far a batch is."""
        return _state(await self._get(f"/batches/{batch_id}"))

    async def results(self, state: State) -> Iterator[Result]:
        """What a batch that has ended came to, line by line."""
        bodies = [await self._content(file_id) for file_id in state.files]
        return (self._result(line) for body in bodies for line in body.splitlines() if line.strip())

    # -- requests ------------------------------------------------------------------------------

    @property
    def _path(self) -> str:
        return f"/v1{self._form.path}"

    async def _post(self, path: str, body: bytes, kind: str) -> Json:
        url, headers = f"{self.endpoint.base_url}{path}", {**headers_for(self.endpoint), "Content-Type": kind}
        return _json(await self._until_ok(lambda: self._transport.post(url, headers, body)))

    async def _get(self, path: str) -> Json:
        url, headers = f"{self.endpoint.base_url}{path}", headers_for(self.endpoint)
        return _json(await self._until_ok(lambda: self._transport.get(url, headers)))

    async def _content(self, file_id: str) -> bytes:
        url, headers = f"{self.endpoint.base_url}/files/{file_id}/content", headers_for(self.endpoint)
        reply = await self._until_ok(lambda: self._transport.get(url, headers, LARGEST_FILE), any_text=True)
        return reply.body

    async def _until_ok(self, send: Callable[[], Awaitable[Reply]], *, any_text: bool = False) -> Reply:
        """Send until it works; raises where that is pointless."""
        failures = 0
        while True:
            reply, answer = await self._attempt(send(), any_text=any_text)
            if answer.what == "ok":
                return reply
            failures += 1
            await self._wait(answer, failures)

    async def _attempt(self, sent: Awaitable[Reply], *, any_text: bool = False) -> tuple[Reply, Answer]:
        try:
            reply = await sent
        except Fault as fault:
            return Reply(0), Answer(fault.kind, fault.what)
        return reply, self._answer(reply, any_text=any_text)

    def _answer(self, reply: Reply, *, any_text: bool = False) -> Answer:
        """`ok`, or what the table has to say about it."""
        if 200 <= reply.status < 300 and (any_text or _json(reply)):
            return Answer("ok")
        return wire.read(reply.status, reply.headers, reply.body)

    async def _wait(self, answer: Answer, failures: int) -> None:
        """Wait before the next try; raises where there is none."""
        row = answers.find(answer, self.endpoint.base_url)
        what = clean(f"{self.endpoint.base_url}: the batch queue {answers.sentence(answer)}", self.endpoint)
        if row.action not in (Action.WAIT, Action.BACKOFF) or 0 < row.tries < failures:
            error: type[ModelError] = row.error if row.action is Action.STOP else RequestRejected
            step = NO_QUEUE if row.kind in ("address", "malformed") else row.next_step
            raise error(what, step or NO_QUEUE)
        asked = waits.announced(answer.headers, answer.said)
        seconds = waits.pause(failures) if asked is None else asked
        if failures * seconds > PATIENCE:
            raise row.error(what, "The batch goes on at the vendor; resume the run later.")
        await self._clock.sleep(seconds)

    # -- answers -------------------------------------------------------------------------------

    def _result(self, line: bytes) -> Result:
        row = wire.decoded(line)
        if not isinstance(row, dict) or "custom_id" not in row:
            return Result("", None, "malformed", "a line of the file of answers cannot be read")
        name = str(row["custom_id"])
        response, error = row.get("response"), row.get("error")
        if isinstance(error, dict) and error and not isinstance(response, dict):
            kind = "expired" if error.get("code") == "batch_expired" else "batch"
            return Result(name, None, kind, self._clean(wire.said(error)))
        if not isinstance(response, dict):
            return Result(name, None, "malformed", "a line of the file of answers holds no response")
        return self._read(name, response)

    def _read(self, name: str, response: Json) -> Result:
        status, body = response.get("status_code"), response.get("body")
        headers = {"x-request-id": str(response.get("request_id") or "")}
        status = status if isinstance(status, int) else 500
        answer = wire.read(status, headers, msgspec.json.encode(body), self._form.reader)
        row = answers.find(answer, self.endpoint.base_url)
        if row.action is Action.ACCEPT and answer.generation is not None:
            return Result(name, answer.generation)
        return Result(name, None, row.kind, self._clean(answers.sentence(answer)))

    def _clean(self, said: str) -> str:
        return clean(said, self.endpoint)


def _json(reply: Reply) -> Json:
    try:
        parsed = msgspec.json.decode(reply.body)
    except msgspec.DecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _state(batch: Json) -> State:
    counts = batch.get("request_counts")
    counts = counts if isinstance(counts, dict) else {}
    errors = batch.get("errors")
    rows = errors.get("data") if isinstance(errors, dict) else None
    said = [wire.said(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    files = (batch.get("output_file_id"), batch.get("error_file_id"))
    return State(
        id=str(batch.get("id", "")),
        status=str(batch.get("status", "")),
        done=wire.count(counts.get("completed")) or 0,
        failed=wire.count(counts.get("failed")) or 0,
        total=wire.count(counts.get("total")) or 0,
        files=tuple(str(name) for name in files if name),
        errors="; ".join(said[:3]),
    )


def _form_data(lines: bytes) -> tuple[str, bytes]:
    """A file as a form: the content type, and the body."""
    border = f"math500-{uuid4().hex}"
    body = (
        f'--{border}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="math500.jsonl"\r\n'
        "Content-Type: application/jsonl\r\n\r\n"
    ).encode() + lines
    return f"multipart/form-data; boundary={border}", body + f"\r\n--{border}--\r\n".encode()
