"""Runs: ask, show."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from math500.cli import endpoint
from math500.cli.options import (
    ENGINE,
    FILE,
    JSON,
    Grouped,
    Number,
    Temperature,
    engine_of,
    ids_of,
    print_json,
    print_text,
    say,
)
from math500.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from math500 import running


GROUPS = {
    "Model": ("model",),
    **endpoint.GROUPS,
    "Problems": ("data", "data_path", "limit", "shuffle_seed", "subjects", "levels", "ids"),
    "Prompt and decoding": (
        *("prompt", "prompt_file", "system", "no_system"),
        *("shots", "choose", "shots_from", "shots_seed"),
        *("temperature", "top_p", "max_tokens", "seed", "samples"),
    ),
    "Solver": (
        *("solver", "votes", "confidence", "stopping", "weigh", "pick", "rounds", "tool_calls", "walls"),
        *("judge", "judge_base_url", "judge_key_variable", "judge_price"),
        *("reward", "reward_base_url", "reward_model", "reward_key_variable", "reward_form", "aggregate"),
    ),
    "Run": ("concurrency", "engine", "workers", "ray_address", "out", "resume", "as_json", "quiet", "help"),
}
"""Options by group, for the help text."""
SOLVER = (
    *("votes", "confidence", "stopping", "weigh", "judge", "reward", "aggregate", "pick"),
    *("rounds", "tool_calls"),
)
"""Options that are settings of the solver."""
FREE_ON_RESUME = (
    {"resume", "concurrency", "engine", "workers", "ray_address", "as_json", "quiet", "judge_price"}
    | {name for names in endpoint.GROUPS.values() for name in names}
) - {"api", "batch"}
"""What may be said beside --resume: nothing that decides a score."""


@click.command(cls=Grouped, groups=GROUPS)
@click.option(
    "--model",
    default="embedded",
    show_default=True,
    help="`embedded`, `embedded:FILE.gguf`, a vendor's model such as `openai/gpt-4o-mini`, or any name "
    "with --base-url. The key comes from the environment.",
)
@endpoint.options(*endpoint.REACHING, *endpoint.SPENDING)
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
    "--shots",
    type=click.IntRange(0),
    help="Worked examples chosen for each problem; 0 for none.  [default: the prompt's own]",
)
@click.option(
    "--choose",
    type=click.Choice(["subject", "similarity"]),
    help="Examples of the problem's subject, or those most like it in words.  [default: subject]",
)
@click.option(
    "--shots-from",
    metavar="SET",
    help="Where examples come from: a set's name, or a file; never MATH-500.  [default: math-train-12k]",
)
@click.option("--shots-seed", type=int, metavar="SEED", help="Draws other examples.  [default: 0]")
@click.option(
    "--temperature",
    type=Temperature(),
    default="0",
    show_default=True,
    help="0 is greedy; `none` sends none, for models that refuse one.",
)
@click.option("--top-p", type=Number(0, 1))
@click.option(
    "--max-tokens",
    type=click.IntRange(1),
    help="Limit on generated tokens, thinking included.  [default: 512 embedded, else the endpoint's own]",
)
@click.option(
    "--seed",
    type=int,
    help="Of the samples: each of a problem, and each vote, sends its own, made of this and the problem.",
)
@click.option("--samples", type=click.IntRange(1), default=1, show_default=True, help="Samples per problem.")
@click.option(
    "--solver", default="cot", show_default=True, help="How a problem is solved; see `math500 solvers`."
)
@click.option("--votes", type=click.IntRange(1), help="Solutions at most, for vote:SOLVER.")
@click.option(
    "--confidence",
    type=Number(0.5, 1, max_open=True),
    help="A vote stops when its leader wins with this confidence, such as 0.95.",
)
@click.option(
    "--stopping",
    type=click.Choice(["final", "beta"]),
    show_default="final; beta where --weigh is not equal",
    help="What --confidence is about: that the leader wins the whole vote, or the published Beta criterion.",
)
@click.option(
    "--weigh",
    type=click.Choice(["equal", "verified", "length", "logprob", "judge", "reward"]),
    default="equal",
    show_default=True,
    help="What a vote weighs: the same; by the model's own verification (selfcheck); 1/ln(tokens), so that "
    "shorter is heavier; the mean probability of its tokens; what --judge or --reward gives it.",
)
@click.option(
    "--pick",
    type=click.Choice(["vote", "best"]),
    default="vote",
    show_default=True,
    help="The answer with the most weight, or the one response that weighs most.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Replies whose code is run, for tools and selfcheck.",
)
@click.option(
    "--tool-calls",
    type=click.Choice(["prompt", "native"]),
    default="prompt",
    show_default=True,
    help="How code is asked for: as a block in the text, or by the endpoint's own protocol for tools.",
)
@click.option("--judge", metavar="MODEL", help="For --weigh judge: who weighs; named as --model.")
@click.option("--judge-base-url", metavar="URL", help="Where the judge is.")
@click.option(
    "--judge-api-key-env", "judge_key_variable", metavar="NAME", help="The variable with the judge's key."
)
@click.option("--judge-price", metavar="PROMPT,COMPLETION", help="As --price, for the judge.")
@click.option("--reward", metavar="FOLDER", help="For --weigh reward: of a `train reward` or `train prm`.")
@endpoint.options(*endpoint.REWARD_AT)
@click.option(
    "--aggregate",
    type=click.Choice(["min", "product", "last", "mean"]),
    default="min",
    show_default=True,
    help="How the values of a solution's steps become one.",
)
@click.option(
    "--sandbox",
    "walls",
    type=click.Choice(["namespaces", "landlock", "none"]),
    help="What keeps model-written code in.  [default: the best here, never none]",
)
@click.option(
    "--concurrency", type=click.IntRange(1), help="Requests in flight.  [default: 16 embedded, else 32]"
)
@endpoint.options(*ENGINE)
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
    from math500 import asking, running

    resume, as_json, quiet = (options.pop(name) for name in ("resume", "as_json", "quiet"))
    engine = engine_of(*(options.pop(name) for name in ("engine", "workers", "ray_address")))
    asked = endpoint.pop(options)
    if resume is not None:
        _refuse_options_beside_resume(context)
        running.resume(
            resume,
            concurrency=options["concurrency"],
            say=say,
            quiet=quiet,
            change=lambda before: asking.asking(asked, before),
            private=asking.private(asked),
            price=asking.price(asked),
            judge_price=asking.price({"price": options["judge_price"]}),
            engine=engine,
        )
        folder = resume
    else:
        folder = running.start(_request(options, asked), say=say, quiet=quiet, engine=engine)
    _show(folder, as_json=as_json)


def _request(options: dict[str, Any], asked: dict[str, Any]) -> running.Request:
    from math500 import asking
    from math500.records import Asking, Decoding, SolverInfo
    from math500.running import Request
    from math500.solve import stopping_of

    decoding = Decoding(
        **{name: options.pop(name) for name in ("temperature", "top_p", "max_tokens", "seed")}
    )
    ids = ids_of(options.pop("ids"))
    settings = {name: options.pop(name) for name in SOLVER}
    settings["stopping"] = stopping_of(settings["stopping"], settings["confidence"], settings["weigh"])
    solver = SolverInfo(name=options.pop("solver"), **settings)
    judge_price = asking.price({"price": options.pop("judge_price")})
    return Request(
        base_url=asked["base_url"],
        asking=asking.asking(asked, Asking()),
        private=asking.private(asked),
        price=asking.price(asked),
        decoding=decoding,
        ids=ids,
        solver=solver,
        judge_price=judge_price,
        reward_at=endpoint.reward_at(options),
        command=endpoint.without_secrets(sys.argv[1:]),
        **options,
    )


def _refuse_options_beside_resume(context: click.Context) -> None:
    """A resumed run keeps its settings; saying others beside it would be a misunderstanding."""
    typed = [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in FREE_ON_RESUME and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if typed:
        raise UsageError(
            f"a resumed run keeps the settings in its manifest, and {', '.join(typed)} was given too",
            "Leave that out, or start a new run without --resume.",
        )


def _show(folder: Path, *, as_json: bool) -> None:
    from math500 import display, evaluate
    from math500.grading import GRADER
    from math500.rundir import RunDir

    opened = RunDir.open(folder, whole=False)
    grader, _ = evaluate.graded(opened)
    result = evaluate.summarize(opened, grader)
    if grader != GRADER:
        say(f"Graded by {grader}; here is {GRADER}. To grade again: math500 run --resume {folder}")
    if as_json:
        print_json(result)
        return
    print_text(display.summary(opened.manifest, result, folder))
    print_text(f"\nIn {folder}: {display.FOLDER_HOLDS}")
    print_text(f"Next: {display.next_command(opened.manifest, result, folder)}")


@click.command()
@click.argument("folder", type=FILE)
@JSON
def show(folder: Path, as_json: bool) -> None:
    """Show the score of a run folder and its parts."""
    _show(folder, as_json=as_json)
