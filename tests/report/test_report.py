"""The parts of the page that need no browser."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from math500 import archives, evaluate, report
from math500.cli import cli
from math500.errors import DataNotFound, RunNotFound, UsageError
from math500.records import (
    Ballot,
    Difference,
    Estimate,
    Execution,
    Factor,
    Gap,
    Generation,
    Grade,
    Manifest,
    Price,
    Problem,
    Reference,
    Sample,
    SampleGrade,
    Score,
    ToolCall,
    Turn,
)
from math500.report import charts, files, live, markup, maths, packed, versus, votes
from math500.rundir import RunDir, RunWriter
from tests.report.conftest import Make


def facts(*folders: Path) -> list[report.Facts]:
    return [report.facts(RunDir.open(folder)) for folder in folders]


def unpacked(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))


# -- packed ----------------------------------------------------------------------------------


def test_every_sample_is_in_the_index_and_in_a_block(make: Make) -> None:
    of = facts(make(samples=3))
    whole = packed.pack(of)
    index = unpacked(whole.index)
    blocks = [unpacked(block) for block in whole.blocks]
    rows = list(zip(*index["runs"][0]["rows"], strict=True))
    assert len(rows) == 36
    for place, nth, verdict, reason, tokens, cut, answer, block, at in rows:
        key = (index["problems"][place][0], nth)
        sample, grade = of[0].samples[key], of[0].main[key]
        body = blocks[block][at]
        assert body.get("r", "") == sample.response
        assert index["verdicts"][verdict] == grade.verdict
        assert (reason == -1) == (grade.verdict == "correct")
        assert answer == grade.extracted
        assert cut == evaluate.truncated(sample)
        assert tokens == sample.generations[0].completion_tokens
        if "a" in body:
            text = sample.response.encode("utf-16-le")[2 * body["a"][0] : 2 * body["a"][1]].decode(
                "utf-16-le"
            )
            assert text == grade.extracted


def test_calls_code_votes_and_scores_are_there_to_see(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    call = ToolCall(id="a", name="python", arguments='{"code": "print(2)"}')
    generations = (Generation(text="Look.", tool_calls=(call,)), Generation(text=r"$\boxed{0}$"))
    with RunWriter.create(folder, manifest_of(), problems[:1]) as run:
        run.append(
            Sample(
                unique_id="test/0",
                index=0,
                response=r"$\boxed{0}$",
                generations=generations,
                executions=(Execution(code="print(2)", output="2\n", error="late", ended="time"),),
                ballots=(Ballot(answer="0", votes=2, weight=1.25, voters=(0, 2)),),
                scores=(Score(voter=1, value=0.5, generations=(Generation(text="Score: 50"),)),),
            )
        )
        evaluate.grade(run)
    (block,) = packed.pack(facts(folder)).blocks
    (body,) = unpacked(block)
    assert body["steps"] == ['Look.\n\npython({"code": "print(2)"})']
    assert body["e"] == [["print(2)", "2\nlate\n(ended the session: time)"]]
    assert body["j"] == [[2, 0.5, "Score: 50"]]
    assert body["b"] == [["0", 2, 1.25, "1, 3"]]


def test_the_answer_is_marked_behind_wide_characters(make: Make) -> None:
    of = facts(make(say=lambda p, i: (f"😀😀 So \\boxed{{{p.answer}}}", "stop")))
    body = unpacked(packed.pack(of).blocks[0])[3]
    start, end = body["a"]
    assert body["r"].encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le") == "6"


def test_a_problem_of_two_runs_is_there_once(make: Make) -> None:
    index = unpacked(packed.pack(facts(make("one"), make("two"))).index)
    assert len(index["problems"]) == 12
    assert [run["name"] for run in index["runs"]] == ["one", "two"]


def test_blocks_are_closed_when_they_are_full(make: Make) -> None:
    of = facts(make(say=lambda p, i: (f"{p.unique_id} " * 10_000, "stop")))
    assert len(packed.pack(of).blocks) > 3


def test_a_failed_sample_is_shown_as_failed(make: Make) -> None:
    of = facts(make(say=lambda p, i: ("no quota", "failed")))
    whole = packed.pack(of)
    assert set(unpacked(whole.index)["runs"][0]["rows"][2]) == {packed.VERDICTS.index("failed")}
    assert unpacked(whole.blocks[0])[0]["x"] == "rejected: no quota"
    assert "No score yet" in report.page(of)


def test_each_doubling_of_k_takes_as_much_room(make: Make) -> None:
    (of,) = facts(make(samples=6))
    ticks = re.findall(r">(\d+)</text>", charts.by_k(of))
    assert ticks == ["1", "2", "4", "6"]


def test_what_failed_samples_took_stands_in_the_protocol(make: Make) -> None:
    price = Price(model="given", prompt=2_000_000.0, completion=0.0)
    folder = make(say=lambda p, i: ("no quota", "failed"), price=price)
    assert "in no sample" not in report.page(facts(folder))
    generation = Generation(text="x", prompt_tokens=1234, completion_tokens=5)
    with RunWriter(folder) as run:
        run.append_turn(Turn(unique_id="test/0", index=0, request="r", generation=generation))
    assert "1,234 tokens read, 5 generated; $2,468.00 paid in all" in report.page(facts(folder))


def test_a_run_that_has_just_begun_has_a_page(make: Make) -> None:
    folder = make()
    for path in (folder / "samples.jsonl", *folder.glob("grades/*.jsonl")):
        path.unlink()
    of = facts(folder)
    assert "No score yet" in report.page(of)
    assert unpacked(packed.pack(of).index)["runs"][0]["rows"] == []


# -- votes -----------------------------------------------------------------------------------


def graded(folder: Path, verdicts: dict[str, list[tuple[str, str | None]]]) -> report.Facts:
    """The run with other grades: per problem, each sample's verdict and answer."""
    grader = RunDir.open(folder).manifest.grader
    with RunWriter(folder) as run:
        for unique_id, samples in verdicts.items():
            for index, (verdict, answer) in enumerate(samples):
                grade = Grade(verdict=verdict, extracted=answer, rule="boxed")  # type: ignore[arg-type]
                run.append_grade(grader, SampleGrade(unique_id=unique_id, index=index, grade=grade))
    return facts(folder)[0]


