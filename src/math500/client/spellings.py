"""How vendors and servers spell the same thing, as data.

Each name below is one meaning; its regular expressions are looked for in the error's code, type, status
and message, in that order on one line, whatever the case. A new spelling goes here, with its vendor, and
as a case into tests/client/cases/answers.jsonl.
"""

from __future__ import annotations

import re


def says(*spellings: str) -> re.Pattern[str]:
    """Any of these."""
    return re.compile("|".join(spellings), re.IGNORECASE)


QUOTA = says(
    "insufficient_quota",  # OpenAI, Azure
    "exceeded (your|the) current quota",  # OpenAI; Gemini, unless it says when to come back
    "exceeded_current_quota",  # Moonshot
    "billing_hard_limit|billing_not_active|account_deactivated",  # OpenAI
    r"insufficient[ _](account[ _])?(balance|credit|fund)",  # DeepSeek, OpenRouter
    "balance is (insufficient|not enough)",  # SiliconFlow
    "credit balance is too low|billing_error",  # Anthropic
    "arrearage|freetieronly|free allocated quota|billoverdue",  # DashScope
    "requires more credits|key limit exceeded",  # OpenRouter
    "used all (available|your|the) credits|spending limit",  # xAI
    "credit[ _]limit",  # Together
    r"余额不足|欠费|^1113\b",  # Zhipu
    "accountoverdue",  # Volcengine
    "exceeded your monthly",  # Hugging Face
    "(free )?quota has been used up",  # Huawei Cloud MaaS
    "usage limit for this (billing cycle|period)",  # Kimi's plans
    "quota_exceeded|not_enough_balance|budget has been exceeded",  # gateways: new-api, LiteLLM
)
"""What was paid for is used up."""

QUOTA_BUT_COMES_BACK = says(r"^(?!.*limit: 0\b).*(retry in \d|retrydelay)")
"""Gemini says "exceeded your current quota" for a minute's limit too, and then when to come back."""

QUOTA_OF_A_MINUTE = says(
    r"insufficient_quota(?!.*(free allocated|overdue))", r"throttling\.allocationquota(?!.*free allocated)"
)
"""DashScope calls its limit on tokens a minute by the code that OpenAI has for an empty account."""

CONCURRENCY = says(
    "concurren(t|cy)",  # Moonshot, DashScope, Together and servers of one's own
    r"并发|^1302\b",  # Zhipu
)
"""Too many at once, which says nothing about how many a minute."""

FILTER = says(
    "content[ _-]?filter",  # OpenAI, Azure, Moonshot
    "content[ _]policy|responsibleaipolicyviolation",  # Azure
    "data_?inspection_?failed|inappropriate content",  # DashScope
    "content exists risk",  # DeepSeek
    "requires moderation|was flagged",  # OpenRouter
    "considered high risk",  # Moonshot
    r"sensitive (content|information|words)|敏感|^1301\b",  # Zhipu
    r"\bsafety\b|prohibited_content",  # Gemini
)
"""The vendor will not answer this prompt, or will not show the answer."""

KEY = says(r"api[ _-]?key", "authenticat", "unauthorized", r"invalid.{0,20}token", r"expired.{0,20}token")
"""The key is missing, wrong or expired; some say so with 400 or 403."""

REGION = says("unsupported_country", "(country|region|territory|location).{0,40}not (supported|available)")
"""The vendor does not serve the place that the request came from."""

TOO_LONG = says(
    "context_length|maximum context",  # OpenAI, vLLM
    r"context[ _](length|size|window)",  # llama.cpp, LM Studio, SGLang
    r"(prompt|input|message).{0,60}too (long|large)",  # Anthropic, Ollama
    "reduce the length",  # OpenAI
    "max_tokens parameter must be less",  # Together
    "longer than the model|exceeds the maximum allowed length",  # SGLang: its context, its cache
    "range of input length",  # DashScope
    "exceeded model token limit",  # Moonshot
    "tokens_too_long",  # Baidu Qianfan
    r"exceeds? (the )?(model'?s )?max(imum)?[ _](input|model|sequence|token)",  # Gemini, vLLM
)
"""Prompt and answer together do not fit."""

