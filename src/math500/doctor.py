"""Is everything as it should be, before 500 problems are paid for?

One short question is sent to the endpoint, a second one of a few tokens where the first says nothing about
the token limit, and `/models` is looked at where that helps to say what is wrong. No retries: what comes back
is told as it is, in the words of the client's table of answers.

    data           the problem set is found and is the right one
    sandbox        what would keep model-written code in, for solvers with tools
    proxy          which one is used
    connection     somebody answers, in the form that was asked for
    key, quota     the endpoint takes the key, and the account is not empty
    model          it has the model
    chat template  the model answers the question, and no template leaks into the text
    temperature    it takes one
    stop reason    it says why an answer ended
    reasoning      where the model's thinking stands
    token limit    it keeps to the limit, and under which name
    tokens         it counts them
    grading        the grader reads the answer
    clock, speed   this machine's clock against the endpoint's; how long the answer took

Where the endpoint is a vLLM or SGLang server, it is asked what it is, and once more with log probabilities:

    server             which one, and how it was started, as far as it says so
    context            whether a prompt and an answer of the run's token limit fit together
    sampling defaults  what holds for the settings that a run does not send
    logprobs           whether they are given, and whether a greedy answer took the likeliest tokens
"""

from __future__ import annotations

import asyncio
import difflib
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from math500 import data, grading, models, sandbox, servers
from math500.client import Endpoint, Fault, answers, without_credentials
from math500.client.answers import Action, Answer, Row
from math500.client.forms import FORMS
from math500.client.gate import Gate
from math500.client.lane import Ask, Lane, headers_for
from math500.client.transport import HttpTransport
from math500.client.vendors import by_host
from math500.client.waits import Clock
from math500.errors import DataError, KeyRejected, Math500Error, ModelError, RequestRejected
from math500.plural import counted
from math500.records import Asking, Decoding, Diagnosis, Finding, Generation, Message, Timeouts

QUESTION = "What is 17 + 25?\nPlease reason step by step, and put your final answer within \\boxed{}."
ANSWER = "42"
PLAIN_QUESTION = "Problem:\nWhat is 17 + 25?\n\nSolution:"
"""For a model without a chat template."""
COUNTING = "Count from 1 to 100."
ROOM = 1024
"""Token limit of the question: enough for a short thought. `SOME_ROOM` where the endpoint allows no more."""
LITTLE_ROOM = 16
SOME_ROOM = 256
"""Token limit of the answer that is looked at token by token, and the least that the question needs."""
PATIENT = Timeouts(first_byte=180.0, between_bytes=60.0, total=300.0)
MOST_CLOCK_ERROR = 120.0
SHOWN = 80

LEAKS = re.compile(
    r"<\|(im_start|im_end|eot_id|end_of_text|endoftext|user|assistant|system|start_header_id)\|>"
    r"|\[/?INST\]|</?s>|<(start|end)_of_turn>|<｜(User|Assistant|end▁of▁sentence)｜>"
    r"|\n(User|Human|Assistant|Question|Problem|Q):"
)
"""What a chat template, or the next turn of a made-up conversation, looks like in an answer."""

ABOUT: Mapping[str, str] = {
    **dict.fromkeys(("tls", "unreachable", "disconnected", "timeout", "address", "malformed"), "connection"),
    **dict.fromkeys(("region", "key", "forbidden"), "key"),
    **dict.fromkeys(("quota", "rate", "concurrency"), "quota"),
    **dict.fromkeys(("limit_field", "most_tokens", "too_long"), "token limit"),
    "proxy": "proxy",
    **dict.fromkeys(("model", "form", "memory"), "model"),
    **dict.fromkeys(("empty", "template"), "chat template"),
}
"""A row of the table of answers to what it is about; the rest is about the connection."""

TRIED_NOW: Mapping[str, str] = {
    "concurrency": "Something else uses this account; a run finds the number that is left by itself.",
    "rate": "Wait a minute and try again; a run waits by itself.",
    "overloaded": "Try again later; a run waits by itself.",
    "gateway": "Try again later; a run tries again by itself.",
    "server_error": "Try again; where it stays, look into the server's log.",
    "interrupted": "Try again; a run tries again by itself.",
    "unreachable": "Check the address and the network. Is the server started?",
}
"""What to do where the table's own next step is about a run."""