def test_votes(make: Make) -> None:
    right, wrong, none = ("correct", "4"), ("wrong", "5"), ("no_answer", None)
    folder = make(samples=4, say=lambda p, i: ("I do not know.", "stop"))
    of = graded(
        folder, {"test/1": [right, ("correct", "4.0"), right, wrong], "test/2": [wrong, wrong, right, none]}
    )
    polls = {p.unique_id: p for p in votes.polls(of)}
    assert (polls["test/1"].agreement, polls["test/1"].right) == (0.75, 1.0)
    assert (polls["test/2"].agreement, polls["test/2"].right) == (0.5, 0.0)
    assert (polls["test/3"].agreement, polls["test/3"].right) == (0.0, 0.0)
    bins = votes.calibration(list(polls.values()))
    assert sum(b.n for b in bins) == 12
    assert [(b.high, b.n, b.right) for b in bins] == [(0.2, 10, 0.0), (0.6, 1, 0.0), (0.8, 1, 1.0)]
    counts, passes, majorities = votes.by_k(list(polls.values()))
    assert counts == [1, 2, 3, 4]
    assert [passes[0].value, majorities[0].value] == pytest.approx([(3 / 4 + 1 / 4) / 12] * 2)
    assert [passes[-1].value, majorities[-1].value] == pytest.approx([2 / 12, 1 / 12])
    assert (
        passes[0] == of.summary.score == majorities[0]
    )  # one sample is the run's own score, interval and all
    assert charts.by_k(of).count("<polygon") == 2


# -- the page --------------------------------------------------------------------------------


