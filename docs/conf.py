"""The documentation site: Sphinx reads the same Markdown files that a reader of the repository sees.

sphinx-build -W docs .check/site
"""

from __future__ import annotations

import os
import re
from typing import Any

from math500 import __version__

project = "math500"
release = __version__
extensions = ["myst_parser", "sphinx_click"]
html_theme = "furo"
html_title = f"math500 {__version__}"
html_show_copyright = False
myst_heading_anchors = 3
# Options are written as they are typed, and a help text's `word` is code as in Markdown.
smartquotes = False
default_role = "code"

REPOSITORY = os.environ.get("MATH500_REPOSITORY", "").rstrip("/")
"""The address under which the repository's files are seen, for whoever publishes the site."""


def _outside(_app: Any, docname: str, source: list[str]) -> None:  # noqa: ANN401 - Sphinx ships no types
    """Files outside of docs/ are no pages of the site: named, and linked where the repository is known."""
    up = re.escape("../" * (docname.count("/") + 1))
    shown = rf"[\1]({REPOSITORY}/\2)" if REPOSITORY else r"\1 (`\2`)"
    source[0] = re.sub(rf"(?<!!)\[([^\]]+)\]\({up}([^)#]+)\)", shown, source[0])
    # A link whose text is the path already needs it only once.
    source[0] = re.sub(r"`?([\w./-]+)`? \(`\1`\)", r"`\1`", source[0])


def setup(app: Any) -> None:  # noqa: ANN401
    """Hook in."""
    app.connect("source-read", _outside)
