"""How alike problems are in their words: BM25 over words and LaTeX commands.

Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", K1 and
B as usual. Numbers and signs are left out, since two problems with the same numbers are not alike. A word
that more than a share COMMON of the texts have says next to nothing and is left out too.

No embedding model: this takes seconds for 500 questions against 12,000 problems, needs no download, and gives
the same order on every machine.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

K1 = 1.2
B = 0.75
COMMON = 0.25

_WORD = re.compile(r"\\[a-z]+|[^\W\d_]+")


def words(text: str) -> list[str]:
    """Its words and LaTeX commands, in lower case."""
    return _WORD.findall(text.lower())


class Index:
    """Texts that are looked through for what is like a question.

    Args:
        texts: what is looked through.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        counts = [Counter(words(text)) for text in texts]
        lengths = [count.total() for count in counts]
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        self._found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, (count, length) in enumerate(zip(counts, lengths, strict=True)):
            room = K1 * (1 - B + B * length / mean)
            for word, times in count.items():
                self._found[word].append((number, times * (K1 + 1) / (times + room)))

    def scores(self, question: str) -> dict[int, float]:
        """The number of each text that shares a word with the question, and how much it is like it."""
        total: dict[int, float] = defaultdict(float)
        for word in dict.fromkeys(words(question)):
            found = self._found.get(word, [])
            if len(found) > COMMON * self._size:
                continue
            weight = math.log((self._size - len(found) + 0.5) / (len(found) + 0.5))
            for number, share in found:
                total[number] += weight * share
        return total
