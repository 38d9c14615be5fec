"""The renderer of formulas: KaTeX, which writes MathML, out of a registry archive.

It is fetched like a problem set: a wheel that carries it is downloaded, the one file is taken out and
verified by its hash, and kept in the cache. It is put into the page with MathML as its output, so that no
font and no style sheet travels with it. Where it cannot be had the page shows the formulas' source and
says so. docs/decisions/formulas.md has what was measured.
"""

from __future__ import annotations

from math500 import archives
from math500.archives import Announce, Archive, Member
from math500.errors import DataError, DependencyMissing

KATEX = Member(
    archive=Archive("sphinxcontrib-katex", "0.9.11", 97_956),
    path_in_archive="sphinxcontrib/katex.min.js",
    sha256="e8d885505949f3a5f4abdd5dd0d53696bd1371ad26ffbf4f310dcd77c8cdae89",
    size=276_701,
)
"""KaTeX 0.16.22 (MIT), which the wheel carries."""


def renderer(announce: Announce | None = None) -> str:
    """KaTeX's script, from the cache or the registry; empty where it cannot be had (`announce` hears why)."""
    try:
        return archives.fetch(KATEX, announce=announce).read_text(encoding="utf-8")
    except (DataError, DependencyMissing) as e:
        if announce is not None:
            announce(f"Formulas are shown as LaTeX source: {e}")
        return ""
