"""What Ray costs and brings: the same job by the plain engine and by Ray, and grading by more workers.

    python benchmarks/cluster.py same [--problems 500] [--samples 4] [--seconds 0.05] [--workers 2]
    python benchmarks/cluster.py grade [--samples 200000] [--workers 1 2]
    python benchmarks/cluster.py journal [--samples 200000]

`same` starts the endpoint of tests/cluster/served.py. Processor seconds are those of all processes of a run,
read off /proc while they live; on a busy machine they say more than the clock.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

from math500 import evaluate, grading, running
from math500 import regrade as room
from math500.cluster import Ray
from math500.cluster import grade as spread
from math500.records import Decoding, Generation, Sample
from math500.rundir import RunDir, RunWriter

ROOT = Path(__file__).parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


class Watch:
    """Seconds on the clock and of processors, of this process and all that it has started."""

    def __enter__(self) -> Self:
        self._seen: dict[int, float] = {}
        self._parts: dict[int, str] = {}
        self._before = self._of(os.getpid())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.monotonic() - self.start
        self._look_once()
        self._ended.set()
        self._thread.join()
        self.driver = self._of(os.getpid()) - self._before
        by_part: Counter[str] = Counter()
        for pid, seconds in self._seen.items():
            by_part[self._parts[pid]] += seconds
        self.by_part = {name: round(seconds, 1) for name, seconds in by_part.most_common()}
        self.cpu = self.driver + sum(self._seen.values())

    def _look(self) -> None:
        while not self._ended.wait(0.25):
            self._look_once()

    def _look_once(self) -> None:
        parents, names = {}, {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                text = path.read_text()
                pid = int(path.parent.name)
                names[pid] = text[text.index("(") + 1 : text.rindex(")")]
                parents[pid] = int(text[text.rindex(")") + 2 :].split()[1])
        mine = {os.getpid()}
        while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
            mine |= more
        for pid in mine - {os.getpid()}:
            with contextlib.suppress(OSError):
                self._seen[pid] = self._of(pid)
                self._parts[pid] = names[pid]

    @staticmethod
    def _of(pid: int) -> float:
        text = Path(f"/proc/{pid}/stat").read_text()
        fields = text[text.rindex(")") + 2 :].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextlib.contextmanager
def served(folder: Path, seconds: float) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.cluster.served", str(folder / "log"), "--seconds", str(seconds)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def sums(folder: Path, count: int) -> Path:
    path = folder / "sums.jsonl"
    rows = (
        {
            "problem": f"What is ${i} + {i + 1}$?",
            "answer": str(2 * i + 1),
            "solution": f"It is $\\boxed{{{2 * i + 1}}}$.",
            "unique_id": f"sum/{i}",
            "subject": "Algebra",
            "level": 1,
        }
        for i in range(count)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def same(options: argparse.Namespace) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp())
    problems = sums(folder, options.problems)
    found: dict[str, Any] = {"samples": options.problems * options.samples}
    views = []
    with served(folder, options.seconds) as url:
        for name, engine in (("plain", None), ("ray", Ray(workers=options.workers))):
            request = running.Request(
                model="m",
                base_url=url,
                data=str(problems),
                decoding=Decoding(temperature=0.7, seed=5),
                samples=options.samples,
                concurrency=options.concurrency,
                out=folder / name,
            )
            with Watch() as watch:
                at = time.time()
                running.start(request, say=lambda _: None, quiet=True, engine=engine)
            run = RunDir.open(folder / name)
            lines = [(s, s.started) for s in run.history()]
            begins = sorted(_seconds(started) for _, started in lines)
            ends = sorted(_seconds(s.started) + s.seconds for s, _ in lines)
            steady, middle = ends[-1] - begins[0], ends[len(ends) // 4 : 3 * len(ends) // 4]
            found[name] = {
                "wall": round(watch.wall, 2),
                "until_the_first_request": round(begins[0] - at, 2),
                "asking": round(steady, 2),
                "answers_per_second_in_the_middle_half": round(len(middle) / (middle[-1] - middle[0]), 1),
                "after_the_last_answer": round(watch.wall - (begins[0] - at) - steady, 2),
                "cpu": round(watch.cpu, 2),
                "cpu_of_the_driver": round(watch.driver, 2),
                "cpu_by_process": watch.by_part,
            }
            views.append((_answers(run), _verdicts(run), len(lines)))
    found["same_samples"] = views[0][0] == views[1][0]
    found["same_grades"] = views[0][1] == views[1][1]
    asked = Counter((folder / "log").read_text().splitlines())
    found["each_asked"] = sorted(set(asked.values()))
    return found


def _seconds(moment: str) -> float:
    import datetime

    return datetime.datetime.fromisoformat(moment).timestamp()


def _answers(run: RunDir) -> dict[Any, Any]:
    return {key: (s.response, s.failure) for key, s in run.samples().items()}


def _verdicts(run: RunDir) -> dict[Any, Any]:
    grades = run.grades(grading.GRADER)
    return {key: (g.grade.verdict, g.grade.extracted, g.grade.rule) for key, g in grades.items()}


# -- many samples ------------------------------------------------------------------------------


def made_up(folder: Path, count: int, problems: int) -> Path:
    """A run of so many samples: solutions of about 1,500 characters, half of them right, in several forms."""
    request = running.Request(model="m", base_url="http://127.0.0.1:1/v1", data=str(sums(folder, problems)))
    from math500 import data, prompts
    from math500.records import ModelInfo, Selection

    chosen = data.load(request.data, announce=lambda _: None)
    info = ModelInfo(name="m", served_name="m", base_url="http://127.0.0.1:1/v1")
    asked = running.manifest(
        request, chosen.source, Selection(count=problems), prompts.get("boxed"), info, concurrency=1
    )
    asked = msgspec.structs.replace(asked, samples=-(-count // problems))
    path = folder / "many"
    work = "We look at what is given, write down what follows from it, and check each step again. " * 17
    forms = (
        "\\boxed{{{0}}}",
        "\\boxed{{\\frac{{{0}\\cdot 3}}{{3}}}}",
        "\\boxed{{\\sqrt{{{0}^2}}}}",
        "\\boxed{{x=2\\cdot {0}-{0}+\\frac{{\\pi-\\pi}}{{7}}}}",
    )
    with RunWriter.create(path, asked, chosen.problems) as run:
        start, cpu = time.monotonic(), time.process_time()
        for number in range(count):
            problem, index = chosen.problems[number % problems], number // problems
            value = int(problem.answer) + number % 2
            text = f"{work}\n\nThe answer is ${forms[number % 4].format(value)}$."
            run.append(
                Sample(
                    unique_id=problem.unique_id,
                    index=index,
                    response=text,
                    generations=(Generation(text=text, finish_reason="stop", completion_tokens=400),),
                    started="2026-11-26T00:00:00.000+00:00",
                    seconds=1.0,
                )
            )
        print(
            json.dumps(
                {
                    "append_per_second": round(count / (time.monotonic() - start)),
                    "append_cpu_microseconds": round((time.process_time() - cpu) / count * 1e6, 1),
                    "bytes_per_sample": round((path / "samples.jsonl").stat().st_size / count),
                }
            ),
            flush=True,
        )
    return path


def grade(options: argparse.Namespace) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp())
    many = made_up(folder, options.samples, 500)
    found: dict[str, Any] = {"samples": options.samples}
    marks: list[float] = []

    def note(_done: int, _of: int) -> None:
        marks.append(time.monotonic())

    for workers in options.workers:
        (many / "grades" / "math500-4.jsonl").unlink(missing_ok=True)
        marks.clear()
        with RunWriter(many) as run, Watch() as watch:
            spread.regrade(run, room.OWN, Ray(workers=workers), note)
        # From the first call's grades on: before that Ray starts.
        half = len(marks) // 10
        found[f"ray, {workers}"] = {
            "wall": round(watch.wall, 1),
            "until_the_first_grade": round(marks[0] - watch.start, 1),
            "grades_per_second": round((len(marks) - half) / (marks[-1] - marks[half])),
            "cpu": round(watch.cpu, 1),
            "cpu_of_the_driver": round(watch.driver, 1),
            "cpu_by_process": watch.by_part,
        }
        print(json.dumps(found[f"ray, {workers}"]), flush=True)
    return found


def journal(options: argparse.Namespace) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp())
    many = made_up(folder, options.samples, 500)
    found: dict[str, Any] = {"samples": options.samples, "megabytes_before": _megabytes()}
    with RunWriter(many) as run:
        cpu = time.process_time()
        evaluate.grade(run)
        found["grades_per_cpu_second"] = round(options.samples / (time.process_time() - cpu))
        found["megabytes_after_grading"] = _megabytes()
        cpu = time.process_time()
        evaluate.summarize(run)
        found["summary_cpu_seconds"] = round(time.process_time() - cpu, 1)
        found["megabytes_after_summary"] = _megabytes()
    grades = many / "grades" / "math500-4.jsonl"
    found["bytes_per_grade"] = round(grades.stat().st_size / options.samples)
    return found


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("same")
    one.add_argument("--problems", type=int, default=500)
    one.add_argument("--samples", type=int, default=4)
    one.add_argument("--seconds", type=float, default=0.05)
    one.add_argument("--workers", type=int, default=2)
    one.add_argument("--concurrency", type=int, default=32)
    two = commands.add_parser("grade")
    two.add_argument("--samples", type=int, default=200_000)
    two.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    three = commands.add_parser("journal")
    three.add_argument("--samples", type=int, default=200_000)
    options = parser.parse_args()
    print(json.dumps({"same": same, "grade": grade, "journal": journal}[options.command](options), indent=2))


if __name__ == "__main__":
    main()
