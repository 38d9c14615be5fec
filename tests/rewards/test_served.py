"""Values by a server are those of the folder, and whatever else a server says is refused in a line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500 import prompts, quiet, rerank, rewards
from math500.errors import (
    DataMismatch,
    DataNotFound,
    DependencyMissing,
    KeyRejected,
    Math500Error,
    ModelNotFound,
    RequestRejected,
    RunMismatch,
    UsageError,
)
from math500.records import Manifest, Message, Problem
from math500.rewards import RewardModel, Service
from math500.rundir import RunDir
from tests.faulty_server import Act, FaultyServer, Plan, Request, chat, error
from tests.pooling_servers import NO_CHAT, Pools
from tests.test_cli import Command, _mistake, command, own_set, run_twelve, server
from tests.test_curves import sampled

__all__ = ["command", "own_set", "run_twelve", "server"]

QUESTION = (Message(role="user", content="Ann has 7 pens and finds 12 more. How many?"),)
RESPONSES = ("7+12=19\nThe answer is 19.", "It is 20.", "19", "7+12=19\nThe answer is 19.")
SOLUTIONS = [(QUESTION, response) for response in RESPONSES]


def opened(folder: Path, server: FaultyServer, **service: Any) -> RewardModel:
    """The model in a folder, by this server."""
    asked = Service(base_url=server.url, **service)
    place, info = rewards.described(folder, asked)
    return rewards.connect(place, rewards.look(asked, info))


def changed(pools: Pools, change: Callable[[dict[str, Any]], Any]) -> Plan:
    """The server's answers, changed."""

    def plan(request: Request) -> Act:
        act = pools(request)
        if not request.raw or act.status != 200:
            return act
        answer = json.loads(act.body)
        change(answer)
        return Act(body=json.dumps(answer).encode())

    return plan


def test_vllms_outcomes_are_the_folders(outcome: Path, server: FaultyServer) -> None:
    server.plan = pools = Pools(outcome / "model")
    found = opened(outcome, server).outcomes(SOLUTIONS)
    assert found == pytest.approx(rewards.load(outcome).outcomes(SOLUTIONS), abs=1e-5)
    # The first text is asked about both ways, then each different one once, as a raw value.
    assert [asked["use_activation"] for asked in pools.asked] == [False, True, False, False, False]
    assert {request.path for request in server.requests} == {"/v1/models", "/pooling"}


def test_vllms_steps_are_the_folders(process: Path, server: FaultyServer) -> None:
    server.plan = pools = Pools(process / "model")
    model, here = opened(process, server), rewards.load(process)
    for found, own in zip(model.solutions(SOLUTIONS), here.solutions(SOLUTIONS), strict=True):
        assert found.steps == pytest.approx(own.steps, abs=1e-5)
    assert all(asked["use_activation"] for asked in pools.asked)


def test_sglangs_outcomes_are_the_folders(outcome: Path, process: Path, server: FaultyServer) -> None:
    server.plan = Pools(outcome / "model", "sglang")
    found = opened(outcome, server).outcomes(SOLUTIONS)
    assert found == pytest.approx(rewards.load(outcome).outcomes(SOLUTIONS), abs=1e-5)
    with pytest.raises(UsageError, match="one value a text"):
        opened(process, server)


def test_what_sglang_serves_stands_beside_its_list(outcome: Path, server: FaultyServer) -> None:
    pools = Pools(outcome / "model", "sglang")
    for path in ("/model_info", "/get_model_info"):

        def plan(request: Request, path: str = path) -> Act:
            if "model_info" not in request.path:
                return pools(request)
            info = {"model_path": "/models/reward", "served_model_name": "reward", "is_generation": False}
            return Act(body=json.dumps(info).encode()) if request.path == path else error(404, "Not Found")

        server.plan = plan
        served = rewards.look(Service(base_url=server.url), rewards.find(outcome)[1]).served
        assert served is not None
        assert (served.model, served.weights) == ("reward", "/models/reward")
    server.plan = lambda request: error(404) if "model_info" in request.path else pools(request)
    served = rewards.look(Service(base_url=server.url), rewards.find(outcome)[1]).served
    assert served is not None
    assert served.weights == "reward"