MOST_TOKENS = says(
    r"max_(completion_)?tokens=\d+ cannot be greater than",  # vLLM, which compares with the context alone
    r"max_(completion_)?tokens is too large: \d+\. ?this model supports at most",  # OpenAI, SGLang
    r"max_tokens: \d+ > \d+, which is the maximum",  # Anthropic
    "valid range of max_tokens",  # DeepSeek
    r"range of max_(completion_)?tokens should be",  # DashScope
)
"""The limit on tokens is above what the model allows, whatever the prompt: no request can be served."""

LIMIT_FIELD = says(
    "use 'max_completion_tokens'",  # OpenAI's reasoning models
    r"(unsupported|unknown|unrecognized|extra).{0,80}max_(completion_)?tokens",  # Mistral
    r"max_(completion_)?tokens.{0,60}(not (supported|permitted)|extra|unsupported|unknown)",
)
"""The limit on tokens is known by its other name."""

STREAM_ONLY = says(
    "only supports? stream|enable_thinking must be set to false",  # DashScope's thinking models
    "(does not|doesn't) support non-?stream|stream.{0,20}must be (set to )?true",
)
"""The model answers piece by piece only."""

FORM = says(
    "not a chat model",  # OpenAI's base models
    "only supported in v1/responses|use the (v1/)?responses (api|endpoint)",  # OpenAI's larger thinkers
    "does not support (the )?(chat|responses|completions)( completions?)?( api)?",  # Azure, Ollama
)
"""The model is there, and is asked in another form."""

TEMPLATE = says("chat template is no longer allowed|(no|not have a|define a) chat template")
"""A base model was asked to chat: vLLM, SGLang, transformers' server."""

MEMORY = says("requires more system memory", "(cuda|out of|insufficient|not enough).{0,12} memory")
"""The server cannot hold the model or the request: Ollama, llama.cpp, vLLM."""

TOOLS = says(
    "tool[ _-]choice requires",  # vLLM
    "enable-auto-tool-choice|tool-call-parser",  # vLLM, SGLang
    "(does not|doesn't|do not|don't|not) support(ed)?.{0,40}(tools?|function[ _-]call(ing|s)?)",  # Ollama
    "support tool use",  # OpenRouter: no endpoint does
    "(tools?|tool_choice|function[ _-]call(ing|s)?).{0,60}(is|are) not (supported|allowed|enabled|available)",
    r"tools param requires",  # llama.cpp without its template engine
    r"(unsupported|unknown|unrecognized).{0,60}\b(tools|tool_choice)\b",
)
"""The model, or the server as it was started, takes no tools."""

LOGPROBS = says(
    r"logprobs.{0,60}(not|n't|un)[ -]?(supported|allowed|enabled|available|permitted)",  # OpenAI, Gemini
    r"(not|n't|un)[ -]?(support|supported|allowed|permitted|available|recognized|known)\b.{0,80}logprobs",
)
"""The model gives no log probabilities."""

PARAMETER = says(
    "unsupported_(parameter|value)",  # OpenAI
    r"unsupported (parameter|value)|unrecognized request argument|unknown_parameter",
    "does not support (the )?(parameter|temperature|top_p|seed|stop)",
)
"""A setting that this model does not take."""

MODEL = says(
    "model[ _]?not[ _]?(found|exist)|not_found_error.*model",  # OpenAI, DashScope, DeepSeek, Anthropic
    r"model\.accessdenied|accessdenied\.unpurchased",  # DashScope
    r"model.{0,160}(does not|doesn't|not) (exist|found)",  # OpenAI, vLLM
    r"model.{0,160}not found",  # Ollama, SGLang
    r"lora adapters?\b.{0,160}not (enabled|loaded)",  # SGLang, of what stands behind a colon
    "not a valid model|no (allowed )?(providers|endpoints)",  # OpenRouter
    "no such model|unknown model|invalid model|deploymentnotfound",  # Azure and others
    r"model.{0,80}not (available|supported)",  # Together
    r"模型不存在|^1211\b",  # Zhipu
    "does not have access to model",  # OpenAI
    "invalidendpointormodel",  # Volcengine
)
"""The endpoint does not have this model, or not for this key."""

MODEL_BEHIND_GATEWAY = says("model_not_found", "no available channel", "无可用渠道")
"""Gateways (one-api, new-api) say with 500 or 503 that they do not have the model."""
