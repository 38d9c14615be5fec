"""A run in an experiment tracker, by the tracker's own library and settings.

    MLflow             MLFLOW_TRACKING_URI and its other variables say where
    Weights & Biases   WANDB_MODE, WANDB_DIR, WANDB_PROJECT, ... say where

Settings go in as parameters, numbers as metrics, the card as an artifact. Samples and problem texts stay
here: `math500 pack` is the way to hand those over. The run's id is kept as a tag; exporting
twice makes two runs.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from math500.errors import DependencyMissing, RunError
from math500.exports.card import card
from math500.exports.facts import Facts

PROJECT = "math500"
LONGEST = 500
"""Characters of a parameter's value, as MLflow's file and database stores take them."""


def mlflow(known: Facts) -> str:
    """Log a run to MLflow and return the name of MLflow's run.

    Raises:
        DependencyMissing: mlflow is not installed.
        RunError: MLflow refuses it.
    """
    library = _library("mlflow")
    try:
        if not library.environment_variables.MLFLOW_EXPERIMENT_NAME.get():
            library.set_experiment(PROJECT)
        with library.start_run(run_name=known.made.run_id) as run:
            library.log_params({name: said[:LONGEST] for name, said in known.protocol.items()})
            library.log_metrics(known.metrics)
            library.set_tags(_tags(known))
            library.log_text(card(known), "card.md")
            return str(run.info.run_id)
    except library.exceptions.MlflowException as e:
        raise RunError(
            f"MLflow refuses the run ({_line(e)})", "See its settings: MLFLOW_TRACKING_URI."
        ) from e


def wandb(known: Facts) -> str:
    """Log a run to Weights & Biases and return where: its address, or its folder when offline.

    Raises:
        DependencyMissing: wandb is not installed.
        RunError: Weights & Biases refuses it.
    """
    library = _library("wandb")
    try:
        with library.init(
            project=None if _set("WANDB_PROJECT") else PROJECT,
            name=known.made.run_id,
            config={**known.protocol, **_tags(known)},
            settings=library.Settings(console="off", silent=True),
        ) as run:
            run.summary.update(known.metrics)
            where = run.url or run.dir
        return str(where)
    except (library.errors.Error, library.errors.UsageError) as e:
        what = f"Weights & Biases refuses the run ({_line(e)})"
        raise RunError(what, "Log in with its own command, or set WANDB_MODE=offline.") from e


def _tags(known: Facts) -> dict[str, str]:
    tags = {"math500_run": known.made.run_id, "math500_version": known.made.math500_version}
    return tags | {"data_sha256": known.made.data.sha256, "seal": known.seal, "grader": known.summary.grader}


def _library(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as e:
        raise DependencyMissing(
            f"{name} is not installed", f"Install it: pip install 'math500[{name}]'"
        ) from e


def _set(name: str) -> bool:
    return bool(os.environ.get(name))


def _line(e: Exception) -> str:
    return str(e).strip().split("\n", maxsplit=1)[0][:200]
