"""What importing the grader costs."""

import subprocess
import sys

HEAVY = ("sympy", "math_verify", "multiprocessing", "asyncio", "httpx2", "numpy")


def test_import_brings_no_heavy_library() -> None:
    code = f"import sys, math500.grading; print([name for name in {HEAVY!r} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
