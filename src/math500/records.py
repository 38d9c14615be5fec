"""Every value that is written to disk.

The records are frozen structs without behaviour. A run folder holds them as JSON:

    manifest.json      Manifest          what was asked, of whom, with which settings
    problems.jsonl     Problem           the problems of the run, in order
    samples.jsonl      Sample            one line per finished sample, appended, never rewritten
    grades/NAME.jsonl  SampleGrade       one line per graded sample, can always be made again
    summary.json       Summary           the score and its parts, can always be made again

Fields are added, never renamed; a reader ignores fields that it does not know, so that an older
math500 reads a newer folder. Seconds are wall-clock floats, tokens are the endpoint's own counts,
times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Role = Literal["system", "user", "assistant"]
Verdict = Literal["correct", "wrong", "no_answer", "ungraded"]
Place = Literal["path", "cache", "hub", "registry"]
Api = Literal["chat", "completions", "responses"]


class Record(Struct, frozen=True, kw_only=True):
    """The base of all records: frozen, fields by name."""


# -- problems --------------------------------------------------------------------------------


class Problem(Record, frozen=True, kw_only=True):
    """One row of a problem set; field names are those of MATH-500's own files."""

    problem: str
    """The question, in LaTeX."""
    answer: str
    """The reference answer, in LaTeX, without its box."""
    unique_id: str
    """Such as `test/precalculus/807.json`; unique within the set."""
    solution: str = ""
    """The reference solution, where the set has one."""
    subject: str = ""
    level: int | None = None
    """1 (easy) to 5 (hard); None where the set has none or writes `Level ?`."""


class Step(Record, frozen=True, kw_only=True):
    """One place that was looked at while finding a problem set or a model file."""

    place: Place
    location: str
    """The path, the hub's repository and revision, or the registry archive's name and version."""
    outcome: str
    """`used`, or why not."""


class DataSource(Record, frozen=True, kw_only=True):
    """Where a problem set came from and what proves that it is the right one."""

    name: str
    """`math500`, `math-train`, ..., or the file's name for a user's own set."""
    place: Place
    location: str
    rows: int
    sha256: str
    """Of the canonical rows: the hash is the same for every faithful copy, whatever its file format."""
    verified: bool
    """The hash is the known one. False only for a user's own set."""
    steps: tuple[Step, ...] = ()


class Selection(Record, frozen=True, kw_only=True):
    """Which of the set's problems a run is about; the problems themselves are in problems.jsonl."""

    limit: int | None = None
    subjects: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()
    shuffle_seed: int | None = None
    """With `limit`: a seeded sample instead of the first rows."""
    count: int = 0
    """Problems selected."""


# -- asking ----------------------------------------------------------------------------------


class Message(Record, frozen=True, kw_only=True):
    """One chat message."""

    role: Role
    content: str


class Shot(Record, frozen=True, kw_only=True):
    """A worked example shown before the question."""

    problem: str
    solution: str
    answer: str


class Prompt(Record, frozen=True, kw_only=True):
    """A named way to ask, complete: with it and a problem the messages can be made again."""

    name: str
    template: str
    """The user message; `{problem}` stands for the question."""
    source: str
    """Where the wording comes from (paper, file and line, or report)."""
    description: str = ""
    language: Literal["en", "zh"] = "en"
    system: str | None = None
    """The system message, or None for no system message at all."""
    shot_template: str = ""
    """One worked example; `{problem}`, `{solution}` and `{answer}` stand for its parts."""
    shots: tuple[Shot, ...] = ()
    shot_keys: tuple[str, ...] = ()
    """`prompts.key` of the MATH train problems that `shots` is filled from when the prompt is used."""
    stop: tuple[str, ...] = ()
    """Strings at which the endpoint ends a generation."""


class Decoding(Record, frozen=True, kw_only=True):
    """How tokens are chosen. None leaves a setting out of the request: the endpoint's default holds."""

    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = None
    """The limit on generated tokens, thinking included."""
    seed: int | None = None
    """Sent with sample 0; sample i sends seed + i."""


