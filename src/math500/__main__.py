"""`math500` and `python -m math500`: Ctrl-C ends it in one line from the first import on.

The command line takes tens of milliseconds to import, so it is imported in here. `math500/__init__.py`, which
Python imports before this file, imports next to nothing for the same reason.
"""

import sys


def main() -> None:
    """Import the command line and run it."""
    try:
        from math500.cli import main as command  # noqa: PLC0415 - after Ctrl-C is waited for

        command()
    except KeyboardInterrupt:
        sys.stderr.write("math500: stopped\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