def test_a_folder_without_weights_is_enough(outcome: Path, server: FaultyServer, tmp_path: Path) -> None:
    light = shutil.copytree(outcome, tmp_path / "light")
    (light / "model" / "model.safetensors").unlink()
    server.plan = Pools(outcome / "model")
    assert opened(light, server).outcomes(SOLUTIONS[:1]) == pytest.approx(
        rewards.load(outcome).outcomes(SOLUTIONS[:1]), abs=1e-5
    )
    with pytest.raises(DataMismatch):
        rewards.load(light)


def test_the_tokenizer_is_all_that_is_needed_here(
    outcome: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.plan = Pools(outcome / "model")
    monkeypatch.setattr(quiet, "NEEDED", ("transformers", "no_such_library"))
    assert opened(outcome, server).outcomes(SOLUTIONS[:1])
    with pytest.raises(DependencyMissing, match="no_such_library"):
        rewards.load(outcome)
    monkeypatch.setattr(quiet, "TOKENIZER", ("no_such_library",))
    with pytest.raises(DependencyMissing, match="a tokenizer needs no_such_library"):
        opened(outcome, server)


# -- a model of others -------------------------------------------------------------------------


@pytest.fixture
def marked(process: Path, tmp_path: Path) -> tuple[Path, int]:
    """A process model whose tokenizer knows `<extra_0>`, without a description, and that token."""
    import transformers

    folder = tmp_path / "Qwen-PRM"
    shutil.copytree(process / "model", folder)
    (folder / rewards.FILE).unlink()
    with quiet.libraries():
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        tokenizer.add_special_tokens({"additional_special_tokens": ["<extra_0>"]})
        model = transformers.AutoModelForTokenClassification.from_pretrained(folder)
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder, tokenizer.convert_tokens_to_ids("<extra_0>")


def test_a_qwen_prm_is_read_at_its_marks(marked: tuple[Path, int], server: FaultyServer) -> None:
    folder, mark = marked
    pools = server.plan = Pools(folder, step_tag=mark)
    model = opened(folder, server, form="qwen-prm")
    [found] = model.processes([(QUESTION, ["7+12=19", "The answer<extra_0> is 19."])])
    [ids] = pools.asked[-1]["input"]
    expected = pools.values(ids, activation=True)
    assert ids.count(mark) == 2
    assert found == pytest.approx([right for _, right in expected], abs=1e-6)
    with pytest.raises(UsageError, match="has 2 marks"):
        model.steps((Message(role="user", content="What is <extra_0>?"),), ["19"])
    # A server that gives a row for every token says the same.
    server.plan = Pools(folder)
    assert opened(folder, server, form="qwen-prm").steps(
        QUESTION, ["7+12=19", "The answer is 19."]
    ) == pytest.approx(found, abs=1e-6)


def test_what_a_folder_says_itself_is_not_said_twice(
    outcome: Path, process: Path, server: FaultyServer, tmp_path: Path, marked: tuple[Path, int]
) -> None:
    server.plan = Pools(outcome / "model")
    with pytest.raises(UsageError, match="says itself"):
        opened(outcome, server, form="outcome")
    with pytest.raises(DataNotFound, match="no folder"):
        opened(tmp_path / "none", server, form="outcome")
    with pytest.raises(DataNotFound, match="holds no reward model"):
        opened(marked[0], server)
    bare = shutil.copytree(outcome / "model", tmp_path / "bare")
    (bare / rewards.FILE).unlink()
    assert opened(bare, server, form="outcome").outcomes(SOLUTIONS[:1]) == pytest.approx(
        rewards.load(outcome).outcomes(SOLUTIONS[:1]), abs=1e-5
    )
    server.plan = Pools(process / "model")
    with pytest.raises(UsageError, match="as one token"):
        opened(bare, server, form="qwen-prm").steps(QUESTION, ["19"])


# -- servers that are none ---------------------------------------------------------------------


def test_a_chat_server_is_one_line(outcome: Path, server: FaultyServer) -> None:
    pools = Pools(outcome / "model")
    server.plan = lambda request: error(404, "Not Found") if request.raw else pools(request)
    with pytest.raises(RequestRejected, match="answers 404") as said:
        opened(outcome, server).outcomes(SOLUTIONS)
    assert "--runner pooling" in said.value.next_step
    sglang = Pools(outcome / "model", "sglang")
    server.plan = lambda request: error(400, NO_CHAT) if request.raw else sglang(request)
    with pytest.raises(RequestRejected, match="--is-embedding"):
        opened(outcome, server).outcomes(SOLUTIONS)


def test_who_serves_what_is_looked_at_first(
    outcome: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools = Pools(outcome / "model")
    server.plan = pools
    with pytest.raises(ModelNotFound, match="serves reward, and no other"):
        opened(outcome, server, model="other")
    pools.server = "llamacpp"
    with pytest.raises(UsageError, match="neither"):
        opened(outcome, server)
    server.plan = lambda _: error(401, "Unauthorized")
    with pytest.raises(KeyRejected, match="401"):
        opened(outcome, server)
    cards = json.dumps({"data": [{"id": "a", "owned_by": "vllm"}, {"id": "b", "owned_by": "vllm"}]})
    server.plan = lambda _: Act(body=cards.encode())
    with pytest.raises(UsageError, match="serves a, b"):
        opened(outcome, server)
    with pytest.raises(Math500Error, match="refuses the connection"):
        rewards.look(Service(base_url="http://127.0.0.1:9/v1"), rewards.find(outcome)[1])
    monkeypatch.setenv("RM_KEY", "sk-reward-key")
    pools.server, server.plan = "vllm", pools
    opened(outcome, server, key_variable="RM_KEY").outcomes(SOLUTIONS[:1])
    assert server.requests[-1].headers["authorization"] == "bearer sk-reward-key"


# -- values that are none ----------------------------------------------------------------------


def _data(answer: dict[str, Any], make: Callable[[Any], Any]) -> None:
    answer["data"][0]["data"] = make(answer["data"][0]["data"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: _data(a, lambda _: [None]), "no numbers"),
        (lambda a: _data(a, lambda _: []), "no values"),
        (lambda a: a.update(data=[]), "no values"),
        (lambda a: _data(a, lambda x: x * 2), "gives 2 values in a row"),
        (lambda a: _data(a, lambda x: [x, x]), "gives 2 values for one text"),
        (lambda a: _data(a, lambda _: [0.7]), "whether a raw value is asked for or a probability"),
        (lambda a: a["usage"].update(prompt_tokens=1 + a["usage"]["prompt_tokens"]), "tokens of a text of"),
    ],
)
def test_an_outcome_that_is_none_is_refused(
    outcome: Path, server: FaultyServer, change: Callable[[dict[str, Any]], Any], says: str
) -> None:
    server.plan = changed(Pools(outcome / "model"), change)
    with pytest.raises(RequestRejected, match=says):
        opened(outcome, server).outcomes(SOLUTIONS)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: _data(a, lambda rows: rows[:-1]), "values for a solution of 2 steps"),
        (lambda a: _data(a, lambda rows: [[3.0, -1.0], *rows[1:]]), "raw values where probabilities"),
        (lambda a: _data(a, lambda rows: [[p] for p, _ in rows]), "gives 1 values in a row"),
    ],
)
def test_steps_that_are_none_are_refused(
    process: Path, server: FaultyServer, change: Callable[[dict[str, Any]], Any], says: str
) -> None:
    server.plan = changed(Pools(process / "model"), change)
    with pytest.raises(RequestRejected, match=says):
        opened(process, server).solutions(SOLUTIONS[:1])


