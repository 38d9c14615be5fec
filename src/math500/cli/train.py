"""Training: fine-tune, reward models, make the control's rows, export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from math500.cli import endpoint
from math500.cli.options import FILE, JSON, Grouped, Number, print_json, print_text, say
from math500.plural import counted

if TYPE_CHECKING:
    from pathlib import Path

GROUPS = {
    "What": ("model", "out", "control", "held_out"),
    "How": ("config", "lora", "steps", "epochs", "batch", "learning_rate", "labels", "centre", "seed"),
    "Machine": ("rows_at_once", "max_length", "precision", "save_every", "threads"),
    "Output": ("quiet", "as_json", "help"),
}
SETS = click.argument("sets", nargs=-1, required=True, type=FILE, metavar="SET...")
HELD_OUT = click.option(
    "--held-out",
    type=Number(0, 1, max_open=True),
    help="Part of the problems to measure with in the end.  [default: 0.1]",
)


@click.group()
def train() -> None:
    """Fine-tune a model on a training set, and bring it to what the engines read; train reward models.

    Three commands from one score to another: `train sft`, `train export`, `run`. See docs/train.md, and for
    reward models docs/reward-models.md.
    """


COMMON = (
    click.option(
        "--model",
        default="embedded",
        show_default=True,
        help="The start: `embedded`, FILE.gguf, a model's folder, or a hub's owner/name.",
    ),
    click.option("--out", type=FILE, required=True, help="The training's folder; the same command goes on."),
    click.option("--config", type=FILE, help="Settings in a TOML file; options come before it."),
    click.option(
        "--lora", is_flag=True, help="Train small matrices beside the weights.  [default: all weights]"
    ),
    click.option("--steps", type=click.IntRange(1), help="Optimizer steps."),
    click.option("--epochs", type=Number(0, min_open=True), help="In place of steps.  [default: 3]"),
    click.option(
        "--rows-at-once", type=click.IntRange(1), help="Rows a device computes at once.  [default: 8]"
    ),
    click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), help="[default: auto]"),
    click.option("--save-every", type=click.IntRange(1), help="Steps between checkpoints.  [default: 100]"),
    click.option("--threads", type=click.IntRange(0), help="Of the CPU.  [default: torch's own]"),
    click.option("--quiet", is_flag=True, help="No progress."),
    JSON,
)
"""The options that every training has."""
ROWS = (
    *COMMON,
    click.option("--batch", type=click.IntRange(1), help="Rows per step, over all devices.  [default: 32]"),
    click.option("--learning-rate", type=float, help="The highest.  [default: 2e-5; with --lora 2e-4]"),
    click.option("--seed", type=int, help="Of the rows' order.  [default: 0]"),
    click.option(
        "--max-length", type=click.IntRange(1), help="Tokens; longer rows are left out.  [default: 2048]"
    ),
)
"""Of a training on rows that are there."""


@train.command(cls=Grouped, groups=GROUPS)
@SETS
@endpoint.options(*ROWS)
@click.option("--control", type=FILE, metavar="SET", help="Train the start as long on this set too.")
def sft(control: Path | None, **options: Any) -> None:  # noqa: ANN401 - each option has its own type
    """Fine-tune a model on a training set, or several together; the loss is over the completions alone.

    A training that was stopped goes on from its last checkpoint with the same command. Every setting is in
    OUT/training.toml. On several GPUs: accelerate launch -m math500 train sft ...
    """
    from math500.train import sft as room

    _train("sft", room.start, options, control)


@train.command(cls=Grouped, groups=GROUPS)
@SETS
@endpoint.options(*ROWS)
@HELD_OUT
@click.option("--centre", type=Number(0), help="Draw a pair's rewards to a sum of 0.  [default: 0]")
def reward(**options: Any) -> None:  # noqa: ANN401
    """Train a reward model on preferences: of whole solutions, or of instructions.

    In the end it ranks the pairs of problems that it was not shown. Use it with `run --weigh reward` and
    `math500 rerank`.
    """
    from math500.train import reward as room

    _train("reward", room.start, options)


@train.command(cls=Grouped, groups=GROUPS)
@SETS
@endpoint.options(*ROWS)
@HELD_OUT
@click.option(
    "--labels",
    type=click.Choice(["hard", "soft"]),
    help="Teach right or wrong, or the share of rollouts that came out right.  [default: hard]",
)
def prm(**options: Any) -> None:  # noqa: ANN401
    """Train a process reward model on labelled steps: at the end of each step, is it right?

    In the end it looks for the first wrong step in rows of problems that it was not shown.
    """
    from math500.train import prm as room

    _train("prm", room.start, options)


def _train(task: str, start: Any, options: dict[str, Any], control: Path | None = None) -> None:  # noqa: ANN401
    from math500.display import training as show
    from math500.train import loop, questions, settings

    config, lora, quiet, as_json = (options.pop(name) for name in ("config", "lora", "quiet", "as_json"))
    where = {name: options.pop(name) for name in ("sets", "model", "out")}
    asked = {name: options.pop(name) for name in ("data", "prompt") if name in options}
    wanted = settings.read(config, {**options, "method": "lora" if lora else None}, task)
    if asked:
        data, prompt = asked["data"], asked["prompt"]
        where["sets"] = questions.chosen(where["sets"], data, where["out"], prompt=prompt, announce=say)
    done = start(loop.Request(**where, settings=wanted, control=control), say=say, quiet_=quiet)
    print_json(done) if as_json else print_text(show.outcome(done))


RL_GROUPS = {
    "What": (
        "data",
        "prompt",
        "model",
        "out",
        "instruction_reward",
        "instruction_request",
        "process_reward",
        "aggregate",
    ),
    "How": (
        "config",
        "lora",
        "steps",
        "epochs",
        "batch",
        "generations",
        "completion_length",
        "temperature",
        "beta",
        "reuse",
        "learning_rate",
        "seed",
    ),
    "Reward": ("format_weight", "length_weight"),
    "Watch": ("held_out", "held_every", "on_alarm"),
    "Machine": ("rows_at_once", "max_length", "precision", "save_every", "threads", "use_vllm"),
    "Output": ("quiet", "as_json", "help"),
}


def sampling(generations: int, beta: float, reuse: int) -> tuple[Any, ...]:
    """The options of a training that samples its own rows, whose defaults differ in these."""
    return (
        *SAMPLING,
        click.option(
            "--generations", type=click.IntRange(2), help=f"Of a question.  [default: {generations}]"
        ),
        click.option("--beta", type=Number(0), help=f"Hold to the start (KL).  [default: {beta:g}]"),
        click.option(
            "--reuse", type=click.IntRange(1), help=f"Steps on the same completions.  [default: {reuse}]"
        ),
    )


SAMPLING = (
    click.argument("sets", nargs=-1, type=FILE, metavar="[SET]..."),
    *COMMON,
    click.option("--data", help="In place of SET: a data set's name, or a file of problems."),
    click.option("--prompt", default="boxed", show_default=True, help="With --data: how it is asked."),
    click.option("--batch", type=click.IntRange(1), help="Completions per step.  [default: 32]"),
    click.option("--completion-length", type=click.IntRange(1), help="Tokens at most.  [default: 512]"),
    click.option("--temperature", type=Number(0, min_open=True), help="[default: 1]"),
    click.option("--learning-rate", type=float, help="The highest.  [default: 1e-6; with --lora 1e-5]"),
    click.option("--seed", type=int, help="Of the questions' order and the sampling.  [default: 0]"),
    click.option("--format-weight", type=Number(0), help="For a box.  [default: 0]"),
    click.option("--length-weight", type=Number(0), help="Against length.  [default: 0]"),
    click.option(
        "--held-out", type=Number(0, 1, max_open=True), help="Part of the problems.  [default: 0.1]"
    ),
    click.option("--held-every", type=click.IntRange(1), help="Steps between measures on it.  [default: 25]"),
    click.option("--on-alarm", type=click.Choice(["warn", "stop"]), help="[default: warn]"),
    click.option("--max-length", type=click.IntRange(1), help="Tokens of a question.  [default: 2048]"),
    click.option("--use-vllm", is_flag=True, default=None, help="vLLM writes the completions."),
)
"""Those of such a training that have one default."""


@train.command(cls=Grouped, groups=RL_GROUPS)
@endpoint.options(*sampling(8, 0.0, 1))
def grpo(**options: Any) -> None:  # noqa: ANN401
    """Reinforcement learning on questions with answers: the grader is the reward (GRPO).

    SET is what `train questions` makes; --data makes it beside OUT. A training that was stopped goes on with
    the same command. The log has what the watch against reward hacking sees: docs/rl.md.
    """
    from math500.train import grpo as room

    _train("grpo", room.start, options)


@train.command(cls=Grouped, groups=RL_GROUPS)
@click.option("--instruction-reward", help="A `train reward` that values the question.  [default: 1]")
@click.option("--instruction-request", help="What its training set's prompts said.  [default: nothing]")
@click.option("--process-reward", help="A `train prm` that values the solution's steps.")
@click.option("--aggregate", type=click.Choice(["min", "product", "last", "mean"]), help="[default: min]")
@endpoint.options(*sampling(2, 0.05, 2))
def ppo(**options: Any) -> None:  # noqa: ANN401
    """Reinforcement learning by reward models: question's value times steps' value (PPO, as WizardMath).

    The grader gives no reward; it watches. See docs/rl.md.
    """
    from math500.train import ppo as room

    _train("ppo", room.start, options)


@train.command()
@click.argument("data")
@click.option("--out", type=FILE, required=True, help="The new set's folder.")
@click.option("--prompt", default="boxed", show_default=True, help="How the questions are put.")
@JSON
def questions(data: str, out: Path, prompt: str, as_json: bool) -> None:
    """Make a set of questions with their answers out of DATA, a data set's name or a file of problems.

    Every question passes the gate against MATH-500.
    """
    from math500.train import questions as room

    made = room.make(data, out, prompt=prompt, announce=say)
    text = f"{counted(made.manifest.rows, 'question')} in {made.path}"
    print_json(made.manifest) if as_json else print_text(text)


@train.command()
@click.argument("folder", type=FILE)
@SETS
@JSON
def measure(folder: Path, sets: tuple[Path, ...], as_json: bool) -> None:
    """Measure a trained reward model on sets that it was not trained on, such as planted errors."""
    from math500.display import training as show
    from math500.train import measure as room

    found = room.measure(folder, sets, say=say)
    print_json(found) if as_json else print_text(show.measured(found))


@train.command()
@click.argument("training_set", type=FILE, metavar="SET")
@click.option("--out", type=FILE, required=True, help="The new set's folder.")
@click.option("--data", help="The problems with their solutions.  [default: those of the set's runs]")
@JSON
def originals(training_set: Path, out: Path, data: str | None, as_json: bool) -> None:
    """Make the control's set: the data's own solutions of the problems of SET."""
    from math500.train import originals as room

    made = room.make(training_set, out, name=data, announce=say)
    text = (
        f"{counted(made.manifest.rows, 'row')} over "
        f"{counted(made.manifest.problems, 'problem')} in {made.path}"
    )
    print_json(made.manifest) if as_json else print_text(text)


@train.command()
@click.argument("folder", type=FILE)
@click.option("--to", "form", type=click.Choice(["gguf", "safetensors"]), default="gguf", show_default=True)
@click.option("--out", type=FILE, required=True, help="The new file, or for safetensors the new folder.")
@click.option(
    "--quantization",
    type=click.Choice(["Q8_0", "F16", "F32"]),
    default="Q8_0",
    show_default=True,
    help="Of a GGUF file's matrices.",
)
@JSON
def export(folder: Path, form: Any, out: Path, quantization: Any, as_json: bool) -> None:  # noqa: ANN401
    """Write a finished training's model as GGUF, or as safetensors; LoRA's matrices are merged in."""
    from math500.display import training as show
    from math500.train import export as room

    made = room.export(folder, form, out, quantization=quantization, announce=say)
    print_json(made) if as_json else print_text(show.exported(made))
