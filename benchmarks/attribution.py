"""Does the attribution recover effects that are known by construction?

    python benchmarks/attribution.py 100        # seeds

For each seed the simulator of the tests writes a run of 500 problems and every combination of three factors,
a published score is drawn on 500 other problems, and `math500 gap` explains the difference. Counted is how
often the true share of each factor lies within its own 95 % interval, how often the remainder covers zero,
and, where the published score has 5 points that no factor explains, how often it covers those 5.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

HIDDEN = 0.05


def main() -> None:
    from tests.gap.simulator import FACTORS, shapley, study, value

    seeds, started = int(sys.argv[1]), time.process_time()
    print("true shares", {name: round(100 * shapley(name), 2) for name in FACTORS})
    print(f"true scores {100 * value(()):.2f} and {100 * value(FACTORS):.2f}")
    held: Counter[str] = Counter()
    for seed in range(seeds):
        for hidden in (0.0, HIDDEN):
            with tempfile.TemporaryDirectory() as folder:
                gap = study(seed, Path(folder) / "run", hidden=hidden)
            rest = gap.remainder
            assert rest is not None
            if not hidden:
                for factor in gap.factors:
                    if factor.share is not None:
                        true = shapley(factor.name)
                        held[factor.name] += factor.share.low <= true <= factor.share.high
                held["the remainder covers zero"] += rest.low <= 0 <= rest.high
            else:
                held["the remainder covers the hidden 5 points"] += rest.low <= hidden <= rest.high
                held["the remainder then leaves out zero"] += rest.low > 0
    for name, count in held.items():
        print(f"{name}: {count} of {seeds}")
    print(f"{time.process_time() - started:.0f} s of processor time")


if __name__ == "__main__":
    main()
