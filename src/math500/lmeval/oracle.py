"""Score tasks with a function in place of a model: for self-tests, in process and offline."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from math500.lmeval import TASKS, require

require()
from lm_eval import simple_evaluate  # noqa: E402 - only after the check, which says what to install
from lm_eval.api.model import LM  # noqa: E402
from lm_eval.tasks import TaskManager  # noqa: E402


class _Function(LM):  # type: ignore[misc] # lm-eval ships no types
    """A model that answers each prompt by a function."""

    def __init__(self, answer: Callable[[str], str]) -> None:
        super().__init__()
        self._answer = answer

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:  # noqa: ARG002
        return [self._answer(request.args[0]) for request in requests]

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        raise AssertionError(f"{len(requests)} log-likelihoods asked of a text model")

    def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
        raise AssertionError(f"{len(requests)} log-likelihoods asked of a text model")


def score(tasks: Sequence[str], answer: Callable[[str], str], *, problems: str) -> dict[str, dict[str, Any]]:
    """Each task's metrics when its prompts are answered by this function.

    Args:
        tasks: names out of the task family.
        answer: prompt text, system message included, to response.
        problems: a problem set's name, or a file.
    """
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    manager = TaskManager(include_path=str(TASKS), include_defaults=False, metadata={"problems": problems})
    # lm-eval draws a progress bar for each task, and asks git which commit it runs in: no switch for either.
    with _held_back():
        results = simple_evaluate(
            model=_Function(answer),
            tasks=list(tasks),
            task_manager=manager,
            bootstrap_iters=0,
            log_samples=False,
            verbosity="ERROR",
        )
    return {task: results["results"][task] for task in tasks}


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """What is said to the error output, by other programs too, is shown only where the block fails."""
    with tempfile.TemporaryFile("w+") as said, contextlib.redirect_stderr(said):
        terminal = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(terminal, said.read().encode())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
