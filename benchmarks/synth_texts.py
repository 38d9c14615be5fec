"""What the text rules of `synth` do on MATH's train split: masks, steps, backward problems, well-formedness.

    python benchmarks/synth_texts.py --problems 400

No model is asked. The counts are in docs/synth-methods.md.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter

from math500 import data, grading
from math500.synth import backwards, evolving, masks, steps


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--seed", type=int, default=5)
    asked = parser.parse_args()
    problems = data.load("math-train").problems
    some = random.Random(asked.seed).sample(problems, asked.problems)

    answered = [p for p in some if p.answer and p.solution]
    hidden = plain = 0
    for p in answered:
        masked = masks.by_rule(p.problem, p.solution, p.answer)
        hidden += not masks.shown(masked, p.problem, p.answer)
        plain += not masks.shown(p.solution, p.problem, p.answer)
    print(f"masks by rule that hide the answer: {hidden} of {len(answered)}; unmasked solutions: {plain}")

    made = [(p, text) for p in answered if (text := steps.formatted(p.solution))]
    right = sum(grading.grade(text, p.answer).verdict == "correct" for p, text in made)
    print(
        f"reference solutions in steps by rule: {len(made)} of {len(answered)}; still graded correct: {right}"
    )

    turned = [p for p in problems if backwards.unknowns(p)]
    print(f"problems with a number that can be asked for: {len(turned)} of {len(problems)}")

    reasons = Counter(evolving.malformed(p.problem)[0] or "well-formed" for p in problems)
    print(f"problems by form: {dict(reasons.most_common())}")
    drawings = sum("[asy]" in p.problem for p in problems)
    bare = Counter(
        evolving.malformed(p.problem)[0] or "well-formed" for p in problems if "[asy]" not in p.problem
    )
    print(f"of these without a drawing ({len(problems) - drawings}): {dict(bare.most_common())}")
    grading.shutdown()


if __name__ == "__main__":
    main()
