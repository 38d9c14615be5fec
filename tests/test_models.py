from __future__ import annotations

import pytest

from math500 import models
from math500.errors import KeyRejected, UsageError
from math500.records import Message


def opened(name: str, base_url: str | None = None, **environ: str) -> models.Opened:
    with models.open_model(name, base_url=base_url, concurrency=1, max_tokens=None, environ=environ) as model:
        return model


def test_an_endpoint_is_described_without_its_key() -> None:
    model = opened("openai/gpt-4o-mini", OPENAI_API_KEY="sk-secret-secret")
    assert model.info.name == "openai/gpt-4o-mini"
    assert model.info.served_name == "gpt-4o-mini"
    assert "secret" not in repr(model)


def test_a_vendor_needs_its_key() -> None:
    with pytest.raises(KeyRejected, match="DEEPSEEK_API_KEY"):
        opened("deepseek/deepseek-chat")


def test_any_name_goes_with_an_address() -> None:
    info = opened("Qwen/Qwen2.5-7B-Instruct", "http://127.0.0.1:8000/v1").info
    assert info.served_name == "Qwen/Qwen2.5-7B-Instruct"
    assert info.base_url == "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize("name", ["embedded", "embedded:model.gguf"])
def test_the_embedded_model_has_no_address(name: str) -> None:
    with pytest.raises(UsageError, match="has no --base-url"):
        opened(name, "http://127.0.0.1:8000/v1")


def test_an_open_token_limit_is_the_endpoints_business() -> None:
    assert models.default_max_tokens("gpt-4o") is None
    assert models.default_max_tokens("embedded:x.gguf") == models.EMBEDDED_MAX_TOKENS


def test_the_embedded_context_has_room_for_the_code_of_a_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """math-train/3648: 1,931 characters of Asymptote, 1,131 tokens as the engine counts them."""
    rooms: list[int] = []

    def serve(*, prompt_room: int, **_: object) -> None:
        rooms.append(prompt_room)
        raise UsageError("enough seen", "")

    monkeypatch.setattr("math500.embedded.serve", serve)
    asked = [[Message(role="user", content="x" * 1931)], [Message(role="user", content="short")]]
    with (
        pytest.raises(UsageError, match="enough seen"),
        models.open_model("embedded", base_url=None, concurrency=1, max_tokens=256, environ={}, asked=asked),
    ):
        pass
    assert rooms[0] >= 1131
