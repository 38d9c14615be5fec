"""Which address the hub is asked at, and when it is not asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from math500.data import HubFile, download, hub
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


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_an_error_status(the_hub: Any, status: int) -> None:
    the_hub.serve(b"sorry", status=status)
    with pytest.raises(DataNotFound, match=f"the hub answered {status}"):
        hub.get(HUB_FILE)
    the_hub.serve(b"rows")
    assert hub.get(HUB_FILE) == b"rows", "a hub that answers is asked again"


def test_a_dead_hub_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    with pytest.raises(DataNotFound, match="cannot be reached"):
        hub.get(HUB_FILE)
    assert time.monotonic() - started < download.CONNECT_SECONDS
    monkeypatch.setattr(download, "get", lambda *_arguments: pytest.fail("tried again"))
    with pytest.raises(DataNotFound, match="earlier in this process"):
        hub.get(HUB_FILE)


def test_another_endpoint_is_tried_after_a_dead_one(
    start_hub: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataNotFound, match="cannot be reached"):
        hub.get(HUB_FILE)
    mirror = start_hub()
    mirror.serve(b"rows")
    monkeypatch.setenv("HF_ENDPOINT", mirror.url)
    assert hub.get(HUB_FILE) == b"rows"


def test_a_silent_hub_is_given_up(the_hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SILENCE_SECONDS", 0.3)
    the_hub.answers[PATH] = (0, {}, b"")
    started = time.monotonic()
    with pytest.raises(DataNotFound, match=r"no answer within|SocketTimeoutError"):
        hub.get(HUB_FILE)
    assert time.monotonic() - started < 3
    assert len(hub._dead) == 1


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
