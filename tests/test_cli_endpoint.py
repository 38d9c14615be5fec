"""The endpoint's options as a person types them: what is sent, what is kept, and how a limit ends a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from math500.client import Endpoint
from math500.rundir import RunDir
from tests.faulty_server import Act, FaultyServer, Request, always, chat, error, stream
from tests.test_cli import QUESTION, Command, _mistake, adds, command, own_set, run_twelve, server

__all__ = ["command", "own_set", "run_twelve", "server"]


def manifest_text(folder: Path) -> str:
    return (folder / "manifest.json").read_text()


def test_headers_are_sent_and_not_kept(
    run_twelve: Command, server: FaultyServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_SECRET", "hidden-two")
    run_twelve("--header", "X-Team: hidden-one", "--header=X-Other: $TEAM_SECRET", "--limit", 1)
    (request,) = server.requests
    assert (request.headers["x-team"], request.headers["x-other"]) == ("hidden-one", "hidden-two")
    made = RunDir.open(folder).manifest
    assert made.asking.headers == ("X-Team", "X-Other")
    assert "hidden" not in "".join(p.read_text() for p in folder.rglob("*.json*"))
    assert "X-Team: ***" in made.command
    assert "--header=X-Other: $TEAM_SECRET" in made.command


def test_a_header_is_asked_for_again_on_resume(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    run_twelve("--header", "X-Team: hidden-one", "--max-requests", 3, "--concurrency", 1)
    _mistake(command("run", "--resume", folder, "--max-requests", 20), 2, "X-Team", "--header")
    done = command("run", "--resume", folder, "--max-requests", 20, "--header", "x-team: hidden-one")
    assert done.code == 0
    assert {r.headers["x-team"] for r in server.requests} == {"hidden-one"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--header", "no colon"), ("--header 'NAME: VALUE'",)),
        (("--header", "X-Key: $NOT_SET_ANYWHERE"), ("NOT_SET_ANYWHERE",)),
        (("--timeout", "first=3"), ("first-byte=60",)),
        (("--timeout", "total=0"), ("total=0",)),
        (("--price", "cheap"), ("--price 0.15,0.60",)),
        (("--max-cost", "1"), ("stub", "--price PROMPT,COMPLETION")),
        (("--ca-file", "nowhere.pem"), ("nowhere.pem", "PEM")),
        (("--proxy", "ftp://h:1"), ("scheme is ftp",)),
        (("--proxy", "h:1"), ("HTTPS_PROXY", "scheme is missing", "http://HOST:PORT")),
        (("--model", ""), ("name is empty", "--model NAME")),
        (("--api", "responses", "--seed", "1"), ("no seed", "--api chat")),
    ],
)
def test_a_mistake_is_told(
    options: tuple[str, ...], words: tuple[str, ...], run_twelve: Command, folder: Path
) -> None:
    _mistake(run_twelve(*options), 2, *words)
    assert not folder.exists() or options[0] in ("--ca-file", "--proxy")


def test_a_key_in_the_place_of_its_variables_name_is_not_shown(run_twelve: Command, folder: Path) -> None:
    done = run_twelve("--api-key-env", "sk-mine-0123456789")
    _mistake(done, 2, "--api-key-env holds no name of a variable", "--api-key-env MY_KEY")
    assert "0123456789" not in done.out + done.err
    assert not folder.exists()


def test_the_key_comes_from_the_named_variable(
    run_twelve: Command, server: FaultyServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mistake(run_twelve("--api-key-env", "MY_KEY"), 4, "MY_KEY", "export MY_KEY")
    monkeypatch.setenv("MY_KEY", "sk-mine-0123456789")
    run_twelve("--api-key-env", "MY_KEY", "--limit", 1)
    assert server.requests[0].headers["authorization"] == "bearer sk-mine-0123456789"
    assert RunDir.open(folder).manifest.asking.key_variable == "MY_KEY"
    assert "sk-mine" not in manifest_text(folder)


def test_how_it_was_asked_is_in_the_manifest(run_twelve: Command, server: FaultyServer, folder: Path) -> None:
    def pieces(request: Request) -> Act:
        first = int(QUESTION.findall(request.raw.decode())[-1])
        return stream({"content": f"$\\boxed{{{2 * first}}}$"})

    server.plan = pieces
    done = run_twelve("--stream", "--timeout", "total=50", "--timeout", "first-byte=9", "--max-requests", 99)
    assert "score  100.0 %" in done.out
    asking = RunDir.open(folder).manifest.asking
    assert (asking.api, asking.stream, asking.base_urls) == ("chat", True, (server.url,))
    assert (asking.timeouts.total, asking.timeouts.first_byte, asking.timeouts.connect) == (50, 9, 10)
    assert asking.budget.requests == 99
    samples = RunDir.open(folder).samples().values()
    assert all(s.generations[0].first_token_seconds is not None for s in samples)


def test_a_password_in_an_address_is_not_kept(
    run_twelve: Command, server: FaultyServer, folder: Path
) -> None:
    run_twelve("--proxy", server.url.replace("http://", "http://me:hidden@"), "--limit", 1)
    kept = manifest_text(folder)
    assert "hidden" not in kept
    assert "http://***@127.0.0.1" in kept


def test_several_addresses_share_the_work(
    command: Command, server: FaultyServer, own_set: Path, folder: Path
) -> None:
    asked = ("run", "--model", "m", "--data", own_set, "--out", folder)
    both = (server.url, server.url.replace("127.0.0.1", "localhost"))
    assert command(*asked, "--base-url", both[0], "--base-url", both[1]).code == 0
    assert RunDir.open(folder).manifest.asking.base_urls == both
    assert len(server.requests) == 12
    assert {r.headers["host"].split(":")[0] for r in server.requests} == {"127.0.0.1", "localhost"}


def test_plain_completions(run_twelve: Command, server: FaultyServer, folder: Path) -> None:
    def text(request: Request) -> Act:
        message = json.loads(adds(request).body)["choices"][0]["message"]["content"]
        return Act(body=json.dumps({"choices": [{"text": message, "finish_reason": "stop"}]}).encode())

    server.plan = text
    assert "score  100.0 %" in run_twelve("--api", "completions").out
    assert {r.path for r in server.requests} == {"/v1/completions"}


# -- limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "raised", "word"),
    [
        (("--max-requests", 5), ("--max-requests", 50), "limit of 5 requests"),
        (("--max-tokens-total", 250), ("--max-tokens-total", 50_000), "limit of 250 tokens"),
        (("--max-cost", 0.25, "--price", "1000,1000"), ("--max-cost", 50), "limit of $0.25"),
        (("--max-cost", 0.00025, "--price", "1,1"), ("--max-cost", 0.05), "limit of $0.00025"),
    ],
)
def test_a_limit_stops_the_run_and_resume_goes_on(
    limit: tuple[Any, ...],
    raised: tuple[Any, ...],
    word: str,
    run_twelve: Command,
    command: Command,
    server: FaultyServer,
    folder: Path,
) -> None:
    stopped = run_twelve(*limit, "--max-tokens", 60)
    _mistake(stopped, 4, word, limit[0], f"math500 run --resume {folder}")
    answered = len(server.requests)
    assert 0 < answered < 12
    assert len(RunDir.open(folder).samples()) == answered
    _mistake(command("run", "--resume", folder), 4, word)
    assert len(server.requests) == answered, "what was spent before the resume counts"
    done = command("run", "--resume", folder, *raised)
    assert done.code == 0
    assert "n = 12" in done.out
    assert len(server.requests) == 12


def test_a_refused_setting_is_for_a_new_run_since_a_run_keeps_its_own(
    run_twelve: Command, server: FaultyServer, folder: Path
) -> None:
    said = "max_tokens=5000 cannot be greater than max_model_len=4096. Please request fewer output tokens."
    server.plan = lambda _: error(400, said)
    stopped = run_twelve("--max-tokens", 5000)
    _mistake(stopped, 4, "Give a smaller --max-tokens", "with others start a new run", f"--resume {folder}")


def test_a_limit_holds_over_a_resume_where_the_endpoint_counts_no_tokens(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    body = {"choices": [{"message": {"content": "It is 4. " * 100}, "finish_reason": "stop"}]}
    server.plan = lambda _: Act(body=json.dumps(body).encode())
    _mistake(run_twelve("--max-tokens-total", 2000, "--max-tokens", 500), 4, "limit of 2,000 tokens")
    answered = len(server.requests)
    assert 0 < answered < 12
    _mistake(command("run", "--resume", folder), 4, "limit of 2,000 tokens")
    assert len(server.requests) == answered, "what was spent before the resume counts"


def test_tokens_that_the_endpoint_does_not_count_are_not_said_to_be_none(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    body = {"choices": [{"message": {"content": "$\\boxed{4}$"}, "finish_reason": "stop"}]}
    server.plan = lambda _: Act(body=json.dumps(body).encode())
    done = run_twelve("--price", "1,1")
    assert "tokens are not known, since none were counted" in done.out
    assert "0 prompt" not in done.out
    assert "$0" not in done.out
    summary = RunDir.open(folder).summary()
    assert summary is not None
    assert (summary.cost, summary.uncounted) == (None, 12)
    command("report", folder, "--out", folder / "page.html")
    assert "not counted, in" in (folder / "page.html").read_text()


def test_a_sum_in_which_some_tokens_were_not_counted_is_said_to_be_too_low(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    bare = {"choices": [{"message": {"content": "$\\boxed{4}$"}, "finish_reason": "stop"}]}
    server.plan = lambda r: Act(body=json.dumps(bare).encode()) if r.number <= 3 else adds(r)
    done = run_twelve("--price", "100,1000", "--concurrency", 1)
    summary = RunDir.open(folder).summary()
    assert summary is not None
    assert (summary.uncounted, summary.paid and summary.paid.cost) == (3, summary.cost)
    missing = "3 completions came without a count of their tokens"
    cost = f"at least ${summary.cost:.4f}"
    assert f"at least {summary.prompt_tokens:,} prompt and" in done.out
    assert f": {cost} at $100" in done.out
    assert missing in done.out
    assert "at least" in done.err.splitlines()[-1]
    command("report", folder, "--out", folder / "page.html")
    page = (folder / "page.html").read_text()
    assert f"at least {summary.prompt_tokens:,} read" in page
    assert missing in page
    assert f"<dd>{cost}</dd>" in page
    checked = command("verify", folder)
    assert checked.code == 0
    assert missing in checked.out
    assert missing in command("solvers", folder, folder).out


def test_a_summary_of_an_older_math500_says_nothing_of_what_was_not_counted(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    bare = {"choices": [{"message": {"content": "$\\boxed{4}$"}, "finish_reason": "stop"}]}
    server.plan = lambda r: Act(body=json.dumps(bare).encode()) if r.number <= 3 else adds(r)
    run_twelve()
    written = json.loads((folder / "summary.json").read_text())
    del written["uncounted"]
    (folder / "summary.json").write_text(json.dumps(written))
    assert command("verify", folder).code == 0


def test_the_cost_is_told_before_during_and_after(
    run_twelve: Command, command: Command, folder: Path
) -> None:
    done = run_twelve("--price", "100,1000", "--max-tokens", 60)
    assert "Expect 12 requests, " in done.err
    assert "$100 and $1000 per million prompt and generated tokens (the command line)" in done.err
    summary = RunDir.open(folder).summary()
    assert summary is not None
    expected = (100 * summary.prompt_tokens + 1000 * summary.completion_tokens) / 1e6
    assert summary.cost == pytest.approx(expected)
    assert f"${expected:.4f} at $100" in done.out
    assert json.loads(command("show", folder, "--json").out)["cost"] == pytest.approx(expected)


def test_an_unknown_price_is_not_made_up(run_twelve: Command, folder: Path) -> None:
    done = run_twelve()
    assert "what they cost is not known" in done.err
    assert "$" not in done.out
    assert RunDir.open(folder).manifest.price is None


def test_a_price_given_on_resume_is_kept_and_accounts_the_whole_run(
    run_twelve: Command, command: Command, folder: Path, tmp_path: Path
) -> None:
    run_twelve("--max-requests", 5)
    written = manifest_text(folder)
    done = command("run", "--resume", folder, "--max-requests", 20, "--price", "100,1000")
    summary = RunDir.open(folder).summary()
    assert summary is not None
    expected = (100 * summary.prompt_tokens + 1000 * summary.completion_tokens) / 1e6
    assert summary.cost == pytest.approx(expected)
    for shown in (done, command("show", folder)):
        assert f"${expected:.4f} at $100 and $1000 per million" in shown.out
    command("report", folder, "--out", tmp_path / "page.html")
    assert f"<dt>cost</dt><dd>${expected:.4f}</dd>" in (tmp_path / "page.html").read_text()
    assert manifest_text(folder) == written
    assert command("verify", folder).code == 0
    command("pack", folder, "--out", tmp_path / "run.tar.gz")
    command("unpack", tmp_path / "run.tar.gz", "--out", tmp_path / "again")
    assert f"${expected:.4f}" in command("show", tmp_path / "again").out


def test_a_price_of_a_whole_run_can_be_given_and_replaced(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    run_twelve("--price", "100,1000")
    asked = server.count
    assert "at $1 and $2 per million" in command("run", "--resume", folder, "--price", "1,2").out
    assert "at $1 and $2 per million" in command("run", "--resume", folder).out
    assert server.count == asked


def test_settings_that_decide_a_score_are_refused_beside_resume(
    run_twelve: Command, command: Command, folder: Path
) -> None:
    run_twelve("--limit", 1)
    _mistake(command("run", "--resume", folder, "--api", "completions"), 2, "--api was given too")


def test_a_repeated_secret_is_blacked_out(run_twelve: Command, server: FaultyServer, folder: Path) -> None:
    body = json.dumps({"error": {"message": "who is hidden-one?", "code": "nobody"}}).encode()
    server.plan = always(Act(status=400, body=body))
    done = run_twelve("--header", "X-Team: hidden-one")
    assert "hidden-one" not in done.err
    assert "hidden-one" not in (folder / "samples.jsonl").read_text()


def test_azure_takes_its_own_header() -> None:
    from math500.client import resolve
    from math500.client.lane import headers_for

    url = "https://mine.openai.azure.com/openai/v1"
    endpoint = resolve("gpt-4o", url, {"AZURE_OPENAI_API_KEY": "abc"})
    assert headers_for(endpoint)["api-key"] == "abc"
    assert "Authorization" not in headers_for(endpoint)
    assert endpoint.limit_field == "max_completion_tokens"
    assert isinstance(endpoint, Endpoint)
    assert chat() is not None
