"""An SVG plot as PNG, by resvg, with a font that travels with it."""

from __future__ import annotations

from math500.errors import DependencyMissing
from math500.plots.svg import flat


def png(svg: str, *, zoom: float = 2) -> bytes:
    """The plot as a PNG file's bytes, in its light colours.

    Args:
        svg: a plot of this package.
        zoom: pixels of the PNG per pixel of the SVG.

    Raises:
        DependencyMissing: the `plots` extra is not installed.
    """
    try:
        import resvg_py  # noqa: PLC0415 - only who wants PNG files needs it
        from font_roboto import Roboto, RobotoBold  # noqa: PLC0415
    except ImportError as e:
        raise DependencyMissing(
            f"PNG files need the plots extra ({e.name} is not installed)",
            "Install it: pip install 'math500[plots]'.",
        ) from e
    # Roboto comes first, so that the same numbers give the same picture everywhere; the machine's own fonts
    # are only there for writing that Roboto does not have, such as Chinese.
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=flat(svg), zoom=zoom, font_files=[Roboto, RobotoBold], font_family="Roboto"
        )
    )