class ModelInfo(Record, frozen=True, kw_only=True):
    """Which model was asked, and where. Never holds a key."""

    name: str
    """As typed: `embedded`, `openai/gpt-4o-mini`, `my-model`."""
    served_name: str
    """As sent to the endpoint."""
    base_url: str
    """Without user and password; empty for the embedded model."""
    detail: dict[str, str | int | float | bool | None] = {}
    """For the embedded model: file, sha256, engine and its version, threads, slots, context."""


class Price(Record, frozen=True, kw_only=True):
    """What a model's tokens cost, without discounts for cached prompts."""

    model: str
    """The row of the price list, such as `openai/gpt-4o-mini`, or `given` for the user's own numbers."""
    prompt: float
    """US dollars per million prompt tokens."""
    completion: float
    """US dollars per million generated tokens, thinking included."""
    source: str = ""
    date: str = ""
    """When the source said so, as YYYY-MM-DD."""


class Timeouts(Record, frozen=True, kw_only=True):
    """Seconds that are waited for one answer. They leave room for models that think for minutes."""

    connect: float = 10.0
    first_byte: float = 900.0
    """From the request's last byte to the answer's first; all of the thinking when not streaming."""
    between_bytes: float = 300.0
    total: float = 3600.0


class Budget(Record, frozen=True, kw_only=True):
    """The user's own limits for a whole run, resumes included; reaching one stops it. None for no limit."""

    requests: int | None = None
    """Requests sent, failed ones included."""
    tokens: int | None = None
    """Prompt and completion tokens."""
    cost: float | None = None
    """US dollars."""


class Asking(Record, frozen=True, kw_only=True):
    """How the endpoint is asked: everything about it but the key and other secrets."""

    api: Api = "chat"
    base_urls: tuple[str, ...] = ()
    """More than one where a model is served at several addresses."""
    stream: bool = False
    hedge: bool = False
    batch: bool = False
    """Through the vendor's batch queue, at half the price and within a day."""
    key_variable: str | None = None
    """The environment variable that holds the key, where the user names one."""
    headers: tuple[str, ...] = ()
    """Names of headers that the user adds; their values are not kept."""
    proxy: str | None = None
    """As the user named it, without its password; None for what the environment says."""
    ca_file: str | None = None
    timeouts: Timeouts = Timeouts()
    budget: Budget = Budget()


class Generation(Record, frozen=True, kw_only=True):
    """One completion of a model."""

    text: str
    """The content as the endpoint gave it, `<think>` blocks included."""
    reasoning: str = ""
    """What the endpoint returned apart from the content (`reasoning_content`)."""
    finish_reason: str = ""
    """`stop`, `length`, ... as the endpoint says; empty when it said nothing."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    seconds: float = 0.0
    """From sending the successful request to its last byte."""
    first_token_seconds: float | None = None
    """From sending the successful request to its first token; only where the answer was streamed."""
    attempts: int = 1
    """Requests sent for it, the successful one included."""
    request_id: str = ""
    model: str = ""
    """The model's name in the endpoint's answer."""


class Failure(Record, frozen=True, kw_only=True):
    """Why a sample has no response. Ours or the endpoint's fault, never the model's wrong answer."""

    kind: str
    """One word out of the client's table of answers."""
    detail: str
    attempts: int = 1
    """Requests that were sent for it."""


class Sample(Record, frozen=True, kw_only=True):
    """One try at one problem, as it was collected."""

    unique_id: str
    index: int
    """0 to k-1 of k samples a problem."""
    response: str
    """What is graded: the last generation's text for a single chain of thought."""
    generations: tuple[Generation, ...] = ()
    failure: Failure | None = None
    """Set when no response could be had; such a sample is owed again on resume."""
    started: str = ""
    seconds: float = 0.0


# -- grading ---------------------------------------------------------------------------------


class Grade(Record, frozen=True, kw_only=True):
    """What one response is worth against one reference answer, and why."""

    verdict: Verdict
    extracted: str | None = None
    """The answer found in the response."""
    rule: str = ""
    """The extraction rule that found it."""
    stage: str = ""
    """The comparison that decided."""
    reason: str = ""
    """In words; always set for `ungraded`."""
    seconds: float = 0.0