PARSER = (
    "The server's reasoning parser takes the answer of a model that does not think for a thought: start it "
    "without --reasoning-parser, or with the one that this model needs."
)

Say = Callable[[str], None]


def diagnose(
    model: str,
    *,
    base_url: tuple[str, ...] = (),
    data_name: str = "math500",
    asking: Asking | None = None,
    private: models.Private | None = None,
    max_tokens: int | None = None,
    say: Say = lambda _: None,
) -> Diagnosis:
    """Look at everything that a run with these options would need.

    Args:
        model: as `math500 run --model`.
        base_url: as `--base-url`; each address is looked at.
        data_name: the problem set.
        asking: how the endpoint is asked.
        private: secrets that go with it.
        max_tokens: the token limit that the run will have; None where it sends none.
        say: told what takes a moment.

    Raises:
        UsageError: the options contradict each other.
        DependencyMissing: an extra is not installed.
    """
    asking = _patient(asking or Asking())
    found, code = _data(data_name, say)
    found.append(_sandbox())
    try:
        with models.open_model(
            model,
            base_url=base_url,
            concurrency=1,
            max_tokens=ROOM,
            environ=os.environ,
            asking=asking,
            private=private,
            announce=say,
        ) as opened:
            for endpoint in (opened.endpoint, *opened.others):
                more, worse = asyncio.run(_Visit(endpoint, asking, max_tokens).carry_out())
                found += [_at(endpoint, one) if opened.others else one for one in more]
                code = code or worse
            return _diagnosis(model, opened.endpoint.base_url, found, code)
    except KeyRejected as e:
        found.append(Finding(about="key", state="fail", what=e.what, next_step=e.next_step))
        return _diagnosis(model, ", ".join(base_url), found, code or e.exit_code)


def _diagnosis(model: str, base_url: str, found: list[Finding], code: int) -> Diagnosis:
    return Diagnosis(model=model, base_url=base_url, findings=tuple(found), exit_code=code)


def _at(endpoint: Endpoint, finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, what=f"{endpoint.base_url}: {finding.what}")


def _patient(asking: Asking) -> Asking:
    """Wait for one answer at most a few minutes, unless the user says how long."""
    if asking.timeouts != Timeouts():
        return asking
    return msgspec.structs.replace(asking, timeouts=PATIENT)


def _data(name: str, say: Say) -> tuple[list[Finding], int]:
    try:
        source = data.load(name, announce=say).source
    except DataError as e:
        return [Finding(about="data", state="fail", what=e.what, next_step=e.next_step)], e.exit_code
    except Math500Error:
        raise
    proof = "verified" if source.verified else "your own set, so there is nothing to verify it against"
    return [
        Finding(about="data", state="ok", what=f"{source.name}: {counted(source.rows, 'problem')}, {proof}")
    ], 0


def _sandbox() -> Finding:
    """What would keep model-written code in; only solvers with tools need it."""
    best = sandbox.protection()
    layers = [f"landlock {best.landlock}"] if best.landlock else []
    layers += ["seccomp"] if best.seccomp else []
    if best.walls == "none":
        return Finding(
            about="sandbox",
            state="note",
            what=f"nothing would keep model-written code in: {best.why}",
            next_step="Solvers with tools need Linux, with user namespaces or landlock or --sandbox none.",
        )
    behind = f"; {best.why}" if best.why else ""
    return Finding(about="sandbox", state="ok", what=f"{' with '.join([best.walls, *layers])}{behind}")


