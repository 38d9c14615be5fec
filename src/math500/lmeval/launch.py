"""`math500 lm-eval ...`: lm-eval's own command line, with math500's tasks and model made known to it.

Three things are done before lm-eval takes over; all of its options keep their meaning:

    the model `math500` is added to lm-eval's registry, beside the built-in ones
    the task family is found; when only its tasks are asked for, lm-eval's own 14,000 task files are
        not read, which takes 11 s
    with `--model math500` a chat template counts as applied, since a chat endpoint takes messages
"""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from math500.errors import UsageError
from math500.lmeval import TASKS, require

MODEL = "math500"
INSTALLED = "math500"
"""The folder below `lm_eval/tasks` that math500's wheel brings; an editable install has none."""

CHECKS = ("lm_eval.config.evaluate_config", "lm_eval.api.registry")
"""Where lm-eval raises what its user typed wrong."""


def main(argv: Sequence[str]) -> int:
    """Run lm-eval's command line and return the exit code.

    Args:
        argv: as typed behind `math500 lm-eval`.

    Raises:
        DependencyMissing: lm-eval is not installed.
        UsageError: lm-eval does not accept the arguments.
        Math500Error: whatever the tasks or the model raise.
    """
    require()
    from lm_eval._cli import HarnessCLI  # noqa: PLC0415 - needs the extra `lm-eval`
    from lm_eval.utils import setup_logging  # noqa: PLC0415

    register()
    with _typed(argv):
        setup_logging()
        command = HarnessCLI()
        try:
            arguments = command.parse_args()
            settings = _settings(arguments)
            if settings.get("model") == MODEL and not settings.get("apply_chat_template"):
                arguments.apply_chat_template = True
            with _tasks_found(settings):
                command.execute(arguments)
        except SystemExit as e:
            return e.code if isinstance(e.code, int) else int(e.code is not None)
        except (ValueError, TypeError, KeyError, FileNotFoundError) as e:
            if _raised_in(e.__traceback__) in CHECKS:
                raise UsageError(f"lm-eval: {e.args[0]}", "See math500 lm-eval run --help.") from e
            raise
    return 0


def register() -> None:
    """Add the model `math500` to lm-eval's registry in this process.

    The built-in models are registered first: lm-eval leaves them out when it finds its registry
    already in use.
    """
    import lm_eval.models  # noqa: F401, PLC0415 - registers the built-in models
    from lm_eval.api.registry import model_registry  # noqa: PLC0415

    if MODEL not in model_registry:
        model_registry.register(MODEL, target="math500.lmeval.model:Math500LM")


def only_ours(tasks: Sequence[str]) -> bool:
    """Whether every name is a task, group or tag of the family."""
    from lm_eval.tasks import TaskManager  # noqa: PLC0415

    ours = TaskManager(include_path=str(TASKS), include_defaults=False).all_tasks
    return bool(tasks) and set(tasks) <= set(ours)


@contextlib.contextmanager
def _typed(argv: Sequence[str]) -> Iterator[None]:
    """The arguments where lm-eval reads them."""
    before, sys.argv = sys.argv, ["lm-eval", *argv]
    try:
        yield
    finally:
        sys.argv = before


def _settings(arguments: Namespace) -> dict[str, Any]:
    """What is asked for: the configuration file's settings under those of the command line."""
    from lm_eval.config.evaluate_config import EvaluatorConfig  # noqa: PLC0415

    file = getattr(arguments, "config", None)
    in_file = EvaluatorConfig.load_yaml_config(file) if file else {}
    return in_file | {name: value for name, value in vars(arguments).items() if value is not None}


@contextlib.contextmanager
def _tasks_found(settings: Mapping[str, Any]) -> Iterator[None]:
    """Make lm-eval look for tasks in our folder too, or only there when no other task is asked for."""
    import lm_eval.evaluator  # noqa: PLC0415 - keeps the original, whoever calls it later
    import lm_eval.tasks  # noqa: PLC0415

    folders, defaults = _folders(settings)

    class Tasks(lm_eval.tasks.TaskManager):  # type: ignore[misc] # lm-eval ships no types
        """lm-eval's task manager, told where to look."""

        def __init__(self, **options: Any) -> None:  # noqa: ANN401 - lm-eval's own options
            super().__init__(**options | {"include_path": folders, "include_defaults": defaults})

    before, lm_eval.tasks.TaskManager = lm_eval.tasks.TaskManager, Tasks
    try:
        yield
    finally:
        lm_eval.tasks.TaskManager = before


def _folders(settings: Mapping[str, Any]) -> tuple[list[str], bool]:
    """The folders to search beside lm-eval's own, and whether to search lm-eval's own."""
    import lm_eval.tasks  # noqa: PLC0415

    asked = [settings["include_path"]] if settings.get("include_path") else []
    if only_ours(_names(settings.get("tasks"))):
        return [str(TASKS), *asked], False
    installed = (Path(lm_eval.tasks.__file__).parent / INSTALLED).is_dir()
    return [*([] if installed else [str(TASKS)]), *asked], True


def _names(tasks: str | Sequence[Any] | None) -> list[str]:
    """Task names out of `a,b` or a list of such."""
    listed = [tasks] if isinstance(tasks, str) else tasks or []
    return [name for entry in listed for name in str(entry).split(",")]


def _raised_in(trace: TracebackType | None) -> str:
    """The module that raised an error."""
    name = ""
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next
    return name
