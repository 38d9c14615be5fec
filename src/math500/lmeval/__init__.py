"""math500 inside EleutherAI's LM Evaluation Harness: the same prompts, problems and grader as `math500 run`.

    tasks/       the task family as lm-eval finds it: one small YAML file a task, no prompt text in it
    task.py      a task: fills in what the YAML leaves open, from `prompts` and `data`
    scoring.py   one problem's responses -> metrics and the row's details; no lm-eval in it
    response.py  a response that carries how it was generated, or why there is none
    model.py     `--model math500`: an lm-eval model over `client`
    logs.py      a run folder as lm-eval's log files; no lm-eval in it
    launch.py    `math500 lm-eval ...`: lm-eval's own command line with all of this made known to it
    oracle.py    tasks scored with a function in place of a model, for the self-test

How plain `lm_eval` finds the tasks, and what that costs: docs/decisions/lm-eval-tasks.md.
This module, `scoring`, `response` and `launch` import without lm-eval; the others raise
`DependencyMissing` then.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from math500.errors import DependencyMissing

TASKS = Path(__file__).parent / "tasks"
"""The folder with the task family, for lm-eval's `--include_path`."""


def require() -> None:
    """Make sure that lm-eval is installed.

    The installed distributions are asked and not the import system: math500's own wheel puts its
    task files below `lm_eval/tasks`, so that `import lm_eval` alone does not fail without lm-eval.

    Raises:
        DependencyMissing: lm-eval is not installed.
    """
    try:
        importlib.metadata.version("lm_eval")
    except importlib.metadata.PackageNotFoundError as e:
        raise DependencyMissing(
            "this needs lm-eval, which is not installed", "Install it: pip install 'math500[lm-eval]'."
        ) from e