def test_a_server_that_knows_no_activation_is_found_out(outcome: Path, server: FaultyServer) -> None:
    pools = Pools(outcome / "model")

    def always_activated(request: Request) -> Act:
        if request.raw:
            answer = pools.answer(request.body | {"use_activation": True})
            return Act(body=json.dumps(answer).encode())
        return pools(request)

    server.plan = always_activated
    with pytest.raises(RequestRejected, match="whether a raw value is asked for or a probability"):
        opened(outcome, server).outcomes(SOLUTIONS)


def test_a_busy_server_is_asked_again(outcome: Path, server: FaultyServer) -> None:
    pools = Pools(outcome / "model")
    busy = iter((1, 4))
    after = next(busy)

    def plan(request: Request) -> Act:
        nonlocal after
        if request.raw and len(pools.asked) == after:
            after = next(busy, 0)
            return error(503, "overloaded", headers={"retry-after": "0"})
        return pools(request)

    server.plan = plan
    found = opened(outcome, server).outcomes(SOLUTIONS)
    assert found == pytest.approx(rewards.load(outcome).outcomes(SOLUTIONS), abs=1e-5)
    assert after == 0


# -- a run's samples ---------------------------------------------------------------------------


@pytest.fixture
def run(folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]) -> RunDir:
    answers = (("0", "1", "0"), ("3", "3", "2"), ("4", None, "5"))
    return sampled(folder, manifest_of(samples=3), problems[:3], answers)


