"""Claims against the rows, by general rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from math500 import scores
from math500.errors import DataUnreadable
from math500.scores import claims

ROOT = Path(__file__).parents[2]
REPORT = {
    ("OpenAI o1", "94.8"): "version-specific",
    ("OpenAI o1-mini", "90"): "supported",
    ("GPT-4o", "74.6"): "version-specific",
    ("DeepSeek-R1", "97.3"): "supported",
    ("DeepSeek-R1-32B", "94.3"): "name wrong",
    ("DeepSeek-R1-V3", "90.2"): "no such model",
    ("DeepSeek-R1-Zero", "95.9"): "supported",
    ("deepseek-v2-lite-chat-hf", "43.6"): "contradicted",
    ("Kimi k1.5 long CoT", "96.2"): "supported",
    ("Kimi k1.5 short-CoT", "94.6"): "supported",
    ("Claude-3.5-Sonnet-1022", "78.3"): "supported",
    ("QVQ-72B-Preview", "90.6"): "contradicted",
    ('qwen2.5-72b-instruct "official"', "90.6"): "contradicted",
    ("qwen2.5-72b-instruct measured", "75.16"): "not this set",
}
"""The starting report's table, each claim checked by hand in its sources."""


def test_the_reports_claims_are_told_apart() -> None:
    listed = claims.read(ROOT / "examples" / "report_claims.csv")
    found = {(c["model"], c["score"]): scores.check(c["model"], c["score"]) for c in listed}
    assert {key: claim.verdict for key, claim in found.items()} == REPORT
    assert all(claim.evidence for claim in found.values())
    qwen = found['qwen2.5-72b-instruct "official"', "90.6"]
    assert "83.1 (MATH-5000, Qwen)" in qwen.why
    assert "Qwen/QwQ-32B-Preview" in qwen.why
    lite = found["deepseek-v2-lite-chat-hf", "43.6"]
    assert lite.why.startswith("27.9 (MATH-5000, DeepSeek); 43.6 is that of deepseek-ai/DeepSeek-V2, ")
    measured = found["qwen2.5-72b-instruct measured", "75.16"]
    assert measured.why.startswith("75.16 cannot be of 500 problems; it is 3,758 of 5,000 (MATH-5000)")


@pytest.mark.parametrize(
    ("model", "score", "data", "verdict"),
    [
        ("Qwen2.5-7B-Instruct", "75.5", "MATH-5000", "supported"),
        ("Qwen2.5-7B-Instruct", "75.5", "MATH-500", "other set"),
        ("phi-4", "80.4", "MATH-500", "other set"),
        ("QwQ-32B-Preview", "90.6", "MATH-500", "supported"),
        ("QwQ-32B-Preview", "91", "MATH-500", "supported"),
        ("QwQ-32B-Preview", "50.0", "MATH-500", "contradicted"),
        ("gpt-4o-2024-05-13", "74.6", "MATH-500", "supported"),
        ("DeepSeek-R1-Distill-Qwen-7B", "92.8", "MATH-500", "supported"),
        ("R1-Distill-7B", "92.8", "MATH-500", "name wrong"),
        ("Zebra-9B", "0.6", "MATH-500", "unknown"),
        ("Zebra-9B", "97.3", "MATH-500", "contradicted"),
        ("o3-mini (high)", "97.9", "MATH-500", "supported"),
        ("OpenAI o3-mini (medium)", "12.0", "MATH-500", "contradicted"),
        ("gpt-4o-2024-08-06", "74.6", "MATH-500", "contradicted"),
        ("Meta-Llama-3.1-8B-Instruct", "51.9", "MATH-5000", "supported"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "51.9", "MATH-5000", "supported"),
        ("Zebra-9B measured", "50.0", "MATH-500", "unknown"),
        ("Zebra-9B measured", "50.12", "MATH-500", "impossible"),
        ("Qwen2.5-7B-Instruct (measured)", "74.2", "MATH-500", "plausible"),
        ("Qwen2.5-7B-Instruct 实测", "74.2", "MATH-500", "plausible"),
        ("Qwen2.5-7B-Instruct measured", "12.0", "MATH-500", "unknown"),
        ("Qwen2.5-7B-Instruct measured", "74.123", "MATH-500", "impossible"),
    ],
)
def test_other_claims(model: str, score: str, data: str, verdict: str) -> None:
    claim = scores.check(model, score, data)
    assert claim.verdict == verdict, claim.why


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model,score\nx,many\n", "line 2: 'many' is no score"),
        ("name,number\nx,1\n", "line 2: '' is no score"),
        ("model,score\nx,200\n", "line 2: '200' is no score"),
        ("model,score\nx,nan\n", "line 2: 'nan' is no score"),
        ("model,score,data\nx,12,AIME\n", "line 2: nothing is published here of the set 'AIME'"),
        ("\xff\xfe", "cannot be read"),
    ],
)
def test_a_file_without_claims_is_told(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataUnreadable, match=words):
        claims.read(file)


def test_other_names_of_the_columns(tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_text("\ufeffclaim,claimed,dataset\nphi-4,80.4,MATH-5000\n", encoding="utf-8")
    assert claims.read(file) == [{"model": "phi-4", "score": "80.4", "data": "MATH-5000"}]


@pytest.mark.parametrize(
    ("typed", "data"), [("", "MATH-500"), ("math500", "MATH-500"), ("Math_5000", "MATH-5000")]
)
def test_a_sets_name_in_any_spelling(typed: str, data: str, tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(f"model,score,data\nphi-4, 80.4 ,{typed}\n", encoding="utf-8")
    assert claims.read(file) == [{"model": "phi-4", "score": "80.4", "data": data}]
