"""The command line: parse, call, print; nothing else.

Every room is imported by the command that needs it, so that `math500 --help` stays fast.
Exit codes are those of `errors.py`.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from math500 import __version__
from math500.errors import Math500Error, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from math500 import running

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Temperature(click.ParamType[float | None]):
    """A number from 0 on, or `none`."""

    name = "number|none"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float | None:
        """The number, or None."""
        if value == "none":
            return None
        return click.FloatRange(0).convert(value, param, ctx)


class File(click.ParamType["Path"]):
    """A path. It is `click.Path` without the import of pathlib, a tenth of the time of `--help`."""

    name = "path"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,  # noqa: ARG002
        ctx: click.Context | None,  # noqa: ARG002
    ) -> Path:
        """The path as typed."""
        from pathlib import Path

        return Path(value)


FILE = File()


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="math500", message="%(prog)s %(version)s")
def cli() -> None:
    """Reproduce, explain and improve a language model's MATH-500 score.

    Start with `math500 run --limit 20`: a small model that comes with math500 answers 20 problems.
    """


# -- run ---------------------------------------------------------------------------------------


@cli.command()
@click.option(
    "--model",
    default="embedded",
    show_default=True,
    help="`embedded`, `embedded:FILE.gguf`, a vendor's model such as `openai/gpt-4o-mini`, or any name "
    "with --base-url. The key comes from the environment.",
)
@click.option("--base-url", help="An OpenAI-compatible server, such as http://localhost:8000/v1.")
@click.option("--data", default="math500", show_default=True, help="A problem set's name, or a file.")
@click.option("--data-path", type=FILE, help="A file that holds the set named by --data.")
@click.option("--limit", type=click.IntRange(1), help="Take this many problems.")
@click.option(
    "--shuffle", "shuffle_seed", type=int, metavar="SEED", help="Take a seeded sample, not the first rows."
)
@click.option("--subject", "subjects", multiple=True, help="Only this subject; may be repeated.")
@click.option("--level", "levels", type=int, multiple=True, help="Only this level; may be repeated.")
@click.option("--ids", help="Only these problems: unique_ids separated by commas, or @FILE with one a line.")
@click.option("--prompt", default="boxed", show_default=True, help="See `math500 prompts`.")
@click.option("--prompt-file", type=FILE, help="Your own prompt: a text with {problem} in it.")
@click.option("--system", help="The system message, in place of the prompt's own.")
@click.option("--no-system", is_flag=True, help="Send no system message.")
@click.option(
    "--temperature",
    type=Temperature(),
    default="0",
    show_default=True,
    help="0 is greedy; `none` sends none, for models that refuse one.",
)
@click.option("--top-p", type=click.FloatRange(0, 1))
@click.option(
    "--max-tokens",
    type=click.IntRange(1),
    help="Limit on generated tokens, thinking included.  [default: 512 embedded, else the endpoint's own]",
)
@click.option("--seed", type=int, help="Sent with sample 0; sample i sends SEED + i.")
@click.option("--samples", type=click.IntRange(1), default=1, show_default=True, help="Samples per problem.")
@click.option(
    "--concurrency", type=click.IntRange(1), help="Requests in flight.  [default: 16 embedded, else 32]"
)
@click.option("--out", type=FILE, help="The run folder.  [default: runs/TIME-MODEL-PROMPT]")
@click.option("--resume", type=FILE, metavar="FOLDER", help="Finish a run that was stopped.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def run(context: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - each option has its own type
    """Ask a model the problems, grade its answers, print the score with its interval.

    Every generation and every grade is on disk the moment it is there; Ctrl-C leaves a run that
    --resume finishes.
    """
    from math500 import running

    resume, as_json, quiet = (options.pop(name) for name in ("resume", "as_json", "quiet"))
    if resume is not None:
        _refuse_options_beside_resume(context)
        running.resume(resume, concurrency=options["concurrency"], say=_say, quiet=quiet)
        folder = resume
    else:
        folder = running.start(_request(options), say=_say, quiet=quiet)
    _show(folder, as_json=as_json)


def _request(options: dict[str, Any]) -> running.Request:
    from math500.records import Decoding
    from math500.running import Request

    decoding = Decoding(
        **{name: options.pop(name) for name in ("temperature", "top_p", "max_tokens", "seed")}
    )
    ids = _ids(options.pop("ids"))
    return Request(decoding=decoding, ids=ids, command=tuple(sys.argv[1:]), **options)


def _ids(text: str | None) -> tuple[str, ...]:
    """`a,b` or `@FILE` with one id a line."""
    if text is None:
        return ()
    parts = _text(text).splitlines() if text.startswith("@") else text.split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _refuse_options_beside_resume(context: click.Context) -> None:
    """A resumed run keeps its settings; saying others beside it would be a misunderstanding."""
    free = {"resume", "concurrency", "as_json", "quiet"}
    typed = [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in free and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if typed:
        raise UsageError(
            f"a resumed run keeps the settings in its manifest, and {', '.join(typed)} was given too",
            "Leave that out, or start a new run without --resume.",
        )


def _show(folder: Path, *, as_json: bool) -> None:
    import msgspec

    from math500 import display, evaluate
    from math500.rundir import RunDir

    opened = RunDir.open(folder)
    result = evaluate.summarize(opened)
    if as_json:
        click.echo(msgspec.json.encode(result))
        return
    click.echo(display.summary(opened.manifest, result, folder))
    click.echo(f"\nIn {folder}: {display.FOLDER_HOLDS}")
    click.echo(f"Next: {display.next_command(opened.manifest, result, folder)}")


@cli.command()
@click.argument("folder", type=FILE)
@JSON
def show(folder: Path, as_json: bool) -> None:
    """Show the score of a run folder and its parts."""
    _show(folder, as_json=as_json)


@cli.command()
@click.argument("folder", type=FILE)
@click.option("--out", type=FILE, help="Where to write.  [default: FOLDER/lm-eval]")
def export(folder: Path, out: Path | None) -> None:
    """Write a run as lm-eval's results_*.json and samples_*.jsonl."""
    from math500.lmeval import logs
    from math500.rundir import RunDir

    for path in logs.write(RunDir.open(folder), out or folder / "lm-eval"):
        click.echo(path)


