"""The command line: parse, call, print; nothing else.

    options.py   what the commands share
    endpoint.py  how an endpoint is asked: options of run and doctor
    run.py       run, show
    imports.py   import
    lookup.py    data, prompts
    grading.py   grade, regrade, graders
    judge.py     judge
    explain.py   compare, gap
    failures.py  errors
    report.py    report, view
    checks.py    selftest
    doctor.py    doctor
    scores.py    scores
    solvers.py   solvers, curves, rerank
    experiment.py  experiment
    contamination.py  contamination
    synth.py     synth
    synth_asking.py  synth masked, cot, evolve
    train.py     train
    plugins.py   plugins
    travel.py    verify, pack, unpack, export
    lmeval.py    lm-eval

A command is imported when it is asked for, and every room by the command that needs it, so that
`math500 --help` stays fast.
Exit codes are those of `errors.py`.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import click

from math500 import __version__
from math500.cli.options import say
from math500.errors import Math500Error, StorageFull, disk_is_full

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run.run", "Ask a model the problems, grade its answers, print the score."),
    "show": ("run.show", "The score of a run folder and its parts."),
    "export": ("travel.export", "A run as lm-eval's, the hub's or a tracker's results."),
    "import": ("imports.import_log", "Another harness' log as a run folder, graded."),
    "grade": ("grading.grade", "Grade one response and say why."),
    "judge": ("judge.judge", "Have a model judge a run's answers."),
    "regrade": ("grading.regrade", "Grade a run's responses by other graders."),
    "graders": ("grading.graders", "A run's score under every grader, and where they differ."),
    "compare": ("explain.compare", "What differs between runs, and by how much."),
    "gap": ("explain.gap", "Take the gap to a published score apart."),
    "scores": ("scores.scores", "Published scores, and claims about them."),
    "solvers": ("solvers.solvers", "Ways to solve a problem; what each brought and cost."),
    "curves": ("solvers.curves", "pass@k, maj@k, and what stopping a vote early saves."),
    "rerank": ("solvers.rerank", "The best of n by a reward model, out of a run's own samples."),
    "experiment": ("experiment.experiment", "A matrix of protocols as one resumable study."),
    "contamination": ("contamination.contamination", "Signs that a model has seen the problems."),
    "synth": ("synth.synth", "Training rows out of graded runs, decontaminated."),
    "train": ("train.train", "Fine-tune, train reward models, export the model."),
    "errors": ("failures.errors", "Why samples of a run are not correct."),
    "verify": ("travel.verify", "Is a run folder what its samples say? All derived again."),
    "pack": ("travel.pack", "A run folder as one archive with its checksum."),
    "unpack": ("travel.unpack", "A run folder out of its archive."),
    "report": ("report.report", "A run as one page that needs no network."),
    "view": ("report.view", "The same page while the run goes on."),
    "selftest": ("checks.selftest", "Would right answers be accepted, and wrong ones not?"),
    "doctor": ("doctor.doctor", "One short question: can a run begin?"),
    "data": ("lookup.data", "The problem sets: find, verify, count."),
    "prompts": ("lookup.prompts", "The prompts with their exact text and source."),
    "plugins": ("plugins.plugins", "What other packages bring: prompts, solvers, graders, data."),
    "lm-eval": ("lmeval.lm_eval", "lm-eval's own command line, with ours in it."),
}
"""Each command's name, where it is, and a line for `--help`, which need not import twenty commands for it."""


class Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names, in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(".")
        found: click.Command = getattr(importlib.import_module(f"math500.cli.{module}"), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is typed; for none of ours those that are spelled alike."""
        if not ctx.resilient_parsing and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            close = " or ".join(f"'{name}'" for name in difflib.get_close_matches(args[0], COMMANDS))
            ctx.fail(f"No such command '{args[0]}'." + (f" Did you mean {close}?" if close else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Each with its line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="math500", message="%(prog)s %(version)s")
def cli() -> None:
    """Reproduce, explain and improve a language model's MATH-500 score.

    Start with `math500 run --limit 20`: a small model that comes with math500 answers 20 problems.
    """


def commands() -> dict[str, click.Command]:
    """Every command by its name, imported."""
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def main() -> None:
    """Run the command line; a user's mistake ends in one line and its exit code."""
    if os.name != "posix":
        sys.exit("math500: Linux or macOS is needed. On Windows use its Linux subsystem (WSL).")
    _open_what_is_closed()
    try:
        with _sigterm_as_ctrl_c():
            code = cli(standalone_mode=False)
    except click.ClickException as e:
        e.show()
        code = 2
    except Math500Error as e:
        say(f"math500: {e}")
        code = e.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("math500: stopped")
        code = 130
    except BrokenPipeError:
        # The reader (head, less) went away: nothing more can be said to it.
        _say_no_more()
        code = 141
    except OSError as e:
        if not disk_is_full(e):
            raise
        _say_no_more()
        say("math500: the disk is full, writing what is printed. Free some space, then try again.")
        code = StorageFull.exit_code
    sys.exit(code)


@contextlib.contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """A queue's or a machine's way to end a program lets what is in flight land, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # a shell's background job
    if ignored:
        # Held back instead of ignored: asyncio ends cleanly by Ctrl-C only where it finds that it can come.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _interrupt(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _open_what_is_closed() -> None:
    """Give this process a standard output and error where whoever started it closed them.

    Else the next file to be opened, such as a run's samples, would get their number, and be written to.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def _say_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
