"""A disk that is full, in the words of the libraries that write weights and checkpoints.

Python's own writes raise OSError with a number. safetensors says the number in its text, torch finds that the
file is shorter than it ought to be, and numpy counts the items that were written.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from math500.errors import StorageFull, disk_is_full

FULL = re.compile(
    r"\(os error (28|122|27)\)|unexpected pos |PytorchStreamWriter|\d+ requested and \d+ written"
)
"""safetensors: no space, the user's limit, a file's limit; torch twice; numpy."""
AGAIN = "Free some space, then give the same command again."


@contextlib.contextmanager
def storing(path: Path) -> Iterator[None]:
    """Write weights to a path; what else goes wrong is left as it is.

    Raises:
        StorageFull: the disk took no more.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - of the extra `train`

    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as e:
        full = isinstance(e, OSError) and disk_is_full(e)
        if not full and not FULL.search(str(e)):
            raise
        raise StorageFull(f"the disk is full, writing {path}", AGAIN) from e
