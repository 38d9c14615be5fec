from collections.abc import Iterator

import pytest

from math500 import grading


@pytest.fixture(scope="session", autouse=True)
def _comparison_processes() -> Iterator[None]:
    yield
    grading.shutdown()
