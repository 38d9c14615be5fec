"""What is known of each vendor: where it listens, which variable holds its key, how it spells things.

A row is looked up by the prefix of a model's name (`deepseek/deepseek-chat`) or by the host of a base
URL. What an endpoint's errors mean is in answers.py, for all vendors together, since gateways pass
each other's spellings on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

LimitField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One row of the table below."""

    prefix: str
    """What stands before the slash in a model's name."""
    base_url: str
    key_names: tuple[str, ...]
    """Environment variables that may hold the key, the first one set wins."""
    limit_field: LimitField = "max_tokens"
    """How the limit on generated tokens is spelled."""
    base_url_name: str = ""
    """Environment variable that moves the base URL, where the vendor's own tools read one."""
    key_header: str = "Authorization"
    """The header that carries the key; `Authorization` with `Bearer` before it."""


VENDORS: tuple[Vendor, ...] = (
    Vendor(
        "openai", "https://api.openai.com/v1", ("OPENAI_API_KEY",), "max_completion_tokens", "OPENAI_BASE_URL"
    ),
    Vendor("anthropic", "https://api.anthropic.com/v1", ("ANTHROPIC_API_KEY",)),
    Vendor(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    ),
    Vendor("deepseek", "https://api.deepseek.com/v1", ("DEEPSEEK_API_KEY",)),
    Vendor("dashscope", "https://dashscope.aliyuncs.com/compatible-mode/v1", ("DASHSCOPE_API_KEY",)),
    Vendor("qwen", "https://dashscope.aliyuncs.com/compatible-mode/v1", ("DASHSCOPE_API_KEY",)),
    Vendor(
        "dashscope-intl", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", ("DASHSCOPE_API_KEY",)
    ),
    Vendor("moonshot", "https://api.moonshot.cn/v1", ("MOONSHOT_API_KEY",)),
    Vendor("moonshot-intl", "https://api.moonshot.ai/v1", ("MOONSHOT_API_KEY",)),
    Vendor("zhipu", "https://open.bigmodel.cn/api/paas/v4", ("ZHIPUAI_API_KEY", "ZAI_API_KEY")),
    Vendor("volcengine", "https://ark.cn-beijing.volces.com/api/v3", ("ARK_API_KEY",)),
    Vendor("siliconflow", "https://api.siliconflow.cn/v1", ("SILICONFLOW_API_KEY",)),
    Vendor("openrouter", "https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",)),
    Vendor("together", "https://api.together.xyz/v1", ("TOGETHER_API_KEY",)),
    Vendor("fireworks", "https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY",)),
    Vendor("groq", "https://api.groq.com/openai/v1", ("GROQ_API_KEY",)),
    Vendor("mistral", "https://api.mistral.ai/v1", ("MISTRAL_API_KEY",)),
    Vendor("xai", "https://api.x.ai/v1", ("XAI_API_KEY",)),
    Vendor("nvidia", "https://integrate.api.nvidia.com/v1", ("NVIDIA_API_KEY",)),
    Vendor("huggingface", "https://router.huggingface.co/v1", ("HF_TOKEN",)),
)

AZURE = Vendor("azure", "", ("AZURE_OPENAI_API_KEY",), "max_completion_tokens", key_header="api-key")
"""Has no address of its own: each account has one, such as https://NAME.openai.azure.com/openai/v1."""
AZURE_HOSTS = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")

BY_PREFIX = {vendor.prefix: vendor for vendor in VENDORS}


def by_host(base_url: str) -> Vendor | None:
    """The vendor that listens at a base URL's host."""
    host = urlsplit(base_url).hostname or ""
    if host.endswith(AZURE_HOSTS):
        return AZURE
    return next((vendor for vendor in VENDORS if urlsplit(vendor.base_url).hostname == host), None)
