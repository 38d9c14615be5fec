"""The command as a person types it: what it prints, what it leaves, and how each mistake ends."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500 import cli, data, grading
from math500.records import Problem
from math500.rundir import RunDir, RunWriter
from tests.faulty_server import Act, FaultyServer, Request, always, chat, error

Command = Callable[..., "Outcome"]
QUESTION = re.compile(r"What is \$(\d+) \+ \d+\$")


class Outcome(msgspec.Struct):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line on standard error, where a mistake is explained."""
        return self.err.strip().splitlines()[-1]


def adds(request: Request) -> Act:
    """The plan of an endpoint that adds rightly."""
    first = int(QUESTION.findall(request.raw.decode())[-1])
    return Act(body=chat(f"I add.\n\n$\\boxed{{{2 * first}}}$"))


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """An endpoint on a thread of its own; a test may replace its plan."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    endpoint = FaultyServer(adds)
    asyncio.run_coroutine_threadsafe(endpoint.start(), loop).result(10)
    yield endpoint
    asyncio.run_coroutine_threadsafe(endpoint.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def own_set(tmp_path: Path, problems: tuple[Problem, ...]) -> Path:
    path = tmp_path / "twelve.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(p) + b"\n" for p in problems))
    return path


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MATH500_OFFLINE", "1")

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["math500", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        printed = capsys.readouterr()
        return Outcome(exit_.value.code or 0, printed.out, printed.err)  # type: ignore[arg-type]

    return run


@pytest.fixture
def run_twelve(command: Command, server: FaultyServer, own_set: Path, folder: Path) -> Command:
    """`math500 run` on the twelve problems against the server."""

    def run(*more: object) -> Outcome:
        return command(
            "run", "--model", "stub", "--base-url", server.url, "--data", own_set, "--out", folder, *more
        )

    return run


# -- a run ------------------------------------------------------------------------------------


def test_a_run_prints_its_score_and_leaves_everything_on_disk(run_twelve: Command, folder: Path) -> None:
    done = run_twelve()
    assert done.code == 0
    assert "score  100.0 % (95 % interval 75.8 to 100.0, n = 12)" in done.out
    assert re.search(r"Number Theory +100\.0", done.out)
    assert "math500 export" in done.out
    run = RunDir.open(folder)
    assert len(run.samples()) == len(run.grades(grading.GRADER)) == 12
    assert run.manifest.command[0] == "run"
    assert run.manifest.data.sha256
    assert run.manifest.packages["math500"]
    summary = run.summary()
    assert summary is not None
    assert summary.correct == 12


def test_json_is_for_machines(run_twelve: Command, command: Command, folder: Path) -> None:
    summary = json.loads(run_twelve("--json", "--quiet").out)
    assert summary["score"]["value"] == 1.0
    assert json.loads(command("show", folder, "--json").out) == summary


def test_a_run_graded_by_an_earlier_grader_is_shown_by_its_grades(
    run_twelve: Command, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_twelve("--quiet")
    earlier = grading.GRADER
    monkeypatch.setattr(grading, "GRADER", "math500/99")
    shown = command("show", folder)
    assert f"n = 12)  by {earlier}" in shown.out
    assert f"Graded by {earlier}; here is math500/99" in shown.err


def test_problems_are_chosen_by_subject_level_and_number(run_twelve: Command, folder: Path) -> None:
    run_twelve("--subject", "geometry", "--level", 2, "--level", 5, "--limit", 2)
    chosen = RunDir.open(folder).problems()
    assert {p.subject for p in chosen} == {"Geometry"}
    assert {p.level for p in chosen} <= {2, 5}
    assert len(chosen) == 2


def test_problems_are_chosen_by_id(run_twelve: Command, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ids").write_text("test/3\n\ntest/1\n")
    assert run_twelve("--ids", f"@{tmp_path / 'ids'}").code == 0
    assert {p.unique_id for p in RunDir.open(folder).problems()} == {"test/1", "test/3"}


def test_the_request_holds_what_was_asked_for(run_twelve: Command, server: FaultyServer) -> None:
    run_twelve(
        *("--prompt", "bare", "--system", "Be brief.", "--temperature", 0.6, "--top-p", 0.95),
        *("--max-tokens", 100, "--seed", 7, "--samples", 2, "--limit", 1),
    )
    bodies = [request.body for request in server.requests]
    assert [b["messages"][0] for b in bodies] == [{"role": "system", "content": "Be brief."}] * 2
    first = (7 + zlib.crc32(b"test/0")) % 2**30
    assert sorted(b["seed"] for b in bodies) == [first, first + 1]
    assert {(b["temperature"], b["top_p"]) for b in bodies} == {(0.6, 0.95)}
    assert {b.get("max_tokens") or b.get("max_completion_tokens") for b in bodies} == {100}


def test_settings_left_to_the_endpoint_are_not_sent(run_twelve: Command, server: FaultyServer) -> None:
    run_twelve("--prompt", "boxed-system", "--no-system", "--temperature", "none", "--limit", 1)
    (request,) = server.requests
    assert set(request.body) == {"model", "messages"}
    assert len(request.body["messages"]) == 1


def test_a_prompt_of_the_users_own(run_twelve: Command, server: FaultyServer, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("Solve {problem} quickly.")
    assert run_twelve("--prompt-file", tmp_path / "mine.txt", "--limit", 1).code == 0
    assert server.requests[0].body["messages"][0]["content"] == "Solve What is $0 + 0$? quickly."


def test_failed_requests_are_shown_and_owed(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    def filters_seven(request: Request) -> Act:
        if b"$7 + 7$" in request.raw:
            return Act(body=chat(None, finish="content_filter"))
        return adds(request)

    server.plan = filters_seven
    done = run_twelve()
    assert "1 sample failed and 0 were not collected" in done.out
    assert f"math500 run --resume {folder}" in done.out
    assert "n = 11" in done.out
    server.plan = adds
    before = len(server.requests)
    assert "n = 12" in command("run", "--resume", folder).out
    assert len(server.requests) == before + 1


def test_a_resume_does_not_stop_at_problems_that_are_refused_again(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    def filters(request: Request) -> Act:
        """All from the third on."""
        if int(QUESTION.findall(request.raw.decode())[-1]) >= 3:
            return Act(body=chat(None, finish="content_filter"))
        return adds(request)

    server.plan = filters
    run_twelve("--concurrency", 1)
    before = len(server.requests)
    done = command("run", "--resume", folder)
    assert "9 samples failed" in done.out
    assert done.code == 0
    assert len(server.requests) == before + 9


@pytest.mark.parametrize(
    "text", ["", "no idea", "\\boxed{", "\\boxed{9^{9^{9^9}}}", "{" * 5000, "\x00\ufffd"]
)
def test_whatever_the_model_says_the_run_goes_on(
    run_twelve: Command, server: FaultyServer, folder: Path, text: str
) -> None:
    server.plan = lambda r: Act(body=chat(text)) if b"$7 + 7$" in r.raw else adds(r)
    assert run_twelve().code == 0
    grades = RunDir.open(folder).grades(grading.GRADER)
    assert sum(g.grade.verdict == "correct" for g in grades.values()) == 11


def test_a_finished_run_has_nothing_to_resume(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    run_twelve()
    sent = len(server.requests)
    done = command("run", "--resume", folder)
    assert "0 of 12 samples are owed" in done.err
    assert len(server.requests) == sent


# -- stopped runs ------------------------------------------------------------------------------


def _in_a_process(server: FaultyServer, own_set: Path, folder: Path, **options: Any) -> subprocess.Popen[str]:
    arguments = ["run", "--model", "stub", "--base-url", server.url, "--data", own_set, "--out", folder]
    # A shell's background job, which the tests may be, hands down that Ctrl-C is to be ignored.
    options.setdefault("preexec_fn", lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    return subprocess.Popen(
        [sys.executable, "-m", "math500", *map(str, arguments), "--concurrency", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        **options,
    )


def _slow(request: Request) -> Act:
    act = adds(request)
    return Act(body=act.body, delay=0.5)


def _wait_for_samples(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    samples = folder / "samples.jsonl"
    while time.monotonic() < deadline:
        if samples.exists() and samples.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.01)
    raise AssertionError("the run wrote too few samples")


def test_after_kill_9_no_finished_request_is_sent_again(
    command: Command, server: FaultyServer, own_set: Path, folder: Path
) -> None:
    server.plan = _slow
    process = _in_a_process(server, own_set, folder)
    _wait_for_samples(folder, 7)
    process.kill()
    process.communicate()
    finished = {key[0] for key in RunDir.open(folder).samples()}
    sent = len(server.requests)
    server.plan = adds
    done = command("run", "--resume", folder)
    again = {QUESTION.findall(r.raw.decode())[-1] for r in server.requests[sent:]}
    assert len(again) == 12 - len(finished)
    assert not {f"test/{i}" for i in again} & finished
    assert "n = 12" in done.out


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_says_how_to_go_on(
    server: FaultyServer, own_set: Path, folder: Path, how: signal.Signals
) -> None:
    server.plan = _slow
    process = _in_a_process(server, own_set, folder, start_new_session=True)
    _wait_for_samples(folder, 3)
    process.send_signal(how)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert len(server.requests) == len(RunDir.open(folder).samples()), "what was in flight has landed"
    assert "Traceback" not in err
    assert err.strip().splitlines()[-1] == f"math500: stopped. Go on with: math500 run --resume {folder}"
    assert RunDir.open(folder).summary() is not None


def test_a_background_job_that_ignores_ctrl_c_ends_by_sigterm(
    server: FaultyServer, own_set: Path, folder: Path
) -> None:
    server.plan = _slow
    ignored = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    process = _in_a_process(server, own_set, folder, start_new_session=True, **ignored)
    _wait_for_samples(folder, 3)
    process.send_signal(signal.SIGINT)
    _wait_for_samples(folder, 5)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert len(server.requests) == len(RunDir.open(folder).samples()), "what was in flight has landed"
    assert "Traceback" not in err
    assert err.strip().splitlines()[-1] == f"math500: stopped. Go on with: math500 run --resume {folder}"


def test_a_folder_in_use_is_left_alone(command: Command, run_twelve: Command, folder: Path) -> None:
    run_twelve("--limit", 1)
    with RunWriter(folder):
        done = command("run", "--resume", folder)
    assert done.code == 5
    assert "in use by another process" in done.last


def test_settings_beside_resume_are_refused(command: Command, run_twelve: Command, folder: Path) -> None:
    run_twelve("--limit", 1)
    done = command("run", "--resume", folder, "--max-tokens", 5)
    assert done.code == 2
    assert "--max-tokens was given too" in done.last


# -- mistakes: one line that says what to do, and a stable exit code ---------------------------


def _mistake(done: Outcome, code: int, *words: str) -> None:
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert done.last.startswith("math500: ")
    for word in words:
        assert word in done.last


def test_no_key(command: Command, own_set: Path) -> None:
    _mistake(command("run", "--model", "openai/gpt-4o-mini", "--data", own_set), 4, "OPENAI_API_KEY")


def test_wrong_key(run_twelve: Command, server: FaultyServer) -> None:
    server.plan = always(error(401, "Incorrect API key provided", code="invalid_api_key"))
    _mistake(run_twelve(), 4, "key")


def test_where_a_redirect_leads_is_said(run_twelve: Command, server: FaultyServer) -> None:
    to = {"Location": "https://user:secret@gateway.example/v1/chat/completions?token=secret"}
    server.plan = always(Act(status=308, headers=to))
    done = run_twelve()
    _mistake(
        done, 4, "answers 308 (it redirects to https://gateway.example/v1/chat/completions)", "--base-url"
    )
    assert "secret" not in done.err


def test_a_key_that_was_not_sent_is_not_to_be_checked(
    run_twelve: Command, command: Command, server: FaultyServer, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    server.plan = always(error(401, "Incorrect API key provided", code="invalid_api_key"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-host")
    said = ("No key was sent: set MATH500_API_KEY", "its own host only")
    _mistake(run_twelve(), 4, *said)
    asked = command("doctor", "--model", "stub", "--base-url", server.url)
    assert all(words in asked.out for words in said)
    monkeypatch.setenv("MATH500_API_KEY", "sk-of-this-host")
    _mistake(command("run", "--resume", folder), 4, "Check the key in MATH500_API_KEY")


def test_quota_used_up(run_twelve: Command, server: FaultyServer) -> None:
    server.plan = always(error(429, "You exceeded your current quota", code="insufficient_quota"))
    _mistake(run_twelve(), 4, "quota")
    assert len(server.requests) <= 12


def test_model_not_found(run_twelve: Command, server: FaultyServer) -> None:
    server.plan = always(error(404, "The model `stub` does not exist", code="model_not_found"))
    _mistake(run_twelve(), 4, "stub")


def test_endpoint_down(command: Command, own_set: Path) -> None:
    started = time.monotonic()
    done = command("run", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--data", own_set)
    _mistake(done, 4, "127.0.0.1:9")
    assert time.monotonic() - started < 30


def test_unknown_prompt(run_twelve: Command) -> None:
    _mistake(run_twelve("--prompt", "boxd"), 2, "boxed, boxed-system")


def test_unknown_data(command: Command) -> None:
    _mistake(command("run", "--data", "math5000"), 2, "math5000")
    _mistake(command("data", "nowhere.jsonl"), 2, "nowhere.jsonl")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{}\n", b'{"problem": "p"', b"<html></html>"])
def test_unreadable_data(command: Command, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.jsonl").write_bytes(content)
    _mistake(command("run", "--data", tmp_path / "bad.jsonl"), 3, "bad.jsonl")


def test_no_network(command: Command) -> None:
    _mistake(command("run"), 3, "math500")


def test_a_copy_that_is_not_the_set(command: Command, own_set: Path) -> None:
    _mistake(command("data", "math500", "--path", own_set), 3, "twelve.jsonl")


def test_disk_full(run_twelve: Command, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    write, written = os.write, [0]

    def fills_up(fd: int, content: bytes) -> int:
        if content.startswith(b'{"unique_id"'):
            written[0] += 1
            if written[0] > 4:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(fd, content)

    monkeypatch.setattr(os, "write", fills_up)
    _mistake(run_twelve("--concurrency", 1), 7, "the disk is full", "What is written is intact")
    assert RunDir.open(folder).samples()


def test_a_half_written_run_folder(command: Command, tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "samples.jsonl").write_text("")
    _mistake(command("show", tmp_path / "half"), 5, "is not a run folder")
    _mistake(command("run", "--resume", tmp_path / "half"), 5, "half")


@pytest.mark.parametrize("option", ["--temperature", "--top-p", "--max-cost", "--confidence"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_what_is_no_number_is_no_setting(
    run_twelve: Command, server: FaultyServer, option: str, value: str
) -> None:
    done = run_twelve(option, value)
    assert done.code == 2
    assert option in done.err
    assert not server.requests, "it would have been sent as null, and as a limit it never holds"


@pytest.mark.parametrize(
    "then", [("run", "--resume"), ("gap",), ("graders",), ("regrade", "--grader", "minerva")]
)
def test_a_sample_of_a_problem_that_the_run_does_not_hold(
    run_twelve: Command, command: Command, folder: Path, then: tuple[str, ...]
) -> None:
    run_twelve()
    shutil.rmtree(folder / "grades")
    samples = folder / "samples.jsonl"
    samples.write_text(samples.read_text().replace('"test/3"', '"elsewhere/3"'))
    _mistake(command(*then, folder), 5, "elsewhere/3", "math500 verify")


def test_a_file_of_a_run_that_cannot_be_read(run_twelve: Command, command: Command, folder: Path) -> None:
    run_twelve("--limit", 2)
    (folder / "samples.jsonl").unlink()
    (folder / "samples.jsonl").mkdir()
    for words in (("show",), ("verify",), ("errors",)):
        _mistake(command(*words, folder), 5, "samples.jsonl cannot be read", "permissions")
    _mistake(command("show", "a" * 300), 5, "manifest.json cannot be read", "name too long")


def test_a_run_without_its_problems(run_twelve: Command, command: Command, folder: Path) -> None:
    run_twelve("--limit", 2)
    before = (folder / "summary.json").read_bytes()
    (folder / "problems.jsonl").unlink()
    for words in (("show",), ("errors",), ("run", "--resume")):
        _mistake(command(*words, folder), 5, "problems.jsonl is gone", "from a copy")
    assert (folder / "summary.json").read_bytes() == before, "it was replaced by one of no problems"
    assert command("verify", folder).code == 8


@pytest.mark.parametrize(
    ("name", "words"),
    [("grades/math500-{}", "made again from the samples"), ("samples", "its sample is then asked again")],
)
def test_a_line_that_cannot_be_read(
    run_twelve: Command, command: Command, folder: Path, name: str, words: str
) -> None:
    run_twelve("--limit", 2)
    version = grading.GRADER.partition("/")[2]
    with (folder / f"{name.format(version)}.jsonl").open("a") as file:
        file.write("?\n")
    _mistake(command("show", folder), 5, "line 3 cannot be read", words)


def test_a_missing_list_of_ids(run_twelve: Command) -> None:
    _mistake(run_twelve("--ids", "@nowhere"), 2, "nowhere")


@pytest.mark.parametrize("ids", ["", " , ", "@{empty}"])
def test_no_id_at_all_is_not_every_problem(
    run_twelve: Command, server: FaultyServer, tmp_path: Path, ids: str
) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    _mistake(run_twelve("--ids", ids.format(empty=empty)), 2, "holds no id", "leave --ids out")
    assert not server.requests


def test_the_embedded_model_has_no_address(command: Command, own_set: Path) -> None:
    done = command("run", "--base-url", "http://127.0.0.1:9/v1", "--data", own_set)
    _mistake(done, 2, "--base-url")


def test_a_word_that_is_no_option(command: Command) -> None:
    done = command("run", "--modle", "x")
    assert done.code == 2
    assert "--model" in done.err


# -- looking things up -------------------------------------------------------------------------


def test_data_counts_a_users_own_set(command: Command, own_set: Path) -> None:
    done = command("data", own_set)
    assert "12 problems, your own set" in done.out
    assert re.search(r"Geometry +4", done.out)


def test_data_lists_the_known_sets(command: Command) -> None:
    out = command("data").out
    assert all(known.name in out for known in data.known_sets())
    assert {row["state"] for row in json.loads(command("data", "--json").out)} == {"absent"}


def test_data_says_to_machines_where_a_set_is(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Path("cache")
    monkeypatch.setenv("MATH500_CACHE", str(cache))
    (cache / "data").mkdir(parents=True)
    (cache / "data" / "math500.jsonl").write_text("not the set")
    states = {row["name"]: row for row in json.loads(command("data", "--json").out)}
    assert states["math500"]["state"] == "damaged"
    assert states["math500"]["paths"] == ["cache/data/math500.jsonl"]


def test_prompts_are_shown_with_text_and_source(command: Command) -> None:
    assert "boxed-zh" in command("prompts").out
    shown = command("prompts", "report-zh").out
    assert "题目: {problem}" in shown
    assert "source: " in shown
    assert "4 worked examples" in command("prompts", "minerva").out
    assert json.loads(command("prompts", "bare", "--json").out)["template"] == "{problem}"


def test_one_grade_is_explained(command: Command, tmp_path: Path) -> None:
    (tmp_path / "response").write_text("So $x = \\boxed{\\frac{1}{2}}$.")
    done = command("grade", "--response", f"@{tmp_path / 'response'}", "--answer", "0.5")
    assert re.search(r"verdict +correct", done.out)
    assert re.search(r"extracted +\\frac\{1\}\{2\}", done.out)


def test_a_run_is_written_as_lm_eval_writes_it(run_twelve: Command, command: Command, folder: Path) -> None:
    run_twelve()
    results, samples = map(Path, command("export", folder).out.split())
    scored = json.loads(results.read_text())["results"]["math500_boxed"]
    assert (scored["pass@1,none"], scored["samples,none"]) == (1.0, 12)
    rows = [json.loads(line) for line in samples.read_text().splitlines()]
    assert {row["samples"][0]["rule"] for row in rows} == {"boxed"}
    assert rows[3]["resps"] == [["I add.\n\n$\\boxed{6}$"]]


def _told(*words: str, shell: str) -> subprocess.CompletedProcess[str]:
    line = f"{shlex.join([sys.executable, '-m', 'math500', *words])} {shell}"
    return subprocess.run(["bash", "-c", line], check=False, capture_output=True, text=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
@pytest.mark.parametrize("words", [("scores", "what", "75"), ("prompts", "--json"), ("--help",)])
def test_output_on_a_full_disk(words: tuple[str, ...]) -> None:
    done = _told(*words, shell="> /dev/full")
    assert done.returncode == 7
    assert done.stderr == (
        "math500: the disk is full, writing what is printed. Free some space, then try again.\n"
    )


@pytest.mark.parametrize("shell", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_output_does_no_harm(
    run_twelve: Command, server: FaultyServer, own_set: Path, folder: Path, shell: str
) -> None:
    words = ("run", "--model", "stub", "--base-url", server.url, "--data", own_set, "--out", folder)
    assert _told(*map(str, words), shell=shell).returncode == 0
    assert len(RunDir.open(folder).samples()) == 12


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from math500 import cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {
        "lm_eval",
        "torch",
        "pathlib",
        "sympy",
        "aiohttp",
        "asyncio",
        "msgspec",
        "xllamacpp",
        "numpy",
        "tqdm",
    }
    assert not heavy & {name.split(".")[0] for name in loaded}
