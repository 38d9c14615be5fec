"""Chat messages as logs hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from math500.imports.rows import mapping, text
from math500.records import Message, Role

ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}


def messages(
    turns: object, *, roles: Mapping[str, Role] = ROLES, field: str = "content"
) -> tuple[Message, ...]:
    """The prompt as messages, whether it is logged as one text or as a list of turns.

    Args:
        turns: what the log holds; anything else gives no messages.
        roles: the log's names of the roles; turns of others are left out.
        field: where a turn keeps its text.
    """
    if isinstance(turns, str):
        return (Message(role="user", content=text(turns)),) if turns else ()
    return tuple(
        Message(role=role, content=said(turn.get(field))[0])
        for turn in map(mapping, turns if isinstance(turns, list) else ())
        if (role := roles.get(str(turn.get("role")))) is not None
    )


def before_answer(turns: object) -> tuple[Message, ...]:
    """The messages before the model's first answer."""

    def asked() -> Iterator[Message]:
        for message in messages(turns):
            if message.role == "assistant":
                return
            yield message

    return tuple(asked())


def said(value: object) -> tuple[str, str]:
    """A message's text and its reasoning, out of one string or a list of typed parts."""
    if not isinstance(value, list):
        return text(value), ""
    parts = [mapping(part) for part in value]
    texts = (text(part.get("text")) for part in parts if part.get("type") == "text")
    thoughts = (text(part.get("reasoning")) for part in parts if part.get("type") == "reasoning")
    return "\n".join(texts), "\n".join(thoughts)
