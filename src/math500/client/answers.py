"""THE table: every way a request can end, and what is done about it.

An Answer is what one request came to. `find` returns the first Row that fits it; the rows are data and
read from top to bottom. What a row may say:

    accept    a generation
    wait      all workers wait as long as the endpoint says, then this request is sent again
    backoff   this request is sent again after a jittered exponential pause
    respell   the token limit is sent under its other name, at once
    give_up   this sample is given up with its kind; the run goes on
    stop      the run stops with the row's error

`wait` and `backoff` end: a sample is given up after the row's `tries`, the run stops when nothing at all
has succeeded for the client's patience. When the first samples are all given up and none has succeeded,
the run stops too: what is refused for every problem is not the problem's fault.

Vendors' spellings of the same thing stand side by side in a row, since gateways pass each other's on.
docs/endpoints.md holds the same table with an example for each row; a test keeps them equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

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
    """One word, unique; the kind of a given-up sample's failure."""
    action: Action
    on: frozenset[int | str]
    """Statuses and words that it fits."""
    says: re.Pattern[str] | None = None
    """Fits only where the endpoint says this."""
    host: str = ""
    """Fits only where the endpoint's host holds this: one vendor's own meaning of a shared spelling."""
    tries: int = 0
    """How often one sample may end so before it is given up; 0 for as long as the client's patience."""
    first_tries: int = 0
    """How often, while the endpoint has never answered at all, before the run stops; 0 for no such limit."""
    error: type[ModelError] = EndpointUnreachable
    """What the run stops with."""
    next_step: str = ""


def _on(*whats: int | str) -> frozenset[int | str]:
    return frozenset(whats)


def _says(*spellings: str) -> re.Pattern[str]:
    return re.compile("|".join(spellings), re.IGNORECASE)


_CREDIT = "Add credit at the vendor or use another key, then resume the run; what is collected is kept."
_PARAMETERS = "Compare the settings with what the endpoint accepts, then resume the run."
_URL = "Check --base-url: it ends before /chat/completions, and mostly in /v1."
_LATER = "See whether the server still runs, then resume the run; what is collected is kept."
_NETWORK = "Check the address, the network and HTTPS_PROXY; is the server started?"

_REFUSING = _on(400, 401, 402, 403, 404, 413, 422, 429, 500, 503)
_GATEWAY = _on(502, 504, 520, 521, 522, 523, 524, 525, 526, 530)

