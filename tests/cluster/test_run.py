from __future__ import annotations

import hashlib
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from math500 import grading
from math500.rundir import RunDir
from tests.cluster.conftest import ENVIRONMENT, Cluster, Served, done, lines, math500, wait_for, workers_of

DIGEST = re.compile("[0-9a-f]{64}")
pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]


def asked_for(served: Served, sums: Path, *more: object) -> tuple[object, ...]:
    return (*loudly_asked_for(served, sums), "--quiet", *more)


def loudly_asked_for(served: Served, sums: Path, *more: object) -> tuple[object, ...]:
    asked = ("run", "--model", "m", "--base-url", served.url, "--data", sums, "--seed", 5)
    return (*asked, "--temperature", 0.7, *more)


def by_ray(cluster: Cluster, workers: int = 2) -> tuple[object, ...]:
    return ("--engine", "ray", "--workers", workers, "--ray-address", cluster.address)


def answered_by(a: str, seed: str) -> str:
    """What the endpoint writes into its answer."""
    return hashlib.sha256(f"{a} {int(a) + 1} {seed}".encode()).hexdigest()


def view(folder: Path) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Samples and grades without their times."""
    run = RunDir.open(folder)
    samples = {
        key: (s.response, s.failure, [g.text for g in s.generations]) for key, s in run.samples().items()
    }
    grades = run.grades(grading.GRADER).items()
    return samples, {key: (g.grade.verdict, g.grade.extracted, g.grade.rule) for key, g in grades}


def written_once(folder: Path, samples: int) -> None:
    run = RunDir.open(folder)
    assert len(run.samples()) == lines(folder / "samples.jsonl") == samples
    assert len(run.grades(grading.GRADER)) == lines(folder / "grades" / "math500-4.jsonl") == samples


@pytest.mark.usefixtures("cluster")  # of somebody else, which is not joined
def test_ray_of_its_own_gives_the_samples_and_grades_of_the_plain_engine(
    serve: Callable[..., Served], sums: Path, tmp_path: Path
) -> None:
    served = serve()
    done(math500(*asked_for(served, sums, "--samples", 2, "--out", tmp_path / "plain")))
    asked = asked_for(served, sums, "--samples", 2, "--out", tmp_path / "ray", "--engine", "ray")
    said = done(math500(*asked, warnings=()))
    assert "Warning" not in said
    assert view(tmp_path / "ray") == view(tmp_path / "plain")
    written_once(tmp_path / "ray", 80)
    assert set(served.asked().values()) == {2}
    assert not [line for line in said.splitlines() if line.startswith(("[", "(")) or "WARN" in line], said


def test_a_killed_worker_and_then_a_killed_driver_lose_and_repeat_nothing_that_was_written(
    serve: Callable[..., Served], sums: Path, tmp_path: Path, cluster: Cluster
) -> None:
    served = serve("--seconds", "0.6")
    folder, samples = tmp_path / "ray", tmp_path / "ray" / "samples.jsonl"
    run = math500(
        *asked_for(served, sums, "--samples", 8, "--concurrency", 16, "--out", folder), *by_ray(cluster)
    )
    wait_for(lambda: lines(samples) >= 20 and len(workers_of(cluster.pid)) == 2, run)
    os.kill(workers_of(cluster.pid)[0], signal.SIGKILL)
    at_the_kill = lines(samples)
    wait_for(lambda: lines(samples) >= at_the_kill + 60, run)
    run.kill()
    run.communicate()
    before = samples.read_bytes()
    assert 80 <= before.count(b"\n") < 320
    done(math500("run", "--resume", folder, "--quiet", *by_ray(cluster)))
    written_once(folder, 320)
    assert samples.read_bytes().startswith(before[: before.rindex(b"\n") + 1])
    # What was in flight was asked again: at most what both workers had, at each of the two kills.
    assert sum(served.asked().values()) <= 320 + 2 * 2 * 24


def test_a_stopped_run_keeps_what_is_written_and_asks_the_rest(
    serve: Callable[..., Served], sums: Path, tmp_path: Path, cluster: Cluster
) -> None:
    served = serve("--seconds", "0.5")
    folder, samples = tmp_path / "ray", tmp_path / "ray" / "samples.jsonl"
    run = math500(*asked_for(served, sums, "--concurrency", 4, "--out", folder), *by_ray(cluster))
    wait_for(lambda: lines(samples) >= 8, run)
    for one in (signal.SIGTERM, signal.SIGINT):
        os.killpg(run.pid, one)
    said = run.communicate()[0]
    assert run.returncode == 130, said
    assert said.splitlines()[-1] == f"math500: stopped. Go on with: math500 run --resume {folder}"
    assert "Traceback" not in said
    written = [DIGEST.search(s.response or "") for s in RunDir.open(folder).samples().values()]
    assert 8 <= len(written) < 40
    done(math500("run", "--resume", folder, "--quiet"))
    written_once(folder, 40)
    times = {answered_by(*line.split()): asked for line, asked in served.asked().items()}
    assert {times[found.group()] for found in written if found} == {1}


def test_a_lost_machine_loses_and_repeats_nothing_that_was_written(
    serve: Callable[..., Served], sums: Path, tmp_path: Path, cluster: Cluster
) -> None:
    cluster.tell("add")
    cluster.tell("add")
    served = serve("--seconds", "0.5")
    folder, samples = tmp_path / "ray", tmp_path / "ray" / "samples.jsonl"
    asked = loudly_asked_for(served, sums, "--samples", 4, "--max-requests", 1000, "--concurrency", 16)
    run = math500(*asked, "--out", folder, *by_ray(cluster, workers=4))
    wait_for(lambda: lines(samples) >= 40, run)
    cluster.tell("kill")
    said = done(run)
    cluster.tell("kill")
    assert "lost: a worker" in said
    assert "(raylet)" not in said
    written_once(folder, 160)
    assert sum(served.asked().values()) <= 160 + 12


def test_a_busy_endpoint_is_waited_for_and_an_empty_account_stops_in_one_line_and_the_plain_engine_goes_on(
    serve: Callable[..., Served], sums: Path, tmp_path: Path, cluster: Cluster
) -> None:
    folder = tmp_path / "ray"
    served = serve("--only", "25", "--empty", "402", "--busy", "6")
    run = math500(*loudly_asked_for(served, sums, "--out", folder), *by_ray(cluster))
    said = run.communicate()[0]
    assert f"waiting: {served.url} answers 429 (Slow down.)" in said
    assert run.returncode == 4, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("math500: ")
    assert "quota" in said
    assert f"math500 run --resume {folder}" in said
    assert lines(folder / "samples.jsonl") == 25
    again = serve()
    done(math500("run", "--resume", folder, "--base-url", again.url, "--quiet"))
    written_once(folder, 40)


def test_a_limit_on_money_holds_and_a_higher_one_goes_on(
    serve: Callable[..., Served], sums: Path, tmp_path: Path, cluster: Cluster
) -> None:
    last = []
    for name, engine in (("plain", ()), ("ray", by_ray(cluster))):
        asked = asked_for(serve(), sums, "--max-cost", 0.004, "--price", "1,10", "--max-tokens", 100)
        run = math500(*asked, "--out", tmp_path / name, *engine)
        said = run.communicate()[0]
        assert run.returncode == 4, said
        last.append(said.splitlines()[-1].replace(str(tmp_path / name), "FOLDER"))
    assert "limit of $0.004" in last[0]
    assert last[0] == last[1]
    assert lines(tmp_path / "ray" / "samples.jsonl") == lines(tmp_path / "plain" / "samples.jsonl")
    more = ("--max-cost", 1, "--price", "1,10", "--quiet", "--base-url", serve().url)
    done(math500("run", "--resume", tmp_path / "ray", *more, *by_ray(cluster)))
    written_once(tmp_path / "ray", 40)


def test_a_limit_on_requests_holds_for_all_workers_together_and_no_key_is_in_rays_logs(
    serve: Callable[..., Served], sums: Path, tmp_path: Path, cluster: Cluster
) -> None:
    served = serve()
    run = math500(*asked_for(served, sums, "--max-requests", 17, "--out", tmp_path / "ray"), *by_ray(cluster))
    said = run.communicate()[0]
    assert run.returncode == 4, said
    assert "limit of 17 requests" in said
    assert sum(served.asked().values()) == 17
    assert lines(tmp_path / "ray" / "samples.jsonl") == 17
    secret = ENVIRONMENT["MATH500_API_KEY"].encode()
    logs = [path for path in Path("/tmp/ray/session_latest/logs").rglob("*") if path.is_file()]
    assert logs
    assert not [path for path in logs if secret in path.read_bytes()]


def test_a_solution_of_several_completions_keeps_each(
    serve: Callable[..., Served], sums: Path, tmp_path: Path, cluster: Cluster
) -> None:
    served = serve()
    vote = ("--solver", "vote:cot", "--votes", 3, "--limit", 6)
    done(math500(*asked_for(served, sums, *vote, "--out", tmp_path / "plain")))
    done(math500(*asked_for(served, sums, *vote, "--out", tmp_path / "ray"), *by_ray(cluster)))
    assert view(tmp_path / "ray") == view(tmp_path / "plain")
    assert lines(tmp_path / "ray" / "turns.jsonl") == lines(tmp_path / "plain" / "turns.jsonl") == 18


def test_regrade_by_ray_gives_the_grades_of_regrade(
    serve: Callable[..., Served], sums: Path, tmp_path: Path, cluster: Cluster
) -> None:
    folder = tmp_path / "run"
    done(math500(*asked_for(serve(), sums, "--samples", 3, "--out", folder)))
    done(math500("regrade", folder, "--grader", "minerva", "--quiet"))
    (path,) = (folder / "grades").glob("minerva-*.jsonl")
    plain = kept(folder, path.stem)
    path.unlink()
    done(math500("regrade", folder, "--grader", "minerva", "--quiet", *by_ray(cluster)))
    assert kept(folder, path.stem) == plain
    assert len(plain) == lines(path) == 120


def kept(folder: Path, grader: str) -> dict[Any, Any]:
    grades = RunDir.open(folder).grades(grader).items()
    return {key: (g.grade.verdict, g.grade.extracted) for key, g in grades}


def test_a_step_of_synth_by_ray_asks_what_the_plain_engine_asks(
    serve: Callable[..., Served], sums: Path, tmp_path: Path, cluster: Cluster
) -> None:
    served = serve()
    asked = ("synth", "masked", *asked_for(served, sums)[1:], "--samples", 2)
    for name, engine in (("plain", ()), ("ray", by_ray(cluster))):
        folder = tmp_path / name
        done(math500(*asked, "--out", folder / "set", "--runs", folder, *engine))
    assert view(tmp_path / "ray" / "set-solutions") == view(tmp_path / "plain" / "set-solutions")
    assert set(served.asked().values()) == {2}
