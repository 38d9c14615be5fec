"""Each row of the table, over real sockets: what servers really say, and what the client does about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from math500 import errors
from math500.client import Client, Endpoint, Event, Timeouts, answers, spellings
from math500.client.answers import TABLE, Action, Answer
from math500.errors import ModelError, SampleFailed
from math500.records import Generation
from tests.faulty_server import FAULTS, Act, FaultyServer, answer, once

CASES = [
    json.loads(line) for line in (Path(__file__).parent / "cases/answers.jsonl").read_text().splitlines()
]
pytestmark = pytest.mark.anyio


def act_of(case: dict[str, Any]) -> Act:
    if "act" in case:
        return FAULTS[case["act"]]
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    return Act(status=case["status"], body=body.encode(), headers=case.get("headers", {}))


def endpoint_of(server: FaultyServer, case: dict[str, Any]) -> Endpoint:
    """Impatient only where the case is about patience: a busy machine is not a fault."""
    hangs = case.get("act") in ("hang", "stall")
    timeouts = Timeouts(connect=0.2, first_byte=0.2, between_bytes=0.2) if hangs else Timeouts()
    return Endpoint(server.url, "m", timeouts=timeouts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
async def test_what_a_server_says_ends_as_the_table_says(
    case: dict[str, Any], client_of: Callable[..., Client], ask: Any, events: list[Event]
) -> None:
    expected = case["ends"]
    bad = act_of(case)
    plan = once(answer, *[bad] * 9) if expected == "give_up" else once(bad)
    async with FaultyServer(plan) as server, client_of(endpoint_of(server, case)) as client:
        client._lanes[0].host = case.get("host", "127.0.0.1")
        if expected == "give_up":
            await ask(client)
            with pytest.raises(SampleFailed) as given_up:
                await ask(client)
            assert given_up.value.kind == case["kind"]
            (row,) = {row.tries or 1 for row in TABLE if row.kind == case["kind"] and row.says is None}
            assert server.count == 1 + row
        elif expected in ("accept", "wait"):
            generation = await ask(client)
            assert isinstance(generation, Generation)
            assert generation.attempts == server.count == (1 if expected == "accept" else 2)
            assert [event.kind for event in events] == ([] if expected == "accept" else ["waiting"])
        else:
            with pytest.raises(getattr(errors, expected)) as stopped:
                await ask(client)
            assert type(stopped.value) is getattr(errors, expected)
            assert server.count == 1
            assert server.url in str(stopped.value)
            assert stopped.value.next_step


@pytest.mark.parametrize("case", [case for case in CASES if "act" not in case], ids=lambda case: case["id"])
async def test_each_case_is_found_in_its_row(case: dict[str, Any]) -> None:
    from math500.client.wire import read

    act = act_of(case)
    got = read(act.status, {name.lower(): value for name, value in act.headers.items()}, act.body)
    assert answers.find(got, case.get("host", "api.example")).kind == case["kind"]


def test_every_kind_of_row_has_a_case() -> None:
    assert {row.kind for row in TABLE} - ELSEWHERE == {case["kind"] for case in CASES}


ELSEWHERE = {"limit_field", "tls", "proxy", "unreachable", "oversized", "no_logprobs"}
"""Rows of these kinds are met in test_chat.py, test_transport.py and test_extras.py."""


def test_every_row_has_a_case() -> None:
    from math500.client.wire import read

    met = []
    for case in CASES:
        if case.get("act") in ("hang", "stall", "reset", "cut", "reset_mid"):
            continue
        act = act_of(case)
        got = read(act.status, {name.lower(): value for name, value in act.headers.items()}, act.body)
        met.append(answers.find(got, case.get("host", "api.example")))
    broken = {"disconnected", "timeout"}  # their cases are acts, one for each word
    missing = [row for row in TABLE if row not in met and row.kind not in ELSEWHERE | broken]
    assert not missing


def test_every_case_names_its_source() -> None:
    assert all(case["source"] for case in CASES)


def test_every_status_has_a_row() -> None:
    assert not [s for s in range(100, 700) if answers.find(Answer(s)).action is Action.ACCEPT]


@pytest.mark.parametrize("word", answers.DID)
def test_every_word_has_a_row_of_its_own(word: str) -> None:
    assert word in answers.find(Answer(word)).on
    assert answers.sentence(Answer(word, "why")).endswith("(why)")


def test_a_row_of_one_kind_is_always_dealt_with_alike() -> None:
    for kind in {row.kind for row in TABLE}:
        assert len({(row.action, row.tries, row.error) for row in TABLE if row.kind == kind}) == 1


@pytest.mark.parametrize("row", [row for row in TABLE if row.action is Action.STOP], ids=lambda row: row.kind)
def test_a_stop_is_an_error_of_the_model(row: answers.Row) -> None:
    assert issubclass(row.error, ModelError)
    assert replace(row, kind="x") != row


def test_a_long_message_is_shown_in_part() -> None:
    shown = answers.sentence(Answer(500, "y" * 5000))
    assert len(shown) < 400
    assert shown.endswith("...)")


def as_markdown() -> list[str]:
    lines = ["| kind | on | when it says | done | the run stops with |", "|---|---|---|---|---|"]
    names = {id(value): name for name, value in vars(spellings).items() if isinstance(value, re.Pattern)}
    for row in TABLE:
        on = ", ".join(map(str, row.on))
        said = f"`{names[id(row.says)]}`" if row.says is not None else ""
        where = f" ({row.host} only)" if row.host else ""
        done = row.action.value + (f", {row.tries} times" if row.tries else "") + ", alone" * row.alone
        error = "" if row.action is Action.ACCEPT else row.error.__name__
        lines.append(f"| {row.kind} | {on} | {said}{where} | {done} | {error} |")
    return lines


def test_the_guide_shows_the_table() -> None:
    guide = (Path(__file__).parents[2] / "docs/endpoints.md").read_text(encoding="utf-8")
    lines = as_markdown()
    assert all(line in guide for line in lines), "docs/endpoints.md should hold:\n" + "\n".join(lines)
