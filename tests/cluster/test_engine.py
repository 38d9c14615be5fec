from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from math500.cli.options import engine_of
from math500.cluster import Ray, joined
from math500.cluster.collect import require
from math500.errors import DependencyMissing, UsageError
from math500.models import Private
from math500.records import Asking, Weigh


@pytest.mark.parametrize(
    ("asking", "private", "weigh", "named"),
    [
        (Asking(batch=True), None, "equal", "--batch"),
        (Asking(), Private(headers={"X-Team": "secret"}), "equal", "--header"),
        (Asking(), Private(proxy="http://me:secret@proxy:1"), "equal", "--proxy with a password"),
        (Asking(), None, "judge", "--weigh judge"),
        (Asking(), None, "reward", "--weigh reward"),
    ],
)
def test_what_workers_do_not_have_is_refused(
    asking: Asking, private: Private | None, weigh: Weigh, named: str
) -> None:
    with pytest.raises(UsageError, match=named) as refused:
        require(asking, private, weigh=weigh)
    assert "secret" not in str(refused.value)


def test_a_proxy_without_a_password_is_not_refused() -> None:
    require(Asking(), Private(proxy="http://proxy:1"), weigh="equal")
    require(Asking(), Private(proxy=""), weigh="equal")


@pytest.mark.parametrize("given", [(2, None), (None, "auto")])
def test_rays_options_without_ray_are_a_mistake(given: tuple[Any, Any]) -> None:
    with pytest.raises(UsageError, match="--engine ray"):
        engine_of("plain", *given)


def test_the_plain_engine_is_no_ray_and_ray_takes_what_is_said() -> None:
    assert engine_of("plain", None, None) is None
    assert engine_of("ray", 3, "auto") == Ray(workers=3, address="auto")


def test_without_ray_installed_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(DependencyMissing, match=r"pip install 'math500\[ray\]'"), joined(Ray()):
        pass
