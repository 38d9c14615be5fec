from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.sandbox.frames import HEAD, BadFrame, Frames, packed

MESSAGES = st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=4), max_size=5)


@given(MESSAGES, st.integers(1, 50))
def test_messages_come_out_as_they_went_in_however_they_are_cut(
    messages: list[dict[str, str]], n: int
) -> None:
    data = b"".join(packed(m) for m in messages)
    reader = Frames()
    got = [m for i in range(0, len(data), n) for m in reader.feed(data[i : i + n])]
    assert got == messages


@pytest.mark.parametrize("body", [b"", b"[1]", b"null", b"{", b"\xff\xfe", b"[" * 5000, b'"a"'])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(BadFrame):
        Frames().feed(HEAD.pack(len(body)) + body)


def test_a_message_that_is_too_large_is_refused_before_it_is_here() -> None:
    with pytest.raises(BadFrame, match="4294967295 bytes"):
        Frames().feed(b"\xff" * 4)


@given(st.binary(max_size=200))
def test_any_bytes_give_messages_or_are_refused(data: bytes) -> None:
    try:
        messages = Frames().feed(data)
    except BadFrame:
        return
    assert all(json.dumps(m) for m in messages)
