"""THE table: every way a request can end, and what is done about it.

An Answer is what one request came to. `find` returns the first Row that fits it; the rows are data and
are read from top to bottom. What a row may do:

    accept    return the generation
    wait      fewer are sent at once, all workers wait as long as the endpoint says (this one alone, where
              it does not say, or where too many at once are the reason), then this request is sent again
    backoff   this request is sent again after a jittered exponential pause
    respell   the token limit is sent under its other name, at once
    give_up   this sample is given up, with the row's kind; the run goes on
    stop      the run stops with the row's error

`wait` and `backoff` end: a sample is given up after the row's `tries`, and the run stops when nothing at
all has succeeded for the client's patience. When the first questions are all given up and none has been
answered, the run stops too: what is refused for every problem is not the problem's fault. Those that an
earlier try at the run gave up as well do not count for that.

docs/endpoints.md shows the same table; a test keeps the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from math500.client import spellings
from math500.errors import (
    EndpointUnreachable,
    KeyRejected,
    ModelError,
    ModelNotFound,
    QuotaExhausted,
    RequestRejected,
)
from math500.records import Generation


class Action(Enum):
    """What is done about an answer."""

    ACCEPT = "accept"
    WAIT = "wait"
    BACKOFF = "backoff"
    RESPELL = "respell"
    GIVE_UP = "give_up"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request came to."""

    what: int | str
    """The HTTP status, or one word: a fault of the connection, or the shape of a 200's body."""
    said: str = ""
    """The endpoint's code, type and message, or what happened to the connection. Never holds the key."""
    headers: Mapping[str, str] = field(default_factory=dict)
    generation: Generation | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: which answers it fits, and what is done about them."""

    kind: str
    """One word; the kind of a given-up sample's failure."""
    action: Action
    on: tuple[int | str, ...]
    """Statuses and words that it fits."""
    says: re.Pattern[str] | None = None
    """Fits only where the endpoint says this."""
    host: str = ""
    """Fits only where the endpoint's host holds this: one vendor's own meaning of a shared spelling."""
    tries: int = 0
    """How often one sample may end so before it is given up; 0 for as long as the client's patience."""
    first_patience: float = 0.0
    """Seconds after which the run stops when the endpoint has never answered at all; 0 for the client's."""
    alone: bool = False
    """Where the endpoint says how long to wait: this request alone does, the others go on."""
    down: bool = False
    """Whether such answers, many in a row, mean that the endpoint is down."""
    error: type[ModelError] = EndpointUnreachable
    """What the run stops with."""
    next_step: str = ""


ACCEPT, WAIT, BACKOFF, RESPELL, GIVE_UP, STOP = Action
_REFUSING = (400, 401, 402, 403, 404, 413, 422, 429, 500, 503)
_INVALID = (400, 422)
_TOO_LONG = (400, 403, 422, 500)
_GATEWAY = (502, 504, 520, 521, 522, 523, 524, 525, 526, 530)
_MOVED = (301, 302, 303, 307, 308)

_CREDIT = "Add credit at the vendor or use another key, then resume the run; what is collected is kept."
_SETTINGS = "Compare the run's settings with what the endpoint accepts."
_TOOLS = "Use --tool-calls prompt, which needs no tools of the endpoint's own."
_LOGPROBS = "Use another --weigh: equal, length or judge need no log probabilities."
_UNTAKEN = "Leave that setting out; where it is the temperature, write --temperature none."
_FEWER = "Give a smaller --max-tokens, or start the server with a longer context."
_SHORTER = "Lower --max-tokens, use a shorter prompt, or start the server with a longer context."
_TEMPLATE = "The model returns nothing: check its chat template, stop strings and token limit."
_STREAM = "Add --stream."
_BASE = "It is a base model: ask it with --api completions and --prompt minerva."
_FORM = "Ask in another form: --api responses, or --api completions for a base model."
_SMALLER = "Use a smaller model, free memory at the server, or lower --max-tokens and --concurrency."
_URL = "Check --base-url: it ends before /chat/completions, mostly in /v1."
_NETWORK = "Check the address and the network. Is the server started?"
_PROXY = "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
_CERTIFICATES = "Name the certificate authority's PEM file with SSL_CERT_FILE."
_SLOW = "Lower --concurrency or --max-tokens, then resume the run; what is collected is kept."
_PLACE = "The vendor does not serve this place: use another endpoint or a proxy."

LONGEST_SHOWN = 300
"""Characters of an endpoint's message that are shown."""

DID: Mapping[str, str] = {
    "ok": "answers",
    "filtered": "withholds the answer",
    "empty": "gives an empty answer",
    "malformed": "answers something that is not a chat completion",
    "interrupted": "broke off its answer",
    "no_logprobs": "answers without log probabilities, which were asked for",
    "oversized": "gives an answer without end",
    "tls": "has no certificate that is trusted",
    "proxy": "cannot be reached through the proxy",
    "refused": "refuses the connection",
    "unresolved": "is not a host name that is known",
    "unconnected": "does not take the connection",
    "reset": "closed the connection",
    "truncated": "closed the connection in the middle of its answer",
    "garbled": "does not speak HTTP as expected",
    "first_byte": "does not begin to answer in time",
    "stalled": "stopped in the middle of its answer",
    "too_slow": "takes too long for an answer",
}
"""The words for what is not an HTTP status: shapes of a 200's body, and faults of the connection."""

