"""The hub's one GET, against a real server on loopback and an injected transport."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from math500.data import HubFile, hub
from math500.errors import DataNotFound

HUB_FILE = HubFile("HuggingFaceH4/MATH-500", "0123456789abcdef", "test.jsonl")
PATH = "/datasets/HuggingFaceH4/MATH-500/resolve/0123456789abcdef/test.jsonl"


def test_the_file_comes_from_the_endpoint(the_hub: Any) -> None:
    the_hub.serve(b"x" * 300_000)
    assert hub.get(HUB_FILE) == b"x" * 300_000
    assert [path for path, _ in the_hub.requests] == [PATH]
    assert "authorization" not in the_hub.requests[0][1]


def test_a_redirect_is_followed_and_the_token_stays_behind(
    the_hub: Any, start_hub: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", " hf_invented\n")
    store = start_hub()
    store.answers["/blob"] = (200, {}, b"rows")
    the_hub.serve(b"", status=302, headers={"Location": store.url + "/blob"})
    assert hub.get(HUB_FILE) == b"rows"
    assert the_hub.requests[0][1]["authorization"] == "Bearer hf_invented"
    assert "authorization" not in store.requests[0][1]


def test_a_proxy_is_used(the_hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("HTTP_PROXY", the_hub.url)
    the_hub.answers["http://hub.invalid" + PATH] = (200, {}, b"rows")
    assert hub.get(HUB_FILE) == b"rows"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_an_error_status(the_hub: Any, status: int) -> None:
    the_hub.serve(b"sorry", status=status)
    with pytest.raises(DataNotFound, match=f"the hub answered {status}"):
        hub.get(HUB_FILE)
    the_hub.serve(b"rows")
    assert hub.get(HUB_FILE) == b"rows", "a hub that answers is asked again"


def test_a_redirect_loop_ends(the_hub: Any) -> None:
    the_hub.serve(b"", status=302, headers={"Location": PATH})
    with pytest.raises(DataNotFound, match="TooManyRedirects"):
        hub.get(HUB_FILE)
    assert len(the_hub.requests) == 11


def test_an_answer_cut_off(the_hub: Any) -> None:
    the_hub.serve(b"half", headers={"Content-Length": "8", "Connection": "close"})
    with pytest.raises(DataNotFound, match="RemoteProtocolError"):
        hub.get(HUB_FILE)


def test_a_dead_hub_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    with pytest.raises(DataNotFound, match="cannot be reached"):
        hub.get(HUB_FILE)
    assert time.monotonic() - started < hub.CONNECT_SECONDS
    monkeypatch.setattr(hub, "_download", lambda *_arguments: pytest.fail("tried again"))
    with pytest.raises(DataNotFound, match="earlier in this process"):
        hub.get(HUB_FILE)


def test_a_silent_hub_is_given_up(the_hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SILENCE_SECONDS", 0.3)
    the_hub.answers[PATH] = (0, {}, b"")
    started = time.monotonic()
    with pytest.raises(DataNotFound, match=r"no answer within|ReadTimeout"):
        hub.get(HUB_FILE)
    assert time.monotonic() - started < 3
    assert len(hub._dead) == 1


def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_BYTES", 1000)
    endless = httpx2.MockTransport(lambda _request: httpx2.Response(200, content=b"x" * 5000))
    with pytest.raises(DataNotFound, match="did not end"):
        hub.get(HUB_FILE, transport=endless)


def failing(fault: Exception) -> httpx2.MockTransport:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise fault

    return httpx2.MockTransport(answer)


@pytest.mark.parametrize(
    ("fault", "dead"),
    [
        (httpx2.ConnectTimeout("x"), True),
        (httpx2.ConnectError("name lookup"), True),
        (httpx2.ProxyError("x"), True),
        (httpx2.ReadTimeout("x"), True),
        (httpx2.ReadError("x"), False),
        (httpx2.RemoteProtocolError("x"), False),
        (OSError("x"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_network_fault(fault: Exception, dead: bool) -> None:
    with pytest.raises(DataNotFound, match=type(fault).__name__):
        hub.get(HUB_FILE, transport=failing(fault))
    assert bool(hub._dead) == dead


def test_a_bug_is_not_called_a_network_fault() -> None:
    with pytest.raises(ZeroDivisionError):
        hub.get(HUB_FILE, transport=failing(ZeroDivisionError()))


@pytest.mark.parametrize(
    "name_value",
    [("HF_HUB_OFFLINE", "1"), ("HF_HUB_OFFLINE", "true"), ("MATH500_OFFLINE", "1")],
    ids="=".join,
)
def test_offline_asks_nobody(
    the_hub: Any, monkeypatch: pytest.MonkeyPatch, name_value: tuple[str, str]
) -> None:
    the_hub.serve(b"rows")
    monkeypatch.setenv(*name_value)
    with pytest.raises(DataNotFound, match=name_value[0]):
        hub.get(HUB_FILE)
    assert the_hub.requests == []


@pytest.mark.parametrize("value", ["", "0", "false", "no"])
def test_offline_switched_off(the_hub: Any, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    the_hub.serve(b"rows")
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    assert hub.get(HUB_FILE) == b"rows"


@pytest.mark.parametrize("address", ["nonsense", "ftp://127.0.0.1", "http://[", "http://127.0.0.1:x"])
def test_an_unusable_endpoint(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(DataNotFound, match=r"download failed|cannot be reached"):
        hub.get(HUB_FILE)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://[", "HuggingFaceH4/MATH-500@0123456/test.jsonl at an unreadable HF_ENDPOINT"),
        ("", "HuggingFaceH4/MATH-500@0123456/test.jsonl"),
        ("https://huggingface.co/", "HuggingFaceH4/MATH-500@0123456/test.jsonl"),
        ("http://me:secret@mirror:8080/x", "HuggingFaceH4/MATH-500@0123456/test.jsonl at mirror:8080"),
    ],
)
def test_the_location_names_a_mirror_and_no_password(
    monkeypatch: pytest.MonkeyPatch, address: str, shown: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert hub.location(HUB_FILE) == shown


def test_a_proxy_that_needs_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("socksio"):
        pytest.skip("socksio is installed")
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(DataNotFound, match="ImportError"):
        hub.get(HUB_FILE)
