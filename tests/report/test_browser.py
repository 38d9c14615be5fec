"""The page as a person meets it, in headless Chromium."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from math500 import evaluate, report
from math500.records import Grade, Problem, SampleGrade
from math500.report import live
from math500.rundir import RunDir, RunWriter
from tests.report.conftest import Make, Visit, sample_of

pytestmark = pytest.mark.browser

VisitMaker = Callable[..., Visit]


def page_of(*runs: Path, katex: str = "") -> Path:
    target = runs[0] / "report.html"
    target.write_text(
        report.page([report.facts(RunDir.open(run)) for run in runs], katex=katex), encoding="utf-8"
    )
    return target


def rows(page: Page, count: int) -> None:
    expect(page.locator("#list .row")).to_have_count(count)


def test_a_walk(make: Make, visit: VisitMaker, katex: str) -> None:
    walk = visit()
    page = walk.goto(page_of(make(), katex=katex))
    rows(page, 12)
    expect(page.locator("#detail .chip")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    assert page.title() == "stub 50.0 % — math500"

    page.fill("#q", "5 + 5")
    rows(page, 1)
    page.click("text=Clear")
    expect(page.locator("#list .row")).to_have_count(12)

    page.select_option("#verdict", "no_answer")
    rows(page, 4)
    page.check("#truncated")
    rows(page, 2)
    expect(page.locator("#count")).to_have_text("2 of 12 problems")
    page.click("text=Clear")

    page.locator(".row", has_text="What is $0 + 0$").click()
    detail = page.locator("#detail")
    assert detail.locator("h3").inner_text().startswith("0")
    assert page.evaluate("document.activeElement.id") == "detail"
    assert detail.locator("mark").last.inner_text() == "0"
    assert detail.locator("math").count() >= 3
    page.click("text=LaTeX source")
    assert detail.locator("math").count() == 0
    assert "\\boxed{0}" in detail.locator(".response").inner_text()
    page.click("text=LaTeX source")
    detail.locator("summary", has_text="Reference solution").click()
    expect(detail.locator("details math")).to_have_count(1)
    assert page.evaluate("location.hash") == "#s=0/0/test%2F0"
    assert [url for url in walk.requests if not url.startswith("file:")] == []


def test_the_summary_leads_to_the_samples(make: Make, visit: VisitMaker) -> None:
    page = visit().goto(page_of(make()))
    page.locator(".why button", has_text="cut off").click()
    rows(page, 2)
    page.get_by_role("button", name="Algebra, level 1").click()
    rows(page, 1)


def test_thinking_is_folded_and_every_grader_is_shown(make: Make, visit: VisitMaker) -> None:
    folder = make()
    with RunWriter(folder) as run:
        run.append_grade(
            "other/2",
            SampleGrade(
                unique_id="test/2", index=0, grade=Grade(verdict="wrong", extracted="9", rule="last_number")
            ),
        )
    page = visit().goto(page_of(folder))
    page.locator(".row", has_text="2 + 2").click()
    detail = page.locator("#detail")
    expect(detail.locator(".response summary")).to_have_text("Thinking (25 characters)")
    assert "Is it" not in detail.locator(".response").inner_text()
    detail.locator(".response summary").click()
    expect(detail.locator(".response")).to_contain_text("Is it")
    graders = detail.locator("table tbody tr")
    assert graders.count() == 2
    assert graders.nth(1).inner_text().split() == ["other-2", "wrong", "9", "last_number"]


def test_several_samples_of_a_problem(make: Make, visit: VisitMaker) -> None:
    page = visit().goto(page_of(make(samples=2)))
    assert page.locator(".row").first.locator(".dots i").count() == 2
    page.locator(".row").first.click()
    page.get_by_role("button", name="Sample 2").click()
    expect(page.get_by_role("button", name="Sample 2")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("[")
    expect(page.get_by_role("button", name="Sample 1")).to_have_attribute("aria-pressed", "true")
    page.check("#flipped")
    rows(page, 8)
    assert page.locator("figure svg", has_text="pass@k").count() == 1


def test_the_ballots_of_a_vote_are_there_to_see(make: Make, visit: VisitMaker) -> None:
    run = make()
    ballots = [
        {"answer": "\\frac12", "votes": 3, "weight": 3, "voters": [0, 2, 3]},
        {"answer": "<b>7", "votes": 1, "weight": 1, "voters": [1]},
    ]
    lines = (json.loads(line) for line in (run / "samples.jsonl").read_text("utf-8").splitlines())
    text = "".join(json.dumps(line | {"ballots": ballots}) + "\n" for line in lines)
    (run / "samples.jsonl").write_text(text, "utf-8")
    page = visit().goto(page_of(run))
    page.locator(".row").first.click()
    votes = page.get_by_role("region", name="Votes").locator("tbody tr")
    expect(votes).to_have_count(2)
    assert votes.first.locator("th, td").all_inner_texts() == ["\\frac12 won", "3", "3", "1, 3, 4"]
    assert votes.nth(1).locator("th").inner_text() == "<b>7"


def test_runs_are_switched_and_flips_found(make: Make, visit: VisitMaker) -> None:
    def all_right(problem: Problem, index: int) -> tuple[str, str]:
        return f"It is \\boxed{{{problem.answer}}}.", "stop"

    page = visit().goto(page_of(make("one"), make("two", say=all_right, model="better")))
    flips = page.locator("#comparison button[data-open]")
    assert flips.count() == 6
    page.check("#flipped")
    rows(page, 6)
    page.click(".tabs >> text=better")
    assert page.locator("#run-1").is_visible()
    assert page.locator("#run-0").is_hidden()
    rows(page, 6)
    flips.first.click()
    expect(page.locator("#detail .chip")).to_have_text("correct")
    page.locator("#detail .try >> text=stub").click()
    expect(page.locator("#detail .chip")).not_to_have_text("correct")


def test_keys(make: Make, visit: VisitMaker) -> None:
    page = visit().goto(page_of(make()))
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("What")
    page.locator("#q").blur()
    first = page.locator("#detail h3").inner_text()
    page.keyboard.press("j")
    expect(page.locator("#detail h3")).not_to_have_text(first)
    page.keyboard.press("k")
    expect(page.locator("#detail h3")).to_have_text(first)
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="LaTeX source")).to_have_attribute("aria-pressed", "true")


def test_search_in_responses(make: Make, visit: VisitMaker) -> None:
    page = visit().goto(page_of(make()))
    page.fill("#q", "add again")
    rows(page, 0)
    page.check("#deep")
    expect(page.locator("#list .row")).to_have_count(2)


def test_a_long_response_is_folded(make: Make, visit: VisitMaker) -> None:
    page = visit().goto(page_of(make()))
    page.locator(".row", has_text="5 + 5").click()
    shown = page.locator("#detail .response")
    expect(shown.locator("mark")).to_have_text("10")
    assert len(shown.inner_text()) < 50_000
    shown.locator("button").click()
    expect(shown.locator("button")).to_have_count(0)
    assert len(shown.inner_text()) > 65_000


def test_money_is_no_formula(make: Make, visit: VisitMaker, katex: str) -> None:
    page = visit().goto(page_of(make(), katex=katex))
    page.locator(".row", has_text="3 + 3").click()
    expect(page.locator("#detail .response")).to_contain_text("pay $5 for tea and $6 for cake")


def test_light_and_dark(make: Make, visit: VisitMaker) -> None:
    def paper(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor"))

    folder = page_of(make())
    page = visit(color_scheme="light").goto(folder)
    light = paper(page)
    page.click("#theme")
    dark = paper(page)
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert paper(page) == dark
    assert paper(visit(color_scheme="dark").goto(folder)) == dark


def test_the_summary_needs_no_script(make: Make, visit: VisitMaker) -> None:
    page = visit(java_script_enabled=False).page
    page.goto(page_of(make("one"), make("two")).as_uri())
    words = page.locator("main").inner_text()
    for part in (
        "50.0",
        "95 % interval",
        "token limit",
        "Comparison",
        "Algebra",
        "reading them needs JavaScript",
    ):
        assert part in words
    assert page.locator("svg").first.is_visible()
    assert page.locator("#filters").is_hidden()


def test_a_problem_has_an_address(make: Make, visit: VisitMaker) -> None:
    folder = page_of(make(samples=2))
    page = visit().goto(folder.as_uri() + "#s=0/1/test%2F7")
    expect(page.locator("#detail h3")).to_contain_text("7")
    expect(page.get_by_role("button", name="Sample 2")).to_have_attribute("aria-pressed", "true")


AXE = files("axe_playwright_python") / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_axe_finds_no_violation(make: Make, visit: VisitMaker, katex: str, width: int, scheme: str) -> None:
    page = visit(width, color_scheme=scheme).goto(
        page_of(make("one", samples=2), make("two", samples=2), katex=katex)
    )
    page.locator(".row").nth(2).click()
    expect(page.locator("#detail .chip")).to_be_visible()
    page.evaluate("document.querySelectorAll('#summary details').forEach((d) => (d.open = true))")
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("(options) => axe.run(document, options)", RULES)
    said = [
        (v["id"], v["nodes"][0]["html"][:200], v["nodes"][0]["failureSummary"]) for v in found["violations"]
    ]
    assert said == []
    assert len(found["passes"]) > 25


@pytest.mark.parametrize("width", [360, 820, 1440])
def test_it_fits_the_screen(make: Make, visit: VisitMaker, katex: str, width: int) -> None:
    page = visit(width).goto(
        page_of(make("one", samples=2), make("two", samples=2, model="m" * 90), katex=katex)
    )
    page.locator(".row").nth(2).click()
    expect(page.locator("#detail .chip")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    empty = """[...document.querySelectorAll('.card, figure, svg, table, #list, #detail, h2, h3')]
        .filter((e) => e.checkVisibility() && (e.getBoundingClientRect().width < 10
            || e.getBoundingClientRect().height < 8 || (!e.closest('svg') && e.textContent.trim() === '')))
        .map((e) => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(empty) == []
    picture = page.screenshot(full_page=True)
    assert shades(page, picture) > 100


def test_a_phone_shows_words_and_not_letters(make: Make, visit: VisitMaker) -> None:
    first, second = (
        make(f"20261126-13442{i}-Qwen2.5-7B-Instruct-{prompt}") for i, prompt in enumerate(("boxed", "bare"))
    )
    page = visit(360).goto(page_of(first, second))
    tabs = page.locator(".tabs button").all_inner_texts()
    assert [tab.rpartition("-")[2] for tab in tabs] == ["boxed", "bare"]
    names = """[...document.querySelectorAll('#summary table:not(.heat) tbody th')]
        .filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().width)"""
    assert min(page.evaluate(names)) > 100
    letters = """[...document.querySelectorAll('#summary figure svg')].filter((e) => e.checkVisibility())
        .map((e) => 12 * e.getBoundingClientRect().width / e.viewBox.baseVal.width)"""
    assert min(page.evaluate(letters)) > 7.5
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def shades(page: Page, picture: bytes) -> int:
    """How many colours a screenshot has: a page that drew nothing has few."""
    count = """async (text) => {
        const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
        context.drawImage(bitmap, 0, 0);
        const data = new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
        return new Set(data).size;
    }"""
    return int(page.evaluate(count, b64encode(picture).decode()))


ATTACKS = (
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "</script><script>window.hit = 1</script>",
    "<style>* { display: none !important }</style>",
    "<svg onload='window.hit = 1'><animate onbegin='window.hit = 1'/></svg>",
    "\u202eRTL override\u202c and \u2066isolate",
    "null \x00 and bell \x07 and escape \x1b[31m",
    "$\\href{javascript:window.hit=1}{x}$ $\\htmlStyle{display:none}{y}$ $\\includegraphics{http://127.0.0.1:9/x}$",
    "<!-- <script> -->{{script}} ]]> &lt;b&gt; '\"><iframe srcdoc='<script>parent.hit=1</script>'>",
    "$"
    "\\def\\a{\\a\\a}\\a"
    + "{" * 500
    + "$ "
    + "Z\u0351" * 400
    + "<meta http-equiv=refresh content='0;url=/gone'>",
)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_an_attack_is_text(make: Make, visit: VisitMaker, katex: str, attack: str) -> None:
    """In the problem, its id, subject and answer, in the response, the model's name and the run's id."""
    problem = Problem(
        problem=f"Find {attack}",
        answer=attack,
        solution=attack,
        unique_id=f"test/{attack}",
        subject=attack,
        level=1,
    )
    plain = Problem(problem="What is $1$?", answer="1", unique_id="test/plain", subject="Algebra", level=2)

    def say(asked: Problem, index: int) -> tuple[str, str]:
        return (
            (f"{attack} <think>{attack}</think> {attack} so \\boxed{{{attack[:40]}}}", "stop")
            if index
            else (attack, "failed")
        )

    fields = {"own": (problem, plain), "say": say, "samples": 2, "model": attack, "run_id": attack}
    walk = visit()
    page = walk.goto(page_of(make("one", **fields), make("two", **fields), katex=katex))
    page.locator(".row").first.click()
    for name in ("Sample 2", "Sample 1", "Sample 2"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    for summary in page.locator("#detail details > summary").all():
        summary.click()
    page.click("text=LaTeX source")
    expect(page.locator("#detail .response")).to_be_visible()
    assert page.evaluate("window.hit") is None
    assert (
        page.locator(
            "main iframe, main img, main style, main script, main meta, main a[href^=javascript]"
        ).count()
        == 0
    )
    assert page.locator("main [onload], main [onerror], main [onbegin], main [style]").count() == 0
    assert "\u202e" not in page.inner_text("body")
    assert [url for url in walk.requests if not url.startswith("file:")] == []
    shown = page.locator("#detail .response").inner_text()
    assert attack[:8].lstrip("\u202e") in shown or "U+" in shown


@pytest.fixture
def served(make: Make, katex: str) -> Iterator[tuple[Path, str]]:
    folder = make(samples=2)
    server = live.Server(live.Watch([folder], katex), 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield folder, server.url
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_served_page_follows_the_run(
    served: tuple[Path, str], visit: VisitMaker, problems: tuple[Problem, ...]
) -> None:
    folder, url = served
    walk = visit()
    page = walk.goto(url)
    page.locator(".row").nth(2).click()
    expect(page.locator("#detail .chip")).to_be_visible()
    opened = page.locator("#detail h3").inner_text()
    before = page.locator(".score .big").inner_text()
    with RunWriter(folder) as run:
        run.append(sample_of(problems[4], 0, "now \\boxed{8}", "stop"))
        for problem in problems:
            for index in range(2):
                grade = Grade(verdict="correct", extracted="1", rule="boxed")
                run.append_grade(
                    run.manifest.grader, SampleGrade(unique_id=problem.unique_id, index=index, grade=grade)
                )
        run.write_summary(evaluate.summarize(run))
    expect(page.locator(".score .big")).not_to_have_text(before, timeout=20_000)
    expect(page.locator("#detail h3")).to_have_text(opened)
    assert all(r.startswith(url) for r in walk.requests)