TABLE: tuple[Row, ...] = (
    # A 200 with a body.
    Row("ok", ACCEPT, ("ok",)),
    Row("filtered", GIVE_UP, ("filtered",), error=RequestRejected, next_step=_SETTINGS),
    Row("empty", BACKOFF, ("empty",), tries=3, error=RequestRejected, next_step=_TEMPLATE),
    Row("malformed", BACKOFF, ("malformed",), tries=3, error=RequestRejected, next_step=_URL),
    Row("interrupted", BACKOFF, ("interrupted",), tries=6),
    Row("no_logprobs", STOP, ("no_logprobs",), error=RequestRejected, next_step=_LOGPROBS),
    Row("oversized", GIVE_UP, ("oversized",), error=RequestRejected, next_step=_SHORTER),
    # The connection.
    Row("tls", STOP, ("tls",), next_step=_CERTIFICATES),
    Row("proxy", BACKOFF, ("proxy", 407), first_patience=1.5, next_step=_PROXY, down=True),
    Row(
        "unreachable",
        BACKOFF,
        ("refused", "unresolved", "unconnected"),
        first_patience=1.5,
        next_step=_NETWORK,
    ),
    Row(
        "disconnected",
        BACKOFF,
        ("reset", "truncated", "garbled"),
        tries=8,
        first_patience=1.5,
        next_step=_NETWORK,
    ),
    Row("timeout", BACKOFF, ("first_byte", "stalled", "too_slow"), tries=3, next_step=_SLOW, down=True),
    # What is paid for.
    Row("rate", WAIT, (429,), spellings.QUOTA_OF_A_MINUTE, host="dashscope"),
    Row("rate", WAIT, (429,), spellings.QUOTA_BUT_COMES_BACK),
    Row("quota", STOP, (402,), error=QuotaExhausted, next_step=_CREDIT),
    Row("quota", STOP, _REFUSING, spellings.QUOTA, error=QuotaExhausted, next_step=_CREDIT),
    # Who asks, for what.
    Row("most_tokens", STOP, _INVALID, spellings.MOST_TOKENS, error=RequestRejected, next_step=_FEWER),
    Row("filtered", GIVE_UP, (400, 403, 422, 451, 500), spellings.FILTER, error=RequestRejected),
    Row("region", STOP, (400, 403), spellings.REGION, error=KeyRejected, next_step=_PLACE),
    Row("key", STOP, (401,), error=KeyRejected),
    Row("key", STOP, (400, 403), spellings.KEY, error=KeyRejected),
    Row("too_long", GIVE_UP, _TOO_LONG, spellings.TOO_LONG, error=RequestRejected, next_step=_SHORTER),
    Row("too_long", GIVE_UP, (413,), error=RequestRejected, next_step=_SHORTER),
    Row("tools", STOP, (400, 404, 422, 500, 501), spellings.TOOLS, error=RequestRejected, next_step=_TOOLS),
    Row("logprobs", STOP, (400, 403, 422), spellings.LOGPROBS, error=RequestRejected, next_step=_LOGPROBS),
    Row("limit_field", RESPELL, _INVALID, spellings.LIMIT_FIELD, error=RequestRejected, next_step=_SETTINGS),
    Row("stream_only", STOP, _INVALID, spellings.STREAM_ONLY, error=RequestRejected, next_step=_STREAM),
    Row("template", STOP, _TOO_LONG, spellings.TEMPLATE, error=RequestRejected, next_step=_BASE),
    Row("form", STOP, (400, 403, 404, 422), spellings.FORM, error=RequestRejected, next_step=_FORM),
    Row("parameter", STOP, _INVALID, spellings.PARAMETER, error=RequestRejected, next_step=_UNTAKEN),
    Row("model", STOP, (400, 403, 404, 422), spellings.MODEL, error=ModelNotFound),
    Row("model", STOP, (500, 503), spellings.MODEL_BEHIND_GATEWAY, error=ModelNotFound),
    Row("memory", STOP, (400, 500, 503), spellings.MEMORY, error=RequestRejected, next_step=_SMALLER),
    Row("forbidden", STOP, (403,), error=KeyRejected),
    Row("address", STOP, (*_MOVED, 404, 405, 410), error=RequestRejected, next_step=_URL),
    # How much, how fast.
    Row("concurrency", WAIT, (429, 503), spellings.CONCURRENCY, alone=True),
    Row("rate", WAIT, (429,)),
    Row("overloaded", WAIT, (503, 529, 498), down=True),
    # The rest.
    Row("server_error", BACKOFF, (500, 408, 409, 425, 499), tries=8, down=True),
    Row("gateway", BACKOFF, _GATEWAY, tries=8, down=True),
    Row("rejected", GIVE_UP, ("4xx",), error=RequestRejected, next_step=_SETTINGS),
    Row("server_error", BACKOFF, ("5xx",), tries=8, down=True),
    Row("malformed", BACKOFF, ("other",), tries=3, error=RequestRejected, next_step=_URL),
)


def find(answer: Answer, host: str = "") -> Row:
    """The first row that fits an answer; the last rows fit whatever the others do not.

    Args:
        answer: what one request came to.
        host: the endpoint's host name.
    """
    whats = {answer.what, _family(answer.what)}
    return next(row for row in TABLE if _fits(row, whats, answer.said, host))


def sentence(answer: Answer) -> str:
    """What the endpoint did, as the rest of a sentence that begins with its URL."""
    did = f"answers {answer.what}" if isinstance(answer.what, int) else DID[answer.what]
    said = answer.said if len(answer.said) <= LONGEST_SHOWN else answer.said[:LONGEST_SHOWN] + " ..."
    return f"{did} ({said})" if said else did


def _fits(row: Row, whats: set[int | str], said: str, host: str) -> bool:
    return (
        not whats.isdisjoint(row.on)
        and row.host in host
        and (row.says is None or row.says.search(said) is not None)
    )


def _family(what: int | str) -> str:
    if isinstance(what, int) and 400 <= what < 600:
        return f"{what // 100}xx"
    return "other"