def test_rerank_by_a_server_is_rerank_by_the_folder(run: RunDir, process: Path, server: FaultyServer) -> None:
    server.plan = pools = Pools(process / "model")
    service = Service(base_url=server.url)
    found = rerank.rerank(run.path, process, service=service, aggregates=("min", "last"))
    assert found == rerank.rerank(run.path, process, aggregates=("min", "last"))
    there, here = sorted((run.path / "rewards").glob("*.jsonl"))
    assert there.name == here.name.replace(".jsonl", "-served.jsonl")
    kept = msgspec.json.decode(there.with_suffix(".json").read_bytes())
    assert (kept["served"]["server"], kept["served"]["weights"]) == ("vllm", "/models/reward")
    # Nothing is owed: the server may be gone.
    server.plan = lambda _: error(500)
    assert rerank.rerank(run.path, process, service=service, aggregates=("min", "last")) == found
    # A kill left two whole lines and a torn one.
    first = list(run.rewards(there.stem))[:2]
    texts = {key: (key[0], sample.response) for key, sample in run.samples().items()}
    owed = {text for key, text in texts.items() if (*key, 0) not in first}
    pools.asked.clear()
    server.plan = pools
    there.write_bytes(b"".join(there.read_bytes().splitlines(keepends=True)[:2]) + b'{"unique')
    assert rerank.rerank(run.path, process, service=service, aggregates=("min", "last")) == found
    assert len(pools.asked) == len(owed)


def test_what_a_server_gave_before_it_failed_is_kept(
    run: RunDir, outcome: Path, server: FaultyServer
) -> None:
    pools = Pools(outcome / "model")

    longest = 0

    def plan(request: Request) -> Act:
        nonlocal longest
        if request.raw:
            longest = max(longest, len(request.body["input"][0]))
        return pools(request)

    server.plan = plan
    service = Service(base_url=server.url)
    whole = rerank.rerank(run.path, outcome, service=service)
    shutil.rmtree(run.path / "rewards")

    def narrow(request: Request) -> Act:
        if request.raw and len(request.body["input"][0]) == longest:
            return error(400, f"This model's maximum context length is {longest - 1} tokens.")
        return pools(request)

    server.plan = narrow
    with pytest.raises(RequestRejected, match="maximum context length") as said:
        rerank.rerank(run.path, outcome, service=service)
    assert "--max-model-len" in said.value.next_step
    [lines] = (run.path / "rewards").glob("*.jsonl")
    kept = len(lines.read_bytes().splitlines())
    assert 0 < kept < 9
    server.plan = pools
    pools.asked.clear()
    assert rerank.rerank(run.path, outcome, service=service) == whole
    assert len(lines.read_bytes().splitlines()) == 9