class SampleGrade(Record, frozen=True, kw_only=True):
    """The grade of one sample in a run."""

    unique_id: str
    index: int
    grade: Grade


# -- a run -----------------------------------------------------------------------------------


class Manifest(Record, frozen=True, kw_only=True):
    """All that decides a run's score, written before the first request."""

    run_id: str
    created: str
    math500_version: str
    data: DataSource
    selection: Selection
    prompt: Prompt
    decoding: Decoding
    samples: int
    """Samples per problem."""
    model: ModelInfo
    grader: str
    """Name and version of the grader, such as `math500/1`."""
    solver: str = "cot"
    concurrency: int = 1
    asking: Asking = Asking()
    price: Price | None = None
    """What the model's tokens cost; None where that is not known."""
    command: tuple[str, ...] = ()
    """The arguments as typed."""
    packages: dict[str, str] = {}
    """Versions of math500, Python and the libraries that matter."""
    platform: str = ""
    format: int = 1
    """Raised when a reader of the older format would misread the folder."""


class Estimate(Record, frozen=True, kw_only=True):
    """A mean with its 95 % interval; all three are fractions between 0 and 1."""

    value: float
    low: float
    high: float
    n: int
    """Problems behind it."""
    method: str = ""
    """How the interval was made."""


class Part(Record, frozen=True, kw_only=True):
    """The score of one subject or level."""

    name: str
    score: Estimate


class Summary(Record, frozen=True, kw_only=True):
    """The score of a run and its parts. `score` is None when nothing was graded."""

    grader: str
    score: Estimate | None
    problems: int
    samples: int
    """Samples asked for: problems x samples per problem."""
    correct: int
    wrong: int
    no_answer: int
    ungraded: int
    """The grader could not tell; kept out of the score."""
    failed: int
    """No response could be had; kept out of the score, owed on resume."""
    missing: int
    """Not collected yet."""
    truncated: int
    """Responses that ended at the token limit."""
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """Wall-clock time spent collecting, summed over resumes."""
    cost: float | None = None
    """US dollars for these tokens, without discounts; None where the price is not known."""
    by_subject: tuple[Part, ...] = ()
    by_level: tuple[Part, ...] = ()
    rules: dict[str, int] = {}
    """Extraction rule to the number of responses that it found an answer in."""


# -- the self-test (printed, not kept) ----------------------------------------------------------


class Check(Record, frozen=True, kw_only=True):
    """How one part of the path treated right and wrong answers."""

    part: str
    """`grader`, `run` or `lm-eval`."""
    name: str
    """The style, prompt or task."""
    n: int
    right: int
    """Right answers that were accepted; should be `n`."""
    wrong: int
    """Wrong answers that were accepted; should be 0."""
    ids: tuple[str, ...] = ()
    """The first problems that were treated wrongly, where they are known."""

    @property
    def passed(self) -> bool:
        """All of the right ones, none of the wrong ones."""
        return self.right == self.n and self.wrong == 0


class Report(Record, frozen=True, kw_only=True):
    """The outcome of a self-test."""

    data: str
    checks: tuple[Check, ...]
    skipped: tuple[str, ...]
    """What was not checked, and why."""
    seconds: float


# -- the doctor's findings (printed, not kept) --------------------------------------------------


class Finding(Record, frozen=True, kw_only=True):
    """One thing about an endpoint, in plain words."""

    about: str
    """`data`, `proxy`, `connection`, `key`, `quota`, `model`, `chat template`, `stop reason`, `reasoning`,
    `token limit`, `tokens`, `grading`, `clock`, `speed`."""
    state: Literal["ok", "note", "fail"]
    what: str
    next_step: str = ""


class Diagnosis(Record, frozen=True, kw_only=True):
    """Whether a run can begin."""

    model: str
    base_url: str
    findings: tuple[Finding, ...]
    exit_code: int
    """0 where a run can begin, else the code that a run would end with."""