class _Visit:
    """One look at one endpoint."""

    def __init__(self, endpoint: Endpoint, asking: Asking, max_tokens: int | None) -> None:
        self._endpoint = endpoint
        self._max_tokens = max_tokens
        self._transport = HttpTransport(endpoint)
        self._lane = Lane(endpoint, self._transport, Gate(1, Clock()), asking.stream, FORMS[asking.api])
        self._plain = asking.api == "completions"
        self._chat = asking.api == "chat"
        self._temperature: float | None = 0.0
        self._room = ROOM
        self._found: list[Finding] = []

    async def carry_out(self) -> tuple[list[Finding], int]:
        """What was found, and the code that a run would end with."""
        try:
            self._proxy()
            answer = await self._ask_the_question()
            row = answers.find(answer, self._lane.host)
            if row.action is not Action.ACCEPT or answer.generation is None:
                return self._found, await self._refused(row, answer)
            await self._answered(answer.generation, answer.headers)
            served = await self._served()
            self._found += served
            return self._found, RequestRejected.exit_code if any(one.state == "fail" for one in served) else 0
        finally:
            await self._transport.close()

    def _tell(self, about: str, what: str, *, state: str = "ok", next_step: str = "") -> None:
        self._found.append(
            msgspec.convert({"about": about, "state": state, "what": what, "next_step": next_step}, Finding)
        )

    def _proxy(self) -> None:
        proxy = self._endpoint.proxy
        self._tell("proxy", "none is used" if proxy is None else f"through {without_credentials(proxy)}")

    async def _ask_the_question(self) -> Answer:
        """The question; again with less room where an answer of so many tokens is not allowed."""
        question = PLAIN_QUESTION if self._plain else QUESTION
        answer = await self._ask(question, ROOM)
        if answers.find(answer, self._lane.host).kind not in ("most_tokens", "too_long"):
            return answer
        self._room = SOME_ROOM
        what = f"an answer of {ROOM} tokens does not fit; {SOME_ROOM} were asked for"
        self._tell(
            "token limit", what, state="note", next_step="Give a --max-tokens that the endpoint allows."
        )
        return await self._ask(question, SOME_ROOM)

    async def _ask(self, question: str, limit: int) -> Answer:
        """One question; again where the token limit has another name here, or a setting is not taken."""
        answer = await self._send(question, limit)
        kind = answers.find(answer, self._lane.host).kind
        if kind == "limit_field":
            self._lane.respell()
            answer = await self._send(question, limit)
            kind = answers.find(answer, self._lane.host).kind
        if kind == "parameter" and "temperature" in answer.said and self._temperature is not None:
            self._temperature = None
            step = "Run it with --temperature none."
            self._tell("temperature", "the model takes none", state="note", next_step=step)
            answer = await self._send(question, limit)
        return answer

    async def _send(self, question: str, limit: int) -> Answer:
        decoding = Decoding(temperature=self._temperature, max_tokens=limit)
        return await self._lane.send(Ask((Message(role="user", content=question),), decoding))

    # -- no answer -----------------------------------------------------------------------------

    async def _refused(self, row: Row, answer: Answer) -> int:
        """Say what is wrong, and what can be done about it."""
        what = answers.sentence(answer)
        about, step = ABOUT.get(row.kind, "connection"), TRIED_NOW.get(row.kind) or row.next_step
        if row.kind == "model":
            step = await self._models()
        elif row.kind == "empty" and answer.generation is not None and answer.generation.reasoning:
            about, what, step = "reasoning", "gave all of its answer as thinking, and no text", PARSER
        elif about == "key":
            step = step or self._endpoint.about_key
        elif row.kind in ("address", "malformed") and await self._has_v1():
            step = f"Write the address with its version: --base-url {self._endpoint.base_url}/v1."
        if about not in ("connection", "proxy"):
            self._tell("connection", f"{self._endpoint.base_url} answers")
        self._tell(about, f"the endpoint {what}", state="fail", next_step=step or "See docs/endpoints.md.")
        return row.error.exit_code or ModelError.exit_code

    async def _models(self) -> str:
        """What to do where the model is not there: the names that are."""
        names = await self._names(self._endpoint.base_url)
        if not names:
            return f"Check the model's name; {self._endpoint.base_url}/models may list what the endpoint has."
        near = difflib.get_close_matches(self._endpoint.model, names, n=3, cutoff=0.4)
        shown = near or names[:5]
        more = f" (and {len(names) - len(shown)} more)" if len(names) > len(shown) else ""
        return f"It has {', '.join(shown)}{more}: take one of these as --model."

    async def _has_v1(self) -> bool:
        base = self._endpoint.base_url
        return re.search(r"/v\d+$", base) is None and bool(await self._names(f"{base}/v1"))

    async def _names(self, base_url: str) -> list[str]:
        """The models that an endpoint lists; none where it does not."""
        listed = await self._json(f"{base_url}/models")
        rows = listed.get("data") if isinstance(listed, dict) else None
        rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return sorted(str(row["id"]) for row in rows if row.get("id"))

    async def _json(self, url: str, body: bytes | None = None) -> object:
        """The JSON at an address; None where there is none."""
        headers = headers_for(self._endpoint)
        try:
            if body is None:
                reply = await self._transport.get(url, headers)
            else:
                reply = await self._transport.post(url, headers, body)
            return msgspec.json.decode(reply.body) if reply.status == 200 else None
        except (Fault, msgspec.DecodeError):
            return None

    # -- a server of one's own -----------------------------------------------------------------

    async def _served(self) -> list[Finding]:
        """What vLLM and SGLang say about themselves; a vendor is asked nothing more."""
        if by_host(self._endpoint.base_url) is not None:
            return []
        root = self._endpoint.base_url.removesuffix("/v1")
        listed = await self._json(f"{self._endpoint.base_url}/models")
        server = await servers.look(self._endpoint.model, listed, lambda path: self._json(root + path))
        if server is None:
            return []
        found = servers.findings(server, self._max_tokens, plain=self._plain)
        return [*found, servers.greedy(server, await self._token_by_token())] if self._chat else found

    async def _token_by_token(self) -> tuple[int, int] | None:
        """The question once more, greedy, with the log probabilities of each token and of the likeliest."""
        body = {
            "model": self._endpoint.model,
            "messages": [{"role": "user", "content": QUESTION}],
            "temperature": 0.0,
            self._lane.limit_field: SOME_ROOM,
            "logprobs": True,
            "top_logprobs": 5,
        }
        reply = await self._json(f"{self._endpoint.base_url}/chat/completions", msgspec.json.encode(body))
        choices = reply.get("choices") if isinstance(reply, dict) else None
        choice = choices[0] if isinstance(choices, list) and choices else None
        return servers.likeliest(choice.get("logprobs")) if isinstance(choice, dict) else None

    # -- an answer -----------------------------------------------------------------------------

    async def _answered(self, generation: Generation, headers: Mapping[str, str]) -> None:
        self._tell("connection", f"{self._endpoint.base_url} answers")
        key = f"the one in {self._endpoint.key_name} is taken"
        self._tell("key", key if self._endpoint.key is not None else "none is sent, and none is asked for")
        self._tell("quota", "the request was paid for, or free")
        served = generation.model or "it does not say which"
        same = served == self._endpoint.model or not generation.model
        self._tell("model", self._endpoint.model + ("" if same else f", which answers as {served}"))
        self._template(generation)
        self._stop(generation)
        self._reasoning(generation)
        await self._limit(generation)
        self._tokens(generation)
        self._grading(generation)
        self._clock(headers)
        self._speed(generation)

    def _template(self, generation: Generation) -> None:
        leak = LEAKS.search(generation.text)
        if self._plain:
            self._tell("chat template", "none is used: the prompt is sent as one text")
        elif leak is not None:
            self._tell(
                "chat template",
                f"the answer goes on with {leak[0].strip()!r}: the template is missing or wrong",
                state="note",
                next_step="Start the server with the model's own chat template, "
                "or ask a base model with --api completions --prompt minerva.",
            )
        elif generation.finish_reason == "length" or re.search(rf"\b{ANSWER}\b", generation.text):
            self._tell("chat template", "the model answers as an assistant")
        else:
            self._tell(
                "chat template",
                f"17 + 25 is answered with {_short(generation.text)!r}",
                state="note",
                next_step="Is this an instruction-tuned model? A base model wants --api completions.",
            )

    def _stop(self, generation: Generation) -> None:
        reason = generation.finish_reason
        if not reason:
            self._tell(
                "stop reason",
                "the endpoint does not say why an answer ended: what was cut off cannot be told apart",
                state="note",
                next_step="Look at the longest responses of a run by hand.",
            )
        elif reason == "length":
            self._tell(
                "stop reason",
                f"a sum took more than {self._room} tokens",
                state="note",
                next_step="Give a run room to think: --max-tokens 16384 or more."
                if _thinks(generation)
                else "The model does not stop by itself: check its chat template and stop tokens.",
            )
        else:
            self._tell("stop reason", reason)

    def _reasoning(self, generation: Generation) -> None:
        text = generation.text
        if generation.reasoning:
            self._tell("reasoning", "in a field of its own; it is kept and not graded")
        elif "<think>" in text or "</think>" in text:
            closed = "" if "</think>" in text else ", which was not closed within the limit"
            self._tell("reasoning", f"in the text as <think>{closed}; it is kept and not graded")
        elif generation.reasoning_tokens:
            self._tell(
                "reasoning", f"out of sight: {counted(generation.reasoning_tokens, 'token')}, paid for"
            )
        else:
            self._tell("reasoning", "none")

    async def _limit(self, first: Generation) -> None:
        """Whether the token limit is kept; a second, tiny request tells where the first does not."""
        spelled = "max_output_tokens" if "responses" in self._lane.form.path else self._lane.limit_field
        limit, generation = self._room, first
        if first.finish_reason != "length":
            limit = LITTLE_ROOM
            answer = await self._ask(COUNTING, limit)
            cut = answer.what in ("empty", "ok") and answer.generation is not None
            if not cut or answer.generation is None:
                self._tell(
                    "token limit",
                    f"{spelled}={limit} {answers.sentence(answer)}",
                    state="note",
                    next_step="Compare --max-tokens with what the endpoint accepts.",
                )
                return
            generation = answer.generation
        used = generation.completion_tokens
        if generation.finish_reason == "length" or (used is not None and used <= limit):
            self._tell("token limit", f"{spelled} is kept")
        else:
            self._tell(
                "token limit",
                f"{spelled}={limit} was sent and {'more' if used is None else counted(used, 'token')} came",
                state="note",
                next_step="Set the limit at the server; --max-tokens does not hold here.",
            )

    def _tokens(self, generation: Generation) -> None:
        if generation.prompt_tokens is None or generation.completion_tokens is None:
            self._tell(
                "tokens",
                "the endpoint does not count them",
                state="note",
                next_step="A limit on tokens or money is kept by the text's length; --max-requests is exact.",
            )
            return
        counts = f"{generation.prompt_tokens} for the question, {generation.completion_tokens} for the answer"
        self._tell("tokens", counts)

    def _grading(self, generation: Generation) -> None:
        cut = generation.finish_reason == "length"
        grade = grading.grade(generation.text, ANSWER, truncated=cut, question=QUESTION)
        if grade.verdict == "correct":
            self._tell("grading", f"{grade.extracted} was found by the rule {grade.rule}")
        else:
            self._tell(
                "grading",
                f"{grade.verdict}: found {grade.extracted or 'nothing'} in {_short(generation.text)!r}",
                state="note",
                next_step="Look at the answer; another --prompt may suit the model better.",
            )

    def _clock(self, headers: Mapping[str, str]) -> None:
        try:
            theirs = parsedate_to_datetime(headers.get("date", ""))
        except ValueError:
            return
        off = abs((datetime.now(UTC) - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds())
        if off > MOST_CLOCK_ERROR:
            self._tell(
                "clock",
                f"this machine's clock and the endpoint's are {off:.0f} s apart",
                state="note",
                next_step="Set the clock: certificates and waits depend on it.",
            )

    def _speed(self, generation: Generation) -> None:
        rate = (generation.completion_tokens or 0) / generation.seconds if generation.seconds else 0.0
        first = generation.first_token_seconds
        begun = "" if first is None else f", the first token after {first:.1f} s"
        self._tell("speed", f"{generation.seconds:.1f} s for the answer{begun}, {rate:.0f} tokens/s alone")


def _thinks(generation: Generation) -> bool:
    return bool(generation.reasoning or generation.reasoning_tokens or "<think>" in generation.text)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[:SHOWN] + " ..."