TABLE: tuple[Row, ...] = (
    # -- a 200 with a body -------------------------------------------------------------------
    Row("ok", Action.ACCEPT, _on("ok")),
    Row("filtered", Action.GIVE_UP, _on("filtered")),
    Row("empty", Action.BACKOFF, _on("empty"), tries=3, error=RequestRejected,
        next_step="The model returns empty answers: check its chat template and the token limit."),
    Row("interrupted", Action.BACKOFF, _on("interrupted"), tries=6),
    Row("malformed", Action.BACKOFF, _on("malformed"), tries=3, error=RequestRejected, next_step=_URL),
    Row("oversized", Action.GIVE_UP, _on("oversized"), error=RequestRejected, next_step="Set --max-tokens."),
    # -- the connection ----------------------------------------------------------------------
    Row("tls", Action.STOP, _on("tls"),
        next_step="Name the certificate authority with --ca-file or SSL_CERT_FILE."),
    Row("proxy", Action.BACKOFF, _on("proxy"), first_tries=3, next_step="Check HTTPS_PROXY and NO_PROXY."),
    Row("unreachable", Action.BACKOFF, _on("refused", "unresolved", "unconnected"), first_tries=3,
        next_step=_NETWORK),
    Row("disconnected", Action.BACKOFF, _on("reset", "truncated", "garbled"), tries=8, first_tries=6,
        next_step=_LATER),
    Row("timeout", Action.BACKOFF, _on("first_byte", "stalled", "too_slow"), tries=3,
        next_step="Raise the timeouts, lower --max-tokens or --concurrency, then resume the run."),
    # -- what is paid for --------------------------------------------------------------------
    Row("quota_dashscope", Action.WAIT, _on(429), host="dashscope",
        says=_says(r"insufficient_quota(?!.*(free|overdue))", r"Throttling\.AllocationQuota(?!.*free)")),
    Row("quota_per_minute", Action.WAIT, _on(429), says=_says(r"retry in \d.*(?<!limit: 0)$", r"RetryInfo")),
    Row("quota", Action.STOP, _on(402), error=QuotaExhausted, next_step=_CREDIT),
    Row("quota", Action.STOP, _REFUSING, error=QuotaExhausted, next_step=_CREDIT, says=_says(
        "insufficient_quota", "exceeded (your|the) current quota", "exceeded_current_quota",    # OpenAI, Moonshot
        "billing_hard_limit", "billing_not_active", "account_deactivated",                      # OpenAI
        "insufficient[ _](account[ _])?(balance|credit|fund)", "balance is (insufficient|not enough)",  # DeepSeek
        "credit balance is too low", "billing_error",                                           # Anthropic
        "Arrearage", "FreeTierOnly", "free allocated quota", "BillOverdue",                     # DashScope
        "requires more credits", "key limit exceeded",                                          # OpenRouter
        "used all (available|your|the) credits", "spending limit", "credit[ _]limit",           # xAI, Together
        "余额不足", "欠费", "AccountOverdue", r"\b1113\b",                                       # Zhipu, Volcengine
        "exceeded your monthly", "quota_exceeded", "NOT_ENOUGH_BALANCE",                        # Hugging Face, others
    )),
    # -- who asks, for what ------------------------------------------------------------------
    Row("filtered", Action.GIVE_UP, _on(400, 403, 422, 451, 500), says=_says(
        "content[ _-]?filter", "content[ _]policy", "content_policy_violation", "ResponsibleAIPolicyViolation",
        "data_inspection_failed", "DataInspectionFailed", "inappropriate content",              # DashScope
        "Content Exists Risk", "requires moderation", "flagged",                                # DeepSeek, OpenRouter
        "high risk", "sensitive", "敏感", r"\b1301\b", "SAFETY", "PROHIBITED_CONTENT",           # Moonshot, Zhipu, Gemini
    )),
    Row("key", Action.STOP, _on(401, 407), error=KeyRejected),
    Row("key", Action.STOP, _on(400, 403), error=KeyRejected, says=_says(
        r"api[ _-]?key", "authenticat", "unauthorized", r"invalid.{0,20}token", r"expired.{0,20}token",
    )),
    Row("too_long", Action.GIVE_UP, _on(400, 403, 413, 422, 500), error=RequestRejected,
        next_step="Lower --max-tokens, use a shorter prompt, or start the server with a longer context.", says=_says(
        "context_length", r"context[ _](length|size|window)", "maximum context", r"(prompt|input).{0,40}too (long|large)",
        "exceed_context_size", "reduce the length", r"max_tokens parameter must be less", "longer than the model",
        r"range of input length", r"exceeds? (the )?(model'?s )?max(imum)?[ _](input|model|sequence|token)",
    )),
    Row("too_long", Action.GIVE_UP, _on(413), error=RequestRejected, next_step="Use a shorter prompt."),
    Row("limit_field", Action.RESPELL, _on(400, 422), error=RequestRejected, next_step=_PARAMETERS,
        says=_says(r"use 'max_completion_tokens'", r"(unsupported|unknown|unrecognized|extra).{0,80}max_(completion_)?tokens",
                   r"max_(completion_)?tokens.{0,60}(not (supported|permitted)|extra|unsupported|unknown)")),
    Row("parameter", Action.STOP, _on(400, 422), error=RequestRejected, next_step=_PARAMETERS, says=_says(
        "unsupported_(parameter|value)", "unsupported (parameter|value)", "unrecognized request argument", "unknown_parameter",
        "does not support (parameter|temperature|top_p|seed|stop)",
    )),
    Row("model", Action.STOP, _on(400, 403, 404, 422, 500, 503), error=ModelNotFound, says=_says(
        "model_not_found", "model[ _]not[ _](found|exist)", r"model.{0,120}(does not|doesn't|not) (exist|found)", "not a valid model",
        r"model.{0,120}not found", "no such model", "unknown model", "DeploymentNotFound", "no (allowed )?(providers|endpoints)",
        r"model.{0,80}(is )?not (available|supported)", "try pulling it", "模型不存在", r"\b1211\b", "does not have access to model",
    )),
    Row("region", Action.STOP, _on(403), error=KeyRejected, says=_says("country", "region", "territory"),
        next_step="The vendor does not serve this place: use another endpoint, or --proxy."),
    Row("forbidden", Action.STOP, _on(403), error=KeyRejected),
    Row("address", Action.STOP, _on(301, 302, 303, 307, 308, 404, 405, 410), error=RequestRejected, next_step=_URL),
    # -- how much, how fast ------------------------------------------------------------------
    Row("rate", Action.WAIT, _on(429)),
    Row("overloaded", Action.WAIT, _on(503, 529, 498)),
    # -- the rest ----------------------------------------------------------------------------
    Row("server_error", Action.BACKOFF, _on(500, 408, 409, 425, 499), tries=8, next_step=_LATER),
    Row("gateway", Action.BACKOFF, _GATEWAY, tries=8, next_step=_LATER),
    Row("rejected", Action.GIVE_UP, _on("4xx"), error=RequestRejected, next_step=_PARAMETERS),
    Row("server_error", Action.BACKOFF, _on("5xx"), tries=8, next_step=_LATER),
    Row("malformed", Action.BACKOFF, _on("other"), tries=3, error=RequestRejected, next_step=_URL),
)  # fmt: skip


def find(answer: Answer, host: str = "") -> Row:
    """The first row that fits an answer; the last rows fit whatever the others do not."""
    whats = {answer.what, _family(answer.what)}
    return next(row for row in TABLE if _fits(row, whats, answer.said, host))


def _fits(row: Row, whats: set[int | str], said: str, host: str) -> bool:
    return (
        bool(whats & row.on) and row.host in host and (row.says is None or row.says.search(said) is not None)
    )


def _family(what: int | str) -> str:
    if isinstance(what, int) and 400 <= what < 600:
        return f"{what // 100}xx"
    return "other"