class Scripts(HTMLParser):
    """The content of every script and style element, and the policy."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.policy = ""
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if tag in {"script", "style"}:
            self.found.append((tag, given, ""))
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            tag, given, text = self.found[-1]
            self.found[-1] = (tag, given, text + data)


def test_the_policy_names_every_script_and_style_by_its_hash(make: Make) -> None:
    seen = Scripts(report.page(facts(make()), katex="var katex = '</script>';"))
    run = [(tag, text) for tag, given, text in seen.found if given.get("type") is None]
    assert [tag for tag, _ in run] == ["style", "script", "script"]
    for _, text in run:
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in seen.policy
    assert "default-src 'none'" in seen.policy
    assert "connect-src 'none'" in seen.policy
    assert "require-trusted-types-for 'script'" in seen.policy
    assert "unsafe" not in seen.policy


def test_the_page_asks_for_nothing(make: Make) -> None:
    page = re.sub(r"<script.*?</script>", "", report.page(facts(make())), flags=re.DOTALL)
    outside = re.findall(r"(?:src|href|action|data)=[\"']?([^\"' >]+)", page)
    assert set(outside) == {"#samples", "#summary"}
    assert "{{" not in page


def test_without_the_renderer_the_page_says_so(make: Make) -> None:
    assert "LaTeX source: the renderer was not" in report.page(facts(make()))
    assert 'id="no-katex"' not in report.page(facts(make("two")), katex="var katex")


def test_the_renderer_is_not_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MATH500_OFFLINE", "1")
    monkeypatch.setenv("MATH500_CACHE", str(tmp_path))
    said: list[str] = []
    assert maths.renderer(said.append) == ""
    assert "MATH500_OFFLINE" in said[0]
    with pytest.raises(DataNotFound):
        archives.fetch(maths.KATEX)


@pytest.mark.parametrize("words", ["<b>", "a & b", "\"'", "\u202e", "\x00", "\ud800"])
def test_markup_escapes(words: str) -> None:
    shown = markup.text(words)
    assert not set(shown) & set("<>\"'\x00\u202e\ud800")
    assert shown.encode()


def test_the_gap_is_drawn(make: Make) -> None:
    folder = make()
    score = Estimate(value=0.75, low=0.71, high=0.79, n=500)
    part = Difference(value=0.05, low=0.03, high=0.07, n=500)
    RunDir.open(folder).write_gap(
        Gap(
            run="run",
            model="stub",
            data="MATH-500",
            measured=score,
            published=Reference(score=0.83, low=0.8, high=0.86, n=500),
            factors=(Factor(name="grader", setting="minerva", kind="recomputed", value=0.05, share=part),),
            remainder=Difference(value=0.03, low=-0.01, high=0.07, n=500),
            words="Most of it is <the> grader.",
        )
    )
    (of,) = facts(folder)
    assert "grader: minerva" in charts.charts(of)["gap"]
    page = report.page([of])
    assert "Most of it is &lt;the&gt; grader." in page
    assert "not explained" in page


def test_what_others_found_is_no_effect_of_the_run(make: Make) -> None:
    folder = make()
    (of,) = facts(folder)
    score = of.summary.score
    assert score is not None
    factors = (
        Factor(name="grader", setting="minerva", kind="recomputed", value=-0.5, low=-0.7, high=-0.1),
        Factor(
            name="shots",
            setting="as reported",
            kind="prior",
            value=0.1,
            low=0.04,
            high=0.17,
            detail="34.6 with four, 51.9 with none",
            source="an issue",
        ),
    )
    RunDir.open(folder).write_gap(
        Gap(run=of.manifest.run_id, model="stub", data="MATH-500", measured=score, factors=factors)
    )
    html = report.page(facts(folder))
    here = html[html.index("What other settings are worth here") : html.index("What others found")]
    assert "-70.0 to -10.0" in here
    assert "shots" not in here
    others = html[html.index("What others found") :]
    for part in ("4.0 to 17.0", "34.6 with four, 51.9 with none", "an issue"):
        assert part in others
    assert "+4.0 to +17.0" not in html


def test_runs_are_called_what_tells_them_apart(make: Make) -> None:
    same = facts(make("before", run_id="20261126-a"), make("after", run_id="20261126-b"))
    assert versus.names(same) == ["before", "after"]
    assert versus.names(facts(make("one", model="m"), make("two", model="n"))) == ["m", "n"]


def test_a_long_list_of_flips_is_folded(make: Make, problems: tuple[Problem, ...]) -> None:
    def right(problem: Problem, _index: int) -> tuple[str, str]:
        return f"\\boxed{{{problem.answer}}}", "stop"

    def wrong(_problem: Problem, _index: int) -> tuple[str, str]:
        return "\\boxed{777}", "stop"

    few = facts(*(make(f"few-{say.__name__}", own=problems[:10], say=say) for say in (right, wrong)))
    all_ = facts(*(make(f"all-{say.__name__}", say=say) for say in (right, wrong)))
    assert len(problems) == 12
    assert "<details>" not in versus.versus(few)
    assert "<details><summary>The 12 problems that flipped</summary><div" in versus.versus(all_)


# -- files and commands ------------------------------------------------------------------------


def test_the_command_writes_the_page_and_the_plots(make: Make, tmp_path: Path) -> None:
    one, two = make("one", samples=2), make("two")
    said = CliRunner().invoke(
        cli, ["report", str(one), str(two), "--plots", str(tmp_path / "plots"), "--json"]
    )
    assert said.exit_code == 0, said.output
    done = json.loads(said.stdout)
    assert Path(done["page"]) == one / "report.html"
    assert Path(done["page"]).stat().st_size == done["bytes"]
    names = {str(Path(p).relative_to(tmp_path / "plots")) for p in done["plots"]}
    assert {"1-one/length.svg", "1-one/length.png", "1-one/agreement.svg", "2-two/levels.png"} <= names
    assert "2-two/agreement.svg" not in names
    assert (tmp_path / "plots/1-one/length.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_that_is_no_run() -> None:
    done = CliRunner().invoke(cli, ["report", "nowhere"])
    assert isinstance(done.exception, RunNotFound)


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        files.write(tmp_path / "file" / "page.html", b"")


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "..", "\u202e", "x" * 300])
def test_a_run_id_makes_no_path(make: Make, name: str) -> None:
    (of,) = facts(make(run_id=name))
    made = files.name(of)
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", made)
    assert len(made) <= 80


# -- live ------------------------------------------------------------------------------------


@pytest.fixture
def served(make: Make) -> Iterator[live.Server]:
    server = live.Server(live.Watch([make()], ""), 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server: live.Server, path: str, host: str | None = None) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.request("GET", path, headers={} if host is None else {"Host": host})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def test_what_is_served(served: live.Server) -> None:
    status, headers, page = get(served, "/")
    assert status == 200
    assert b'id="live"' in page
    assert b"octet-stream" not in page
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert unpacked(get(served, "/index")[2])["runs"][0]["model"] == "stub"
    assert len(unpacked(get(served, "/block-0")[2])) == 12
    assert get(served, "/version")[2] == get(served, "/version")[2]
    for path in (
        "/block-1",
        "/block--1",
        "/block-",
        "/block-%D9%A1",
        "/../manifest.json",
        "/x",
    ):
        assert get(served, path)[0] == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{}", ""]
)
def test_another_host_is_refused(served: live.Server, host: str) -> None:
    assert get(served, "/index", host.format(served.server_port))[0] == 421


def test_this_machine_may_ask_by_name(served: live.Server) -> None:
    assert get(served, "/", f"localhost:{served.server_port}")[0] == 200


def test_only_loopback_is_listened_to(served: live.Server) -> None:
    assert served.server_address[0] == "127.0.0.1"


def test_a_run_is_read_again_when_it_changes(
    make: Make, problems: tuple[Problem, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "REST", 0)
    folder = make()
    watch = live.Watch([folder], "")
    before = watch.now()
    assert watch.now() is before
    with RunWriter(folder) as run:
        run.append(Sample(unique_id=problems[0].unique_id, index=0, response="again"))
    after = watch.now()
    assert after.version != before.version
    (folder / "samples.jsonl").write_text("{broken}\n")
    assert watch.now() is after


def test_a_port_that_is_taken(served: live.Server, make: Make) -> None:
    with pytest.raises(UsageError, match=r"cannot be listened on .*--port"):
        live.serve([make("other")], port=served.server_port, katex="", ready=print)


def test_ctrl_c_ends_it_cleanly(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: live.Server, poll_interval: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(live.Server, "serve_forever", interrupted)
    monkeypatch.setattr(maths, "renderer", lambda say: "")
    done = CliRunner().invoke(cli, ["view", str(make()), "--port", "0"])
    assert done.exit_code == 0, done.output
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/  \(Ctrl-C ends it\)\n", done.stdout)
