"""The training libraries without network, telemetry and chatter; one clear line where they are missing."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import warnings
from collections.abc import Iterator, Sequence

from math500.errors import DependencyMissing

NEEDED = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "gguf")
TOKENIZER = ("transformers",)
"""For a tokenizer alone."""
SILENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "WANDB_MODE": "disabled",
    "TQDM_DISABLE": "1",
}
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


def require(needed: Sequence[str] | None = None) -> None:
    """See that the extra is there, or of it what is needed alone, without loading it.

    Raises:
        DependencyMissing: a library of it is not installed.
    """
    if missing := [name for name in needed or NEEDED if importlib.util.find_spec(name) is None]:
        what = "training" if needed is None else "a tokenizer"
        raise DependencyMissing(
            f"{what} needs {', '.join(missing)}, not installed here", "Run `pip install 'math500[train]'`."
        )


def versions() -> dict[str, str]:
    """The versions of what trains."""
    return {name: importlib.metadata.version(name) for name in NEEDED}


@contextlib.contextmanager
def libraries(*, hub: bool = False, needed: Sequence[str] | None = None) -> Iterator[None]:
    """A block in which the libraries are used: nothing goes out and nothing is printed.

    The libraries read these variables when they are first imported, so this comes before any import of them.

    Args:
        hub: a model of the hub was named, which may be downloaded.
        needed: what is used of the extra; all of it when None.

    Raises:
        DependencyMissing: a library of the extra is not installed.
    """
    require(needed)
    wanted = SILENT if hub else SILENT | OFFLINE
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _hush(needed)
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _hush(needed: Sequence[str] | None) -> None:
    import transformers  # noqa: PLC0415 - heavy

    if needed is None:
        import datasets  # noqa: PLC0415 - heavy

        datasets.disable_progress_bars()
        datasets.utils.logging.set_verbosity_error()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
