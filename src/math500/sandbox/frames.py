"""The messages between pool, server and session: a length, then JSON. Nothing is ever unpickled.

Every reader bounds what it takes, because the writer may be model-written code.
"""

from __future__ import annotations

import json
import struct
from typing import Any

HEAD = struct.Struct("!I")
LARGEST = 4 * 1024 * 1024
"""Bytes of one message."""


class BadFrame(Exception):
    """What came is no message."""


def packed(message: dict[str, Any]) -> bytes:
    """A message as bytes."""
    body = json.dumps(message, ensure_ascii=True).encode("ascii")
    return HEAD.pack(len(body)) + body


class Frames:
    """Bytes as they come in, messages out."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The messages that are complete now.

        Raises:
            BadFrame: the bytes are no message, or one that is too large.
        """
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> dict[str, Any] | None:
        if len(self._buffer) < HEAD.size:
            return None
        (size,) = HEAD.unpack_from(self._buffer)
        if size > self._largest:
            raise BadFrame(f"a message of {size} bytes")
        if len(self._buffer) < HEAD.size + size:
            return None
        body = bytes(self._buffer[HEAD.size : HEAD.size + size])
        del self._buffer[: HEAD.size + size]
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as e:
            raise BadFrame("not JSON") from e
        if not isinstance(message, dict):
            raise BadFrame("not an object")
        return message