def test_the_values_of_two_models_are_not_mixed(run: RunDir, outcome: Path, server: FaultyServer) -> None:
    server.plan = pools = Pools(outcome / "model")
    service = Service(base_url=server.url)
    rerank.rerank(run.path, outcome, service=service)
    [lines] = (run.path / "rewards").glob("*.jsonl")
    lines.write_bytes(b"".join(lines.read_bytes().splitlines(keepends=True)[:4]))
    pools.weights = "/models/another"
    with pytest.raises(RunMismatch, match="/models/another"):
        rerank.rerank(run.path, outcome, service=service)
    assert len(lines.read_bytes().splitlines()) == 4


def test_a_wrong_server_leaves_nothing_behind(
    run: RunDir, outcome: Path, process: Path, server: FaultyServer
) -> None:
    server.plan = Pools(process / "model", weights="/models/prm")
    with pytest.raises(RequestRejected, match="gives 2 values in a row"):
        rerank.rerank(run.path, outcome, service=Service(base_url=server.url))
    server.plan = Pools(outcome / "model", weights="/models/orm")
    found = rerank.rerank(run.path, outcome, service=Service(base_url=server.url))
    assert found == rerank.rerank(run.path, outcome)


def test_a_server_that_changes_under_a_model_is_noticed(outcome: Path, server: FaultyServer) -> None:
    server.plan = pools = Pools(outcome / "model")
    model = opened(outcome, server)
    pools.weights = "/models/another"
    with pytest.raises(RunMismatch, match="/models/another"):
        model.outcomes(SOLUTIONS)


def test_a_served_model_weighs_a_run(
    run_twelve: Command, server: FaultyServer, folder: Path, command: Command, outcome: Path
) -> None:
    pools, written = Pools(outcome / "model"), iter(range(1000))

    def plan(request: Request) -> Act:
        if request.path == "/v1/chat/completions":
            return Act(body=chat(f"I guess.\n\n$\\boxed{{{next(written) % 5}}}$"))
        return pools(request)

    server.plan = plan
    vote = ("--solver", "vote:cot", "--votes", 3, "--temperature", 0.7, "--limit", 4)
    weigh = ("--weigh", "reward", "--reward", outcome, "--reward-base-url", server.url)
    assert run_twelve(*vote, *weigh, "--reward-model", "reward").code == 0
    run = RunDir.open(folder)
    assert run.manifest.reward is not None
    assert run.manifest.reward.served is not None
    assert run.manifest.reward.served.base_url == server.url.removesuffix("/v1")
    here = rewards.load(outcome)
    for problem in run.problems():
        sample = run.samples()[problem.unique_id, 0]
        asked = prompts.messages(run.manifest.prompt, problem.problem)
        own = [here.solution(asked, text) for text in rerank.solutions(run, sample)]
        assert [score.value for score in sample.scores] == pytest.approx(own, abs=1e-5)
    assert command("verify", str(folder)).code == 0
    # The same samples are valued for `rerank`, and a run that is owed one goes on with this model alone.
    asked_for = ("rerank", folder, "--reward", outcome, "--reward-base-url", server.url)
    assert "a vote weighed by it" in command(*asked_for).out
    lines = (folder / "samples.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "samples.jsonl").write_bytes(b"".join(lines[:3]))
    (folder / "seal.json").unlink()
    pools.weights = "/models/another"
    _mistake(command("run", "--resume", folder), 5, "/models/another")
    pools.weights = "/models/reward"
    assert command("run", "--resume", folder).code == 0
    assert len(RunDir.open(folder).samples()) == 4