# -- looking things up -------------------------------------------------------------------------


@cli.command()
@click.argument("name", required=False)
@click.option("--path", type=FILE, help="Verify this file as the set of that name.")
@JSON
def data(name: str | None, path: Path | None, as_json: bool) -> None:
    """Show the problem sets, or find, verify and count one of them (a name or a file)."""
    import msgspec

    from math500 import data as room
    from math500 import display

    if name is None and path is None:
        states = [room.where(known.name) for known in room.known_sets()]
        click.echo(msgspec.json.encode(states) if as_json else display.problem_sets())
        return
    found = room.load(name or "math500", path=path, announce=_say)
    click.echo(msgspec.json.encode(found.source) if as_json else display.problem_set(found))


@cli.command()
@click.argument("name", required=False)
@JSON
def prompts(name: str | None, as_json: bool) -> None:
    """Show the prompts, or one of them with its exact text and source."""
    import msgspec

    from math500 import display
    from math500 import prompts as room

    if as_json:
        chosen = room.get(name) if name else [room.get(n) for n in room.names()]
        click.echo(msgspec.json.encode(chosen))
    elif name:
        click.echo(display.prompt(room.get(name)))
    else:
        click.echo(display.table([(n, room.get(n).description) for n in room.names()]))


@cli.command()
@click.option("--response", required=True, help="The model's text, @FILE, or - for standard input.")
@click.option("--answer", required=True, help="The reference answer in LaTeX.")
@click.option("--truncated", is_flag=True, help="The response ended at the token limit.")
@click.option("--strict", is_flag=True, help="Take an answer in \\boxed{} only.")
@JSON
def grade(response: str, answer: str, truncated: bool, strict: bool, as_json: bool) -> None:
    """Grade one response and say why."""
    import msgspec

    from math500 import display, grading

    result = grading.grade(_text(response), answer, truncated=truncated, strict=strict)
    click.echo(msgspec.json.encode(result) if as_json else display.grade(result, answer))


def _text(value: str) -> str:
    if value == "-":
        return sys.stdin.read()
    if not value.startswith("@"):
        return value
    from pathlib import Path

    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"{value[1:]} cannot be read ({e})", "Check the path after the @.") from e


@cli.command()
@click.option(
    "--data", "data_name", default="math500", show_default=True, help="A problem set's name, or a file."
)
@click.option("--prompt-file", type=FILE, help="Your own prompt, checked beside the others.")
@JSON
def selftest(data_name: str, prompt_file: Path | None, as_json: bool) -> None:
    """Put an always-right and an always-wrong model through every prompt, the grader and lm-eval.

    All of the right answers must be accepted and none of the wrong ones, before any money is spent.
    """
    import msgspec

    from math500 import display
    from math500 import selftest as room

    report = room.run(data_name, prompt_file=prompt_file, say=_say)
    click.echo(msgspec.json.encode(report) if as_json else display.selftest(report))
    room.require_passed(report)


@cli.command("lm-eval", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lm_eval(arguments: tuple[str, ...]) -> None:
    """lm-eval's own command line, with math500's tasks and model in it.

    For example `math500 lm-eval run --tasks math500 --model math500 --model_args model=embedded`.
    """
    from math500.lmeval import launch

    sys.exit(launch.main(list(arguments)))


# -- errors ------------------------------------------------------------------------------------


def main() -> None:
    """Run the command line; a user's mistake ends in one line and its exit code."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as e:
        e.show()
        code = 2
    except Math500Error as e:
        _say(f"math500: {e}")
        code = e.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("math500: stopped by Ctrl-C")
        code = 130
    except BrokenPipeError:
        # The reader (head, less) went away: nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)


def _say(text: str) -> None:
    click.echo(text, err=True)
