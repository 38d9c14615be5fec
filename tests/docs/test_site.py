"""The documentation builds without a warning, shows every page and command, and no link leads nowhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from math500 import cli

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-E",
            "-W",
            "--keep-going",
            "-d",
            folder / "cache",
            DOCS,
            folder / "html",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return folder / "html"


def test_every_page_is_on_the_site_and_in_its_index(site: Path) -> None:
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    made = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    assert pages <= made
    listed = set(re.findall(r"^[\w/.-]+$", (DOCS / "index.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert {page for page in pages if "/" not in page} - {"index"} <= listed


def test_every_command_has_its_reference(site: Path) -> None:
    text = (site / "commands.html").read_text(encoding="utf-8")
    for name, command in cli.commands().items():
        assert f'id="math500-{name}"' in text
        assert all(
            f"{option.opts[-1]}" in text for option in command.params if option.param_type_name == "option"
        )


def test_no_link_leads_nowhere(site: Path) -> None:
    """Files and the places in them; Sphinx itself looks only at what it made a reference of."""
    dead, seen = [], 0
    for page in site.rglob("*.html"):
        for link in re.findall(r'href="([^"]+)"', page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, place = unquote(link).partition("#")
            target = (page.parent / name.split("?")[0]).resolve() if name else page
            seen += 1
            if not target.exists() or (
                place
                and target.suffix == ".html"
                and f'id="{place}"' not in target.read_text(encoding="utf-8")
            ):
                dead.append(f"{page.name}: {link}")
    assert seen > 500
    assert not dead


def test_files_outside_of_the_site_are_named_and_exist() -> None:
    dead = [
        f"{page.name}: {link}"
        for page in DOCS.rglob("*.md")
        for link in re.findall(r"\]\((\.\.?/[^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert not dead
