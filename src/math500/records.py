"""Every value that is written to disk.

The records are frozen structs without behaviour. A run folder holds them as JSON:

    manifest.json      Manifest          what was asked, of whom, with which settings
    problems.jsonl     Problem           the problems of the run, in order
    samples.jsonl      Sample            one line per finished sample, appended, never rewritten
    turns.jsonl        Turn              completions inside solutions of several; only needed to resume
    grades/NAME.jsonl  SampleGrade       one line per graded sample, can always be made again
    judges/NAME.json   Judging           a model that judges the run's answers, and how it is asked
    judges/NAME.jsonl  Judgement         its replies, appended; each was paid for
    rewards/NAME.json  RewardInfo        a reward model that valued the run's solutions
    rewards/NAME.jsonl SampleReward      what it said of each, appended, can always be made again
    batches.jsonl      BatchPart         where a run through a batch queue stands, appended
    summary.json       Summary           the score and its parts, can always be made again
    gap.json           Gap               the score against a published one, can always be made again
    seal.json          Seal              size and sha256 of the files that only grow

A training set's folder (`synth/dataset.py`):

    rows.jsonl         CompletionRow, PreferenceRow, StepRow or QuestionRow: what a trainer reads
    left_out.jsonl     LeftOut                          what is no row, and why
    draft.json         Plan                             while it is made: with which settings
    manifest.json      TrainingSet                      where the rows come from, and that they are clean

A training's folder (`train/folder.py`):

    training.json      Training          the set, the start and the settings; written once
    log.jsonl          TrainingStep      one line per step, appended
    held_start.json    HeldStart         before the first step of `grpo` and `ppo`
    outcome.json       TrainingOutcome   written at the end
    model/reward.json  RewardInfo        what a reward model is, beside its weights
    model/problems.json  RewardProblems  and what it was trained on

Fields are added, never renamed; a reader ignores fields that it does not know, so that an older
math500 reads a newer folder. Seconds are wall-clock floats, tokens are the endpoint's own counts,
times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Role = Literal["system", "user", "assistant", "tool"]
Verdict = Literal["correct", "wrong", "no_answer", "ungraded"]
Aggregate = Literal["min", "product", "last", "mean"]
Place = Literal["path", "cache", "hub", "registry"]
Verification = Literal["", "true", "false", "uncertain"]
Walls = Literal["namespaces", "landlock", "none"]
Weigh = Literal["equal", "verified", "length", "logprob", "judge", "reward"]
Why = Literal[
    "failed_request",
    "could_not_tell",
    "refused",
    "loop",
    "cut_off",
    "among_several",
    "changed_mind",
    "asked_form",
    "other_grader",
    "no_answer",
    "near_miss",
    "wrong",
]
"""Why a sample is not correct, in the order in which the reasons are tried (docs/failures.md)."""
Stopping = Literal["final", "beta"]
ChooseBy = Literal["subject", "similarity"]
Api = Literal["chat", "completions", "responses"]
PoolingServer = Literal["vllm", "sglang"]


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


# -- running model-written code ----------------------------------------------------------------


class Protection(Record, frozen=True, kw_only=True):
    """What keeps model-written code in, on this machine."""

    walls: Walls
    """`namespaces` (own file system, processes, network), `landlock` (the machine's file system, a few paths
    of it, read-only), or `none`."""
    landlock: int = 0
    """The version of the kernel's landlock interface; 0 for none."""
    seccomp: bool = False
    """System calls are filtered."""
    why: str = ""
    """Why it is not better; empty for the best."""


class Execution(Record, frozen=True, kw_only=True):
    """One block of model-written code and what came of it."""

    code: str
    output: str = ""
    """What it printed, as much of it as is kept."""
    error: str = ""
    """Python's own report of the error, or how the process ended; empty for none."""
    ended: Literal["", "time", "output", "crash"] = ""
    """Why the session had to be ended, its variables lost with it; empty when it goes on."""
    cut: bool = False
    """The output was longer than what is kept."""
    seconds: float = 0.0


# -- asking ----------------------------------------------------------------------------------


class ToolCall(Record, frozen=True, kw_only=True):
    """A model's request to run a tool, as it wrote it."""

    id: str
    """Which call a tool's answer belongs to."""
    name: str
    arguments: str
    """JSON as it should be; nothing is mended."""


class Tool(Record, frozen=True, kw_only=True):
    """A function that a model may call."""

    name: str
    description: str
    parameters: dict[str, Any]
    """The JSON schema of its arguments."""


class Extras(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What a request asks for beside a text."""

    tools: tuple[Tool, ...] = ()
    tool_choice: Literal["auto", "none"] = "auto"
    """`none`: the tools stay known, and none may be called."""
    logprobs: bool = False
    """The log probability of every token."""
    judge: bool = False
    """The run's judge is asked, not its model."""


class Message(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One chat message; what is empty is not written, so that a request's hash stays what it was."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    """Of the assistant."""
    tool_call_id: str = ""
    """Of a tool's answer: the call that it answers."""
    reasoning: str = ""
    """Of the assistant, beside tool calls: some models go on with it and are refused without it."""


class Shot(Record, frozen=True, kw_only=True):
    """A worked example shown before the question."""

    problem: str
    solution: str
    answer: str


class Shown(Record, frozen=True, kw_only=True):
    """Which examples one problem was shown."""

    unique_id: str
    """The problem's."""
    examples: tuple[str, ...]
    """Ids of the examples, in the order shown; the last one stands next to the question."""


class ChosenShots(Record, frozen=True, kw_only=True):
    """Worked examples that were chosen for each problem, complete."""

    by: ChooseBy
    count: int
    """Examples for each problem."""
    seed: int
    method: str
    """How they were chosen, with a version: `drawn/1`, `bm25/1`."""
    source: str
    """The set that they come from."""
    sha256: str
    """Of that set's canonical rows."""
    near: int
    """Near duplicates of their question that were passed over (docs/solvers.md)."""
    digest: str
    """The sha256 of all examples of all questions, in order."""
    shown: dict[str, Shown]
    """By `prompts.key` of the question."""
    shots: dict[str, Shot]
    """Every example that is shown, once, by its id."""


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
    reply_template: str = ""
    """What a chosen example's answer says, `{solution}` and `{answer}` standing for its parts; empty where it
    follows from `shot_template`, or is the solution alone."""
    chosen: ChosenShots | None = None
    """Examples chosen for each problem, shown as turns of the conversation, in place of `shots`."""


class Decoding(Record, frozen=True, kw_only=True):
    """How tokens are chosen. None leaves a setting out of the request: the endpoint's default holds."""

    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = None
    """The limit on generated tokens, thinking included."""
    seed: int | None = None
    """What the samples' seeds are made of, together with the problem (`solve.seed_of`)."""


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


class Prices(Record, frozen=True, kw_only=True):
    """The prices by which a run is accounted, where they were given after it was begun; None for its own."""

    model: Price | None = None
    judge: Price | None = None


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


class BatchPart(Record, frozen=True, kw_only=True):
    """One file of requests in the vendor's batch queue, and how far it is."""

    number: int
    """1 for the first of a run."""
    stage: Literal["uploaded", "created", "fetched"]
    file_id: str
    keys: tuple[tuple[str, int], ...]
    """The samples that it asks for, in order: problem id and index."""
    batch_id: str = ""
    status: str = ""
    """In the vendor's words: `in_progress`, `completed`, `expired`, ..."""


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
    tool_calls: tuple[ToolCall, ...] = ()
    """What the model asks to be run, where it was offered tools."""
    logprob: float | None = None
    """The sum of its tokens' log probabilities, where they were asked for."""
    logprob_tokens: int = 0
    """How many tokens that sum is over."""
    attempts: int = 1
    """Requests sent for it, the successful one included."""
    request_id: str = ""
    model: str = ""
    """The model's name in the endpoint's answer."""


class Turn(Record, frozen=True, kw_only=True):
    """One completion inside a solution of several, kept so that a killed run does not pay for it again."""

    unique_id: str
    index: int
    request: str
    """The hash of what was asked; the same request is answered with the same completion on resume."""
    generation: Generation
    judge: bool = False
    """It is the judge's reply, not the model's."""


class Failure(Record, frozen=True, kw_only=True):
    """Why a sample has no response. Ours or the endpoint's fault, never the model's wrong answer."""

    kind: str
    """One word out of the client's table of answers."""
    detail: str
    attempts: int = 1
    """Requests that were sent for it."""


class Ballot(Record, frozen=True, kw_only=True):
    """One answer that was voted for."""

    answer: str
    """As its first voter wrote it."""
    votes: int
    """Responses that gave this answer, or one of the same value."""
    weight: float
    """The sum of their weights, `votes` where all weigh the same; the heaviest voter's where the best one
    is taken."""
    voters: tuple[int, ...]
    """Which of the k responses they were, from 0 on."""
    weights: tuple[float, ...] = ()
    """What each of them weighs, in the same order; empty where all weigh the same."""


class Score(Record, frozen=True, kw_only=True):
    """What a judge gave to one of a vote's responses."""

    voter: int
    """Which of the k responses it was, from 0 on."""
    value: float | None
    """0 to 1; None when no reply could be read."""
    generations: tuple[Generation, ...] = ()
    """The judge's replies; a second one when the first could not be read."""


class Sample(Record, frozen=True, kw_only=True):
    """One try at one problem, as it was collected."""

    unique_id: str
    index: int
    """0 to k-1 of k samples a problem."""
    response: str
    """What is graded: the last generation's text for a single chain of thought."""
    generations: tuple[Generation, ...] = ()
    executions: tuple[Execution, ...] = ()
    """The model's code that was run for it, in order."""
    ballots: tuple[Ballot, ...] = ()
    """What a vote came to, the winner first; empty without a vote."""
    scores: tuple[Score, ...] = ()
    """What a judge gave to the responses of a vote that it weighs."""
    verification: Verification = ""
    """What the model found when it checked its own answer by code; empty where it was not asked to."""
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


class GradeStep(Record, frozen=True, kw_only=True):
    """One step of a grading decision, in words."""

    step: Literal["part", "rule", "answer", "read", "decided", "convention", "key"]
    what: str


class SampleGrade(Record, frozen=True, kw_only=True):
    """The grade of one sample in a run."""

    unique_id: str
    index: int
    grade: Grade


# -- a judge ---------------------------------------------------------------------------------


class JudgeForm(Record, frozen=True, kw_only=True):
    """A way to ask a model whether an answer is right, complete."""

    name: str
    """`equality` or `verdict`."""
    version: int
    """Raised when a reply can change, or be read otherwise."""
    template: str
    """The message; `{question}`, `{reference}` and `{answer}` stand for quoted blocks, `{shown}` for what the
    last block is."""
    reminder: str
    """Added when the first reply could not be read."""
    source: str
    """Where the idea comes from."""
    description: str = ""
    words: dict[Verdict, str] = {}
    """What a reply may say, as a regular expression, and the verdict that it stands for."""
    ending: bool = False
    """A response in which the rule found no answer is judged by its end."""


class Judging(Record, frozen=True, kw_only=True):
    """A judge: with it, a problem and a `Judgement` the request can be made again to the letter."""

    name: str
    created: str
    math500_version: str
    model: ModelInfo
    form: JudgeForm
    decoding: Decoding
    salt: str
    """The marks around quoted text are made of it: nobody who wrote a response could know them."""
    asking: Asking = Asking()
    price: Price | None = None
    format: int = 1
    """Raised when a reader of the older format would misread it; a judge may be younger than its run."""


class Judgement(Record, frozen=True, kw_only=True):
    """One reply of a judge, or why there is none."""

    unique_id: str
    index: int
    attempt: int
    """1, or 2 when the first reply could not be read."""
    shown: str
    """What was judged, as the judge saw it."""
    ending: bool = False
    """That was the response's end, since the rule found no answer in it."""
    said: Verdict | Literal[""] = ""
    """What the reply was read as; empty when it could not be read, or is not there."""
    generation: Generation | None = None
    failure: Failure | None = None


class Overruled(Record, frozen=True, kw_only=True):
    """A sample that the rule and the judge do not see alike."""

    unique_id: str
    index: int
    rule: Verdict
    judge: Verdict
    extracted: str | None
    reference: str
    said: str
    """The judge's words, or the rule's reason where the judge was not asked."""


class JudgeReport(Record, frozen=True, kw_only=True):
    """What a judge made of a run, beside the rule."""

    grader: str
    """The name of the judge's grades; `grades/` has them under it."""
    model: str
    form: str
    scope: str
    """`cascade`, `wrong` or `all`."""
    rule: str
    """The rule's name and version."""
    rule_score: Estimate | None
    score: Estimate | None
    difference: Difference | None
    """The judge's score minus the rule's, in pairs, over the problems that both graded."""
    judged: int
    """Samples whose grade the judge gave."""
    unreadable: int
    """Of these, samples with two replies that could not be read; they are `ungraded`."""
    owed: int
    """Samples that are still to be judged; the same command goes on with them."""
    requests: int
    """All that were ever sent to this judge for this run."""
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    """US dollars for these tokens; None where the price is not known."""
    compared: int
    """Judged samples on which the rule has a verdict too."""
    agreed: int
    """Of these, samples that both call correct, or both do not."""
    kappa: float | None
    """Cohen's, over the compared samples; None where chance alone would agree on all of them."""
    kappa_low: float | None = None
    kappa_high: float | None = None
    """Its 95 % bootstrap interval over problems."""
    gained: int = 0
    """Samples that are correct by the judge alone."""
    lost: int = 0
    """Samples that are correct by the rule alone."""
    overruled: tuple[Overruled, ...] = ()


# -- a run -----------------------------------------------------------------------------------


class SolverInfo(Record, frozen=True, kw_only=True):
    """A solver's name and settings."""

    name: str = "cot"
    """`cot`, `tools`, ..., or `vote:` and one of them."""
    rounds: int = 4
    """Replies whose code is run, for solvers with tools."""
    votes: int | None = None
    """Solutions at most, for a vote."""
    confidence: float | None = None
    """A vote stops when its leading answer wins with this confidence; None always asks `votes` times."""
    weigh: Weigh = "equal"
    """What a vote weighs."""
    stopping: Stopping = "beta"
    """What the confidence is about (docs/solvers.md). An older manifest says nothing and means `beta`."""
    judge: str | None = None
    """The model that weighs a vote, as typed."""
    reward: str | None = None
    """The folder of the reward model that weighs a vote, as typed."""
    aggregate: Aggregate = "min"
    """How the values of a solution's steps become one, where it values steps."""
    pick: Literal["vote", "best"] = "vote"
    """The answer with the most weight, or the one response that weighs most."""
    tool_calls: Literal["prompt", "native"] = "prompt"
    """How code is asked for: as a block in the text, or as a call of the endpoint's own protocol."""


class Scoring(Record, frozen=True, kw_only=True):
    """A judge that scores a vote's responses: with it and a response the request can be made again."""

    model: ModelInfo
    asking: Asking
    decoding: Decoding
    form: str
    """Name and version of the wording, such as `score/1`."""
    salt: str
    """The marks around quoted text are made of it."""
    price: Price | None = None


class LogFile(Record, frozen=True, kw_only=True):
    """A file that an imported run was read from."""

    name: str
    sha256: str
    size: int
    """Bytes."""


class Origin(Record, frozen=True, kw_only=True):
    """Where an imported run comes from: the log of another harness."""

    harness: str
    """`lm-eval`, `inspect`, ...; `jsonl` for plain rows."""
    version: str = ""
    """The harness' own version, where logged."""
    task: str = ""
    """The harness' name for what was evaluated."""
    imported: str
    """When the folder was made; the manifest's `created` is the log's own time where it has one."""
    files: tuple[LogFile, ...] = ()
    graders: tuple[str, ...] = ()
    """The harness' own verdicts, as graders of this run: `lm-eval/exact_match`."""
    reported: dict[str, float] = {}
    """The harness' own totals, under its own names."""
    shots: int | None = None
    """Worked examples in the prompt, where logged."""
    unknown: tuple[str, ...] = ()
    """What the log does not state: `max_tokens`, `temperature`, `prompt`, `finish_reason`, ... A None in the
    manifest means unknown for these, not "left out of the request"."""
    notes: tuple[str, ...] = ()
    """What was unmatched, repeated, missing or left out, in sentences."""


class Plugin(Record, frozen=True, kw_only=True):
    """Something that another package brings."""

    kind: Literal["prompts", "solvers", "graders", "data"]
    name: str
    package: str
    version: str
    """The package's."""
    target: str
    """Where it is within the package: `module:name`."""


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
    solver_settings: SolverInfo = SolverInfo()
    protection: Protection | None = None
    """What keeps model-written code in; None where none is run."""
    scoring: Scoring | None = None
    """The judge that weighs a vote; None where none does."""
    reward: RewardInfo | None = None
    """The reward model that weighs a vote; None where none does."""
    concurrency: int = 1
    asking: Asking = Asking()
    price: Price | None = None
    """What the model's tokens cost; None where that is not known."""
    command: tuple[str, ...] = ()
    """The arguments as typed."""
    packages: dict[str, str] = {}
    """Versions of math500, Python and the libraries that matter."""
    plugins: tuple[Plugin, ...] = ()
    """What of the run other packages brought."""
    platform: str = ""
    origin: Origin | None = None
    """Set when the run was imported: it was asked elsewhere and cannot be resumed."""
    format: int = 1
    """Raised when a reader of the older format would misread the folder. A new folder has the newest."""
    sealed: bool = False
    """The folder gets a seal.json when the process that writes it is done. False for older folders."""
    texts_left_out: bool = False
    """The problems' texts were left out when the folder was packed; marks stand in their places."""
    responses_left_out: bool = False
    """So were the model's words, for good: their lengths and hashes stand in their places."""
    reshaped: bool = False
    """The problems were made out of the selected ones: a probe's halves, what `synth` asks."""


class SealedFile(Record, frozen=True, kw_only=True):
    """What one file of a run folder held when it was sealed."""

    size: int
    """Bytes; what was appended later comes after them."""
    sha256: str
    """Of these bytes."""
    sealed: str
    """When."""


class Seal(Record, frozen=True, kw_only=True):
    """What the files of a run folder held when the last process that wrote it was done."""

    files: dict[str, SealedFile] = {}
    """By name within the folder."""


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


class Paid(Record, frozen=True, kw_only=True):
    """What a run has taken: the completions in its samples, and those in none.

    A sample that failed holds none of its completions, and one that was begun again may hold others than at
    first (docs/decisions/money-and-batches.md).
    """

    prompt_tokens: int
    completion_tokens: int
    judge_prompt_tokens: int = 0
    judge_completion_tokens: int = 0
    """Of the judge of a vote, which is not in the counts above."""
    cost: float | None = None
    """US dollars for all four, without discounts; None where a price is not known."""


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
    """US dollars for these tokens and the judge's, without discounts; None where a price is not known."""
    judge_prompt_tokens: int = 0
    judge_completion_tokens: int = 0
    """What the judge of a vote took, which is not in the counts above."""
    unscored: int = 0
    """Responses of a vote whose score by the judge could not be read; they weigh nothing."""
    by_subject: tuple[Part, ...] = ()
    by_level: tuple[Part, ...] = ()
    rules: dict[str, int] = {}
    """Extraction rule to the number of responses that it found an answer in."""
    paid: Paid | None = None
    """All that was asked for the run; None where an older math500 wrote the summary."""
    uncounted: int | None = None
    """Completions, a judge's and those in no sample among them, whose tokens the endpoint did not count: the
    tokens and costs here leave them out. None where an older math500 wrote the summary."""


# -- several graders over one run (made from a run, not kept in it) ------------------------------


class GraderScore(Record, frozen=True, kw_only=True):
    """A run's score under one grader."""

    grader: str
    """As its grades are kept: `minerva-1`."""
    score: Estimate | None
    correct: int
    wrong: int
    no_answer: int
    ungraded: int
    """The grader could not tell, or has not graded them; kept out of the score."""


class Agreement(Record, frozen=True, kw_only=True):
    """How two graders judge the same samples; those that one of them could not tell are left out."""

    first: str
    second: str
    n: int
    """Samples that both decided."""
    same: int
    """Both correct, or both not."""
    first_only: int
    """Accepted by the first alone."""
    second_only: int


class Disagreement(Record, frozen=True, kw_only=True):
    """A sample that some graders accept and others do not."""

    unique_id: str
    index: int
    answer: str
    """The reference."""
    grades: dict[str, Grade]


class GraderTable(Record, frozen=True, kw_only=True):
    """A run under several graders."""

    run: str
    """The run's id."""
    grader: str
    """The run's own."""
    scores: tuple[GraderScore, ...]
    agreement: tuple[Agreement, ...]
    """Each pair once."""
    disagreements: tuple[Disagreement, ...]
    """The most evenly split first."""


# -- failures (made from a run, not kept in it) -------------------------------------------------


class Reason(Record, frozen=True, kw_only=True):
    """Why one sample is not correct, with what shows it."""

    unique_id: str
    index: int
    why: Why
    kind: str = ""
    """The sub-kind, such as `sign` of a near miss or `counting` of a loop; empty where there is none."""
    evidence: str = ""
    """One sentence with the numbers behind it, for a person to check."""
    start: int | None = None
    """Offset in the response of the passage that shows it, in characters; None when no passage does."""
    end: int | None = None
    """Offset behind that passage."""
    value: str | None = None
    """The value that the reason is about: the right one found elsewhere, or the extracted one that misses."""
    numbers: dict[str, float] = {}
    """What was measured, such as `period` (characters) and `repeats` of a loop, or `tokens`."""


class ReasonCount(Record, frozen=True, kw_only=True):
    """How often one reason is given, and what the score would be without it."""

    why: Why
    samples: int
    problems: int
    """Problems with at least one such sample."""
    share: Estimate
    """Of the run's collected samples, averaged over problems."""
    kinds: dict[str, int] = {}
    """Sub-kind to samples, the most frequent first."""
    by_subject: dict[str, int] = {}
    by_level: dict[str, int] = {}
    upper: Estimate | None = None
    """The score if each of these samples were correct: the most that this reason can cost."""
    assumed: Estimate | None = None
    """The score under the assumption in words below; None where no assumption is defensible."""
    assumption: str = ""


class Tally(Record, frozen=True, kw_only=True):
    """The reasons of a run, counted; `counts` is in the order in which the reasons are tried."""

    grader: str
    score: Estimate | None
    samples: int
    """Collected samples, failed ones included."""
    correct: int
    counts: tuple[ReasonCount, ...] = ()


class Change(Record, frozen=True, kw_only=True):
    """One sample that is not correct in at least one of two runs."""

    unique_id: str
    index: int
    change: Literal["fixed", "new", "same", "other_reason"]
    """`fixed`: not correct before, correct now; `new`: the other way round."""
    before: Why | None = None
    after: Why | None = None


class Changes(Record, frozen=True, kw_only=True):
    """The failures of two runs side by side."""

    before: str
    """The run ids."""
    after: str
    compared: int
    """Samples that both runs collected."""
    left_out: int
    """Samples that one of them did not collect."""
    changes: tuple[Change, ...] = ()
    differences: tuple[Compared, ...] = ()
    """The fields in which the runs' protocols differ, or may differ."""


# -- a gap -----------------------------------------------------------------------------------


class Difference(Record, frozen=True, kw_only=True):
    """A difference of two scores with its 95 % interval; fractions from -1 to 1, so 0.079 is 7.9 points."""

    value: float
    low: float
    high: float
    n: int
    """Problems behind it."""
    method: str = ""
    """How the interval was made."""


class PublishedScore(Record, frozen=True, kw_only=True):
    """One published score; what its source does not state is empty."""

    model: str
    """The hub's id, or `owner/api-name`."""
    called: str
    """What the source calls it, mode included."""
    score: str
    """In percent, as printed: `90` and `90.0` say different things."""
    data: str
    """`MATH-500` or `MATH-5000`, the whole test set of MATH."""
    source: str
    ref: str
    """Where it is to be found."""
    date: str = ""
    reporter: str
    """`vendor:WHO` or `third_party:WHO`."""
    confidence: str
    """`verified`, `secondary` or `memory`, with what else is to be said."""
    metric: str = ""
    shots: str = ""
    cot: str = ""
    temperature: str = ""
    top_p: str = ""
    max_tokens: str = ""
    samples: str = ""
    prompt: str = ""
    grader: str = ""


class PublishedModel(Record, frozen=True, kw_only=True):
    """A model that scores are published of."""

    model: str
    rows: tuple[PublishedScore, ...]
    """Its own first, then those of its dated snapshots."""
    versions: tuple[str, ...]
    """The model and its snapshots that rows are of."""
    names: tuple[str, ...]
    """What it is called."""


class Fit(Record, frozen=True, kw_only=True):
    """A printed score against a number of problems."""

    n: int
    right: int | None
    """How many are right when the score prints so; None when no number of them does."""
    samples: int | None
    """The fewest samples a problem with which a mean can print so; None for none that was tried."""


class Forensics(Record, frozen=True, kw_only=True):
    """What a score says with nothing else known."""

    score: str
    fits: dict[str, Fit]
    """By the name of the set."""
    exact: tuple[PublishedScore, ...]
    """Published scores that print the same."""
    near: tuple[PublishedScore, ...]
    """Those within 0.3 points, the nearest first."""


ClaimVerdict = Literal[
    "supported", "version-specific", "name wrong", "no such model", "other set", "contradicted",
    "plausible", "not this set", "impossible", "unknown",
]  # fmt: skip


class Claim(Record, frozen=True, kw_only=True):
    """A claimed score, and what the registry says of it."""

    model: str
    score: str
    data: str
    verdict: ClaimVerdict
    why: str
    """In words, with the numbers."""
    evidence: tuple[PublishedScore, ...] = ()
    """The rows that show it."""


class Reference(Record, frozen=True, kw_only=True):
    """A number that a score is compared with, as far as its settings are stated."""

    score: float
    """A fraction."""
    low: float | None = None
    high: float | None = None
    """The 95 % interval of its sampling error, where the number of problems is known."""
    n: int | None = None
    """Problems behind it."""
    model: str = ""
    data: str = ""
    """`MATH-500`, `MATH-5000`, ...; empty when it is not known."""
    reporter: str = ""
    source: str = ""
    protocol: dict[str, str] = {}
    """Field of the protocol to what is stated of it; what is not stated is left out."""
    confidence: str = ""
    """How it was had: `verified` in its source, `secondary`, `memory`; empty for a number that was given."""
    snapshot: str = ""
    """The dated version that it is of, where the model's name stands for several."""

    @property
    def of_run(self) -> bool:
        """It is the score of a run folder, and not a published one."""
        return self.reporter.startswith("the run ")

    @property
    def called(self) -> str:
        """What it is, beside the measured score: `published`, `other run`, or `given` for a bare number."""
        return "other run" if self.of_run else "published" if self.reporter else "given"


class Compared(Record, frozen=True, kw_only=True):
    """One field of two protocols, side by side."""

    field: str
    """`model`, `data`, `shots`, `prompt`, `decoding`, `token limit`, `samples`, `grader`, ..."""
    ours: str
    """What was measured with; empty when it is not known."""
    theirs: str
    state: Literal["same", "different", "unknown"]
    blocks: bool = False
    """The difference makes a subtraction meaningless: another model, or another set of problems."""
    note: str = ""


FactorKind = Literal["recomputed", "measured", "prior"]


class Factor(Record, frozen=True, kw_only=True):
    """What one part of the protocol is worth: the score with another setting minus the score as measured.

    All effects are fractions, positive when the other setting scores higher.
    """

    name: str
    """`grader`, `extraction`, `token limit`, `prompt`, ...: the part of the protocol."""
    setting: str
    """The other setting: `minerva`, `256 tokens`, `answer-line`, ..."""
    kind: FactorKind
    """`recomputed` from the run's own responses, `measured` by asking the model again, or a `prior`:
    a size found by others, on other models."""
    value: float | None = None
    """None for a prior whose size is not one number; `detail` has it in words."""
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Problems compared, in pairs; 0 for a prior."""
    gained: int = 0
    """Problems that score higher with the other setting."""
    lost: int = 0
    """Problems that score lower with it."""
    changed: int | None = None
    """Of the compared responses, how many differ in any character; None where none was asked again."""
    share: Difference | None = None
    """Its Shapley value, where it is part of the attribution."""
    detail: str = ""
    source: str = ""
    """How to see it again: a run folder, or the place where a prior was reported."""


class Advice(Record, frozen=True, kw_only=True):
    """One thing to try next."""

    what: str
    command: str
    effect: float
    """The size of effect that can be expected, a fraction; see `why` for where that comes from."""
    tokens: int
    """What it costs, in tokens to generate and read; 0 when the model is not asked."""
    why: str


class Gap(Record, frozen=True, kw_only=True):
    """A measured score against a published one, and where the difference comes from.

    Scores and differences are fractions. `measured + the factors' shares + remainder = published`.
    """

    run: str
    """The run's id; empty when only a number was given."""
    model: str
    data: str
    measured: Estimate
    claimed: Reference | None = None
    """What the user compares with."""
    published: Reference | None = None
    """The like-for-like number: `claimed` where it is comparable, else the best that is known."""
    others: tuple[Reference, ...] = ()
    """Further published scores of the model, on any set of problems."""
    gap: Difference | None = None
    """Measured minus published; None when there is no number that may be subtracted."""
    smallest: float | None = None
    """The smallest difference that two runs of this size would show in four of five cases."""
    comparability: tuple[Compared, ...] = ()
    factors: tuple[Factor, ...] = ()
    explained: Difference | None = None
    """The sum of the shares, with an interval of its own."""
    remainder: Difference | None = None
    """Published minus measured minus what the factors explain."""
    findings: tuple[str, ...] = ()
    """What was found about the numbers themselves, the most important first; whole sentences."""
    words: str = ""
    """The result in one paragraph."""
    advice: tuple[Advice, ...] = ()
    """What to try next, the most effect for its cost first."""
    notes: tuple[str, ...] = ()
    """How things were computed where that is not obvious, and what could not be."""
    created: str = ""
    math500_version: str = ""
    format: int = 1
    """Raised when a reader of the older format would misread it; a gap may be younger than its run."""


class Flip(Record, frozen=True, kw_only=True):
    """A problem that two runs score differently."""

    unique_id: str
    subject: str
    level: int | None
    before: float
    """The share of right samples in the first run."""
    after: float
    extracted: tuple[str | None, str | None]
    """The first sample's answer in the one run and in the other."""


class Comparison(Record, frozen=True, kw_only=True):
    """Two runs over the problems that both have graded."""

    first: str
    second: str
    """The runs' ids."""
    comparability: tuple[Compared, ...]
    n: int
    """Problems in both."""
    first_score: Estimate
    second_score: Estimate
    """Both over the common problems only."""
    difference: Difference | None
    """Second minus first, in pairs; None where nothing is in common."""
    p_value: float
    """Of the exact test that both are equally good: McNemar's, or a sign flip test for several samples."""
    test: str
    gained: int
    lost: int
    flips: tuple[Flip, ...]
    changed: int
    """Responses of sample 0 that differ in any character."""
    smallest: float
    """The smallest difference that this comparison would show in four of five cases."""
    notes: tuple[str, ...] = ()


class StudyCell(Record, frozen=True, kw_only=True):
    """One run of a study before it is carried out."""

    name: str
    settings: dict[str, Any]
    problems: int
    owed: int
    """Samples that are not there yet."""
    requests: int | None
    """Of the whole cell, one a completion, at most; a judge's come on top. None where that is not known."""
    most_tokens: int | None
    """Prompt and completion tokens of the whole cell; None without a token limit, or with a judge."""
    most_cost: float | None
    """US dollars; None where the price is not known, there is no token limit, or there is a judge."""


class Tradeoff(Record, frozen=True, kw_only=True):
    """What one way to solve problems brought and cost, beside others over the same problems."""

    run: str
    """The folder."""
    solver: str
    score: Estimate | None
    difference: Difference | None
    """To the first run, in pairs; None for the first itself."""
    p_value: float | None
    common: int
    """Problems that both have graded."""
    completions: float
    """For one problem, as are the next ones; a judge's replies are among them."""
    tokens: float
    """Completion tokens, a judge's among them."""
    seconds: float
    """From the first request to the solution."""
    cost: float | None
    """US dollars, where the price is known."""
    uncounted: int = 0
    """Completions of the run whose tokens the endpoint did not count; tokens and cost leave them out."""


class CurvePoint(Record, frozen=True, kw_only=True):
    """What k samples a problem bring."""

    k: int
    passed: Estimate
    """pass@k: at least one of k is right."""
    majority: Estimate
    """maj@k: the vote of k is right, a tie being a fair draw."""


class Stopped(Record, frozen=True, kw_only=True):
    """What a vote that stops early would have done with a run's own votes."""

    stopping: Stopping
    confidence: float
    asked: float
    """Samples a problem."""
    saved: float
    """The share of a fixed vote's samples that it would not have asked for."""
    score: float
    fixed: float
    """The score of the vote that asks for all."""
    difference: Difference
    """Its score minus the fixed one's, in pairs."""
    same: float
    """How often it decides as the fixed vote does."""


class Curves(Record, frozen=True, kw_only=True):
    """What more samples, a vote, and stopping early would bring, out of the samples of one run."""

    run: str
    samples: int
    """For each problem."""
    problems: int
    left_out: int
    """Problems that lack samples, or have one that could not be graded."""
    points: tuple[CurvePoint, ...]
    votes: int
    """What a vote that may stop asks for at most."""
    orders: int
    """In so many seeded orders the votes of each problem were played."""
    stops: tuple[Stopped, ...]


class Completion(Record, frozen=True, kw_only=True):
    """How far a model's text agrees with the rest of a problem that it was to complete."""

    unique_id: str
    exact: bool
    """It begins with the whole rest, word for word."""
    prefix: float
    """The share of the rest's words before the first other word."""
    rouge_l: float
    """F1 of the longest common subsequence of words; the text is cut to the rest's length."""
    short: bool
    """The token limit cut it off before the rest's length, so that it could not be exact."""


class Completions(Record, frozen=True, kw_only=True):
    """A probe: how often a model completes problems word for word."""

    run: str
    exact: Estimate | None
    prefix: float
    """Mean share."""
    rouge_l: float
    """Mean."""
    short: int
    owed: int
    """Problems that have no completion yet."""
    problems: tuple[Completion, ...]


class Contamination(Record, frozen=True, kw_only=True):
    """Signs that a model has seen a problem set; none of them is a proof."""

    probe: Completions | None = None
    control: Completions | None = None
    """The same probe of problems that the model cannot know."""
    above_control: Difference | None = None
    """Exact completions, probe minus control."""
    original: Estimate | None = None
    """The score on those originals that have a perturbed problem."""
    perturbed: Estimate | None = None
    difference: Difference | None = None
    """Perturbed minus original, in pairs."""
    p_value: float | None = None


# -- a training set ----------------------------------------------------------------------------


class TrainingRow(Record, frozen=True, kw_only=True):
    """What all training rows have: the question as messages, and where the answer comes from."""

    prompt: tuple[Message, ...]
    """In TRL's conversational form; the last message is the user's."""
    problem_id: str
    """The problem's `unique_id`; never one of MATH-500."""
    parent: str = ""
    """The name of the run's folder that the solution was sampled in; empty for none."""
    sample: int | None = None
    """The sample's index in that run."""
    key: str = ""
    """Equal for solutions that calculate the same; empty where none was made."""
    level: int | None = None
    """1 (easy) to 5 (hard), as the problem's."""
    subject: str = ""
    method: str = ""
    """How the row was made: `rft`, ..."""


class CompletionRow(TrainingRow, frozen=True, kw_only=True):
    """A question and a solution to learn."""

    completion: tuple[Message, ...]
    """One message of the assistant."""


class PreferenceRow(TrainingRow, frozen=True, kw_only=True):
    """A question, a right solution and a wrong one."""

    chosen: tuple[Message, ...]
    """`parent`, `sample` and `key` are this one's."""
    rejected: tuple[Message, ...]
    rejected_parent: str = ""
    rejected_sample: int | None = None


class StepRow(TrainingRow, frozen=True, kw_only=True):
    """A question and a solution in steps, each with its label: TRL's stepwise supervision."""

    completions: tuple[str, ...]
    """The solution's steps in order, each with the line breaks behind it; put together they are the
    solution."""
    labels: tuple[bool, ...]
    """Per step: from behind it the right answer can still be reached."""
    soft: tuple[float, ...] = ()
    """Per step: the share of rollouts from behind it that came out right; empty without rollouts. Where there
    were none (`rollouts` is 0) it is the label as a number."""
    rollouts: tuple[int, ...] = ()
    """Per step: rollouts that could be graded; empty without rollouts. 0 where the label follows from other
    steps' rollouts or from the solution's own grade."""


class QuestionRow(TrainingRow, frozen=True, kw_only=True):
    """A question of which the answer alone is known: what reinforcement learning samples on."""

    answer: str
    """The reference answer in LaTeX, without its box."""


class Match(Record, frozen=True, kw_only=True):
    """A test problem that was found in a training row."""

    problem_id: str
    """The row's own problem."""
    set: str
    """The name of the set that the test problem is of."""
    unique_id: str
    """The test problem's."""
    rule: str
    """`exact`, `spelling`, `numbers`, `n-grams` or `near` (docs/synth.md)."""
    share: float
    """How much of the test problem was found, by that rule's measure; a fraction."""
    field: str
    """The row's field that it was found in: `prompt`, `completion`, ..."""
    row: int | None = None
    """The row's place in the file that was checked, from 0 on."""


class LeftOut(Record, frozen=True, kw_only=True):
    """A sample that did not become a row, and why."""

    problem_id: str
    reason: str
    """One word out of the method's table of reasons (docs/synth.md)."""
    parent: str = ""
    sample: int | None = None
    evidence: str = ""
    """One sentence with what shows it."""
    match: Match | None = None
    """The test problem in it, where that is the reason."""


class HeldOut(Record, frozen=True, kw_only=True):
    """A set that training rows were checked against."""

    name: str
    rows: int
    sha256: str
    """Of its canonical rows."""
    known: bool = True
    """False for a user's own file."""
    same_only: bool = False
    """Only the problems themselves were looked for, and not what is like them."""


class Decontamination(Record, frozen=True, kw_only=True):
    """What was checked for test problems, and what was found."""

    gate: str
    """Name and version of the rules, such as `math500-gate/2`."""
    against: tuple[HeldOut, ...]
    """MATH-500 is always one of them."""
    checked: int
    """Rows."""
    dropped: int
    by_rule: dict[str, int] = {}
    """The rule that found it to rows, in the order in which the rules are tried."""
    matches: tuple[Match, ...] = ()
    """One for each dropped row."""


class Parent(Record, frozen=True, kw_only=True):
    """A graded run that rows come from, with what proves that it is still the same."""

    run: str
    """The folder's name."""
    run_id: str
    samples_sha256: str
    """Of the file with its samples."""
    grades_sha256: str
    grader: str
    """Whose grades decided what is correct."""
    model: ModelInfo
    data: DataSource
    prompt: Prompt
    decoding: Decoding
    solver: SolverInfo
    samples: int
    """Per problem."""


class Plan(Record, frozen=True, kw_only=True):
    """How a training set is made; a draft is only gone on with by the same plan."""

    kind: Literal["prompt-completion", "preference", "stepwise", "prompt-only"]
    """TRL's name for the rows' form."""
    method: str
    """`rft`, ..."""
    settings: dict[str, Any] = {}
    """The method's, complete."""
    seed: int = 0
    against: tuple[str, ...] = ()
    """Sets that the rows are checked against: names, or files; MATH-500 is always one more."""


class LevelYield(Record, frozen=True, kw_only=True):
    """What became of the problems of one level of difficulty."""

    level: str
    """`1` to `5`, `solved 41-60 %`, ..., or `?`."""
    problems: int
    samples: int
    """Collected ones."""
    correct: int
    usable: int
    """Correct, not by luck as far as that can be told, and no repetition of another one."""
    rows: int
    covered: int
    """Problems with at least one row."""


class TrainingSet(Record, frozen=True, kw_only=True):
    """The manifest of a training set; without a time, so that the same runs and seed give the same bytes."""

    kind: Literal["prompt-completion", "preference", "stepwise", "prompt-only"]
    """TRL's name for the rows' form."""
    method: str
    settings: dict[str, Any]
    """The method's, as they were used."""
    seed: int
    parents: tuple[Parent, ...]
    rows: int
    problems: int
    """Different ones."""
    left_out: dict[str, int]
    """Reason to samples."""
    levels: tuple[LevelYield, ...] = ()
    """What the parents' problems brought, by difficulty."""
    decontamination: Decontamination
    sha256: str
    """Of rows.jsonl."""
    math500_version: str
    sources: tuple[str, ...] = ()
    """The problem sets of the rows, each with its source and licence, in words."""
    notes: tuple[str, ...] = ()
    format: int = 1
    """Raised when a reader of the older format would misread the folder."""


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


# -- a run folder packed (in its archive) -----------------------------------------------------------


class PackedFile(Record, frozen=True, kw_only=True):
    """One file of an archive."""

    size: int
    """Bytes."""
    sha256: str
    whole: str = ""
    """The sha256 of the file before the problems' texts were left out of it; empty where none were."""


class Packed(Record, frozen=True, kw_only=True):
    """What an archive of a run folder holds."""

    run_id: str
    math500_version: str
    texts_left_out: bool
    """The problems' texts were left out; marks stand in their places."""
    responses_left_out: bool = False
    """The model's words were left out; their lengths and hashes stand in their places."""
    files: dict[str, PackedFile]
    """By name within the run folder."""
    format: int = 1


# -- a run folder verified (printed, not kept) ---------------------------------------------------


class RunCheck(Record, frozen=True, kw_only=True):
    """One thing about a run folder that was derived again, and what came of it."""

    about: str
    """`seal`, `data`, `prompt`, `samples`, `grades math500-2`, `summary`, ..."""
    state: Literal["ok", "note", "differs"]
    """`note`: it could not be derived here, or says nothing about the score."""
    what: str
    where: tuple[str, ...] = ()
    """The files, samples or fields that differ; all of them."""
    next_step: str = ""


class Verified(Record, frozen=True, kw_only=True):
    """Whether a run folder is what its samples say."""

    run: str
    """The run's id."""
    seal: str
    """The seal's fingerprint; empty for a folder without one."""
    checks: tuple[RunCheck, ...]
    differs: int
    """Checks that found a difference."""


# -- the doctor's findings (printed, not kept) --------------------------------------------------


class Finding(Record, frozen=True, kw_only=True):
    """One thing about an endpoint, in plain words."""

    about: str
    """`data`, `sandbox`, `proxy`, `connection`, `key`, `quota`, `model`, `chat template`, `temperature`,
    `stop reason`, `reasoning`, `token limit`, `tokens`, `grading`, `clock`, `speed`; of vLLM and SGLang
    `server`, `context`, `sampling defaults`, `logprobs`."""
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


# -- a training --------------------------------------------------------------------------------


class LoraSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The small matrices that LoRA trains beside the model's own (Hu et al. 2021, arXiv:2106.09685)."""

    rank: int = 16
    alpha: int = 32
    """What they add is scaled by alpha / rank."""
    dropout: float = 0.0
    targets: str = "all-linear"
    """The model's matrices that get some: peft's word for all but the output, or names."""


class RewardSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `train reward` has of its own."""

    held_out: float = 0.1
    """The part of the problems whose pairs are not trained on, but ranked at the end."""
    centre: float = 0.0
    """How strongly the rewards of a pair are drawn to a sum of zero; 0 leaves their level open."""


class PrmSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `train prm` has of its own."""

    held_out: float = 0.1
    """The part of the problems whose rows are not trained on, but scored at the end."""
    labels: Literal["hard", "soft"] = "hard"
    """What a step is taught: right or wrong, or the share of rollouts that came out right."""


class SamplingSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every training has of its own that samples its rows: `train grpo` and `train ppo` (docs/rl.md)."""

    generations: int = 8
    """Completions sampled of a question; `batch` counts completions and is a multiple of it."""
    completion_length: int = 512
    """Tokens of a completion at most."""
    temperature: float = 1.0
    """Of the sampling."""
    beta: float = 0.0
    """How strongly the model is held to where it began (KL); 0 loads no second model."""
    reuse: int = 1
    """Steps that are made on the same completions."""
    epsilon: float = 0.2
    """How far a token's probability may move in one step before its gradient is cut off."""
    format_weight: float = 0.0
    """Added to the reward of a completion with a finished box; 0 leaves the form alone."""
    length_weight: float = 0.0
    """Taken from the reward of a completion at the token limit; less in proportion from `length_from` on."""
    length_from: int = 0
    """Tokens; 0 for half of `completion_length`."""
    grade_seconds: float = 1.0
    """Seconds that one symbolic comparison may take; what takes longer could not be told."""
    use_vllm: bool = False
    """Let vLLM, on the same GPU, write the completions."""
    held_out: float = 0.1
    """The part of the problems that is not trained on, but answered greedily."""
    held_every: int = 25
    """Steps between such measures."""
    held_most: int = 200
    """Held-out problems of such a measure; the last one takes all."""
    graders: str = "hendrycks,math-verify"
    """Other projects' graders that watch and give no reward; names with commas between."""
    graded_most: int = 16
    """Completions of a step that they grade."""
    on_alarm: Literal["warn", "stop"] = "warn"
    """What an alarm of the watch does."""
    window: int = 10
    """Steps that the watch takes the mean over; the first ones are what it compares with."""
    length_ratio: float = 2.0
    """How many times longer, or shorter, the completions may get."""
    share_fall: float = 0.2
    """How far the shares that are right, boxed, and graded alike by other graders may fall."""
    share_rise: float = 0.2
    """How far the shares that copy the question and repeat themselves may rise."""
    unknown_rise: float = 0.1
    """How far the share that could not be told may rise."""
    held_fall: float = 0.05
    """How far held-out accuracy may fall under the start's, where its interval does not explain it."""


class GrpoSettings(SamplingSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `train grpo` has of its own."""

    scale: Literal["group", "batch", "none"] = "group"
    """By whose standard deviation the advantages are divided."""


class PpoSettings(SamplingSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `train ppo` has of its own."""

    generations: int = 2
    beta: float = 0.05
    reuse: int = 2
    instruction_reward: str = ""
    """The folder of a reward model that values the question; empty for 1."""
    instruction_request: str = ""
    """What its training set's prompts said, which the instructions answered; empty for no prompt."""
    process_reward: str = ""
    """The folder of a process reward model that values the solution's steps."""
    aggregate: Aggregate = "min"
    """How the steps' values become the solution's."""
    gae_lambda: float = 0.95
    """How far a reward reaches back over the tokens: 0 the critic's word alone, 1 the reward alone."""
    critic_rate: float = 10.0
    """The critic's learning rate, as a multiple of the model's."""
    critic_warmup: int = 0
    """Steps in which the critic alone learns."""


class TrainingSettings(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model is trained; `training.toml`."""

    method: Literal["full", "lora"] = "full"
    steps: int | None = None
    """Optimizer steps; None for what `epochs` comes to."""
    epochs: float = 3.0
    """Times that every row is seen, where no steps are given."""
    batch: int = 32
    """Rows per step, over all devices."""
    rows_at_once: int = 8
    """Rows that a device computes at once; a matter of its memory."""
    learning_rate: float | None = None
    """None: 2e-5 for `full`, 2e-4 for `lora`; a twentieth of it where rows are sampled."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after the warm-up."""
    warmup: float = 0.05
    """The part of the steps in which it rises from zero."""
    weight_decay: float = 0.0
    clip: float = 1.0
    """The gradient's norm at most."""
    max_length: int = 2048
    """Tokens; a longer row is left out, and counted."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the computation; the weights are float32. auto: bfloat16 on a GPU that has it."""
    checkpointing: bool = False
    """Compute activations twice to spare memory."""
    save_every: int = 100
    """Steps between checkpoints; the last one is kept."""
    threads: int = 0
    """Of the CPU; 0 leaves it to torch."""
    seed: int = 0
    """Of the rows' order, of LoRA's first values and of dropout."""
    lora: LoraSettings = LoraSettings()
    reward: RewardSettings | None = None
    """Of `train reward` alone, as the next ones are of theirs."""
    prm: PrmSettings | None = None
    grpo: GrpoSettings | None = None
    ppo: PpoSettings | None = None


class TrainingStart(Record, frozen=True, kw_only=True):
    """The model that a training starts from."""

    name: str
    """As the user named it."""
    kind: Literal["embedded", "gguf", "folder", "hub"]
    location: str
    """The file or folder; the hub's id."""
    sha256: str = ""
    """Of the GGUF file, or of a folder's weights; empty for the hub's."""


class TrainedOn(Record, frozen=True, kw_only=True):
    """The training set, or the sets, as they were when they were loaded."""

    location: str
    sha256: str
    """Of its rows; of several sets, of their hashes one after the other."""
    rows: int
    """That were trained on."""
    too_long: int = 0
    """Left out, since they have more than `max_length` tokens."""
    held_out: int = 0
    """Rows that were kept for the measure at the end."""
    method: str = ""
    """How the set was made: `rft`, ..."""


class Training(Record, frozen=True, kw_only=True):
    """What is trained on what, and how."""

    task: str = "sft"
    """The command that trains: `sft`, `reward`, `prm`, ..."""
    set: TrainedOn
    start: TrainingStart
    settings: TrainingSettings
    """With everything that was left open filled in."""
    created: str
    math500_version: str
    versions: dict[str, str]
    """Of torch, transformers, trl, peft and accelerate."""
    format: int = 1


class TrainingStep(Record, frozen=True, kw_only=True):
    """One optimizer step. A step that was done again after a stop has two lines; the last one counts."""

    step: int
    """From 1 on."""
    loss: float
    """In nats; for `sft` the mean over the completions' tokens."""
    learning_rate: float
    grad_norm: float | None = None
    """Before it is clipped."""
    accuracy: float | None = None
    """The part told right: of the completions' tokens (sft), of the pairs (reward), of the steps (prm)."""
    metrics: dict[str, float] = {}
    """What else the trainer says of the step, by name; see its page in the docs."""
    alarms: tuple[str, ...] = ()
    """What the watch raised at this step, in words, each with its rule's name first (docs/rl.md)."""
    tokens: int = 0
    """Read since the first step, prompts included."""
    seconds: float = 0.0
    """Since the first step, stops left out."""


class HeldStart(Record, frozen=True, kw_only=True):
    """How the start answered the held-out problems; `held_start.json`, of a training that samples."""

    right: tuple[bool, ...]
    """For the first of the held-out problems, in their order."""


class Measured(Record, frozen=True, kw_only=True):
    """One thing that was measured on what a training was not shown."""

    name: str
    """In words, such as `held-out pairs ranked right`."""
    score: Estimate
    chance: float | None = None
    """What guessing comes to."""
    difference: Difference | None = None
    """To the start, in pairs, over the problems that the start was asked as well."""


class TrainingOutcome(Record, frozen=True, kw_only=True):
    """A finished training."""

    task: str = "sft"
    """As in `Training`."""
    folder: str
    steps: int
    rows: int
    first_loss: float
    """Mean over the first tenth of the steps."""
    last_loss: float
    """Mean over the last tenth."""
    tokens: int
    seconds: float
    device: str
    processes: int
    control: str = ""
    """The folder of the control that was trained beside it."""
    measured: tuple[Measured, ...] = ()
    """On what was held out."""
    alarms: tuple[str, ...] = ()
    """All that the watch raised; with `on_alarm` = stop, the last step is the one that raised it."""


class Served(Record, frozen=True, kw_only=True):
    """The server that computes a reward model's values."""

    server: PoolingServer
    base_url: str
    """Without `/v1`."""
    model: str
    """As the server knows it."""
    weights: str = ""
    """What it says that it serves under this name."""
    key_variable: str | None = None
    """The environment variable that the user named for the key; the key itself is written nowhere."""


class RewardInfo(Record, frozen=True, kw_only=True):
    """What a trained reward model is; `reward.json` beside its weights."""

    kind: Literal["outcome", "process"]
    """It values whole solutions, or each step."""
    name: str
    """The training's folder, as it was called."""
    form: str
    """Name and version of how texts become tokens, such as `outcome/1`."""
    sha256: str
    """Of the weights; empty where they are at a server alone."""
    start: str
    """The model that it was trained from."""
    set: str
    """The methods of the training sets."""
    rows: int
    """That it was trained on."""
    math500_version: str
    served: Served | None = None
    """Who computes its values in a run; None where math500 does itself."""


class RewardProblems(Record, frozen=True, kw_only=True):
    """What a reward model was trained on; `problems.json` beside its weights."""

    ids: tuple[str, ...]
    """Of the training rows' problems, each once, in order."""


class Reward(Record, frozen=True, kw_only=True):
    """What a reward model says of one solution."""

    raw: float | None = None
    """An outcome model's: any number. Only its difference to another solution of the same question has a
    meaning."""
    steps: tuple[float, ...] = ()
    """A process model's: the probability of each step that it is right."""


class SampleReward(Record, frozen=True, kw_only=True):
    """What a reward model says of one solution in a run."""

    unique_id: str
    index: int
    voter: int = 0
    """Which of a vote's solutions it is, from 0 on."""
    reward: Reward


class Ranked(Record, frozen=True, kw_only=True):
    """One way to choose among a problem's samples, and what it brought."""

    pick: str
    """`vote` (each counts the same), `weighed` (by the reward model) or `best` (its favourite)."""
    aggregate: str
    """How the steps' values became one; empty without steps."""
    score: Estimate
    difference: Difference
    """To the plain vote, in pairs."""
    p_value: float
    """Of McNemar's exact test."""


class Reranked(Record, frozen=True, kw_only=True):
    """What a reward model makes of a run's samples."""

    run: str
    reward: str
    kind: str
    samples: int
    """For each problem."""
    problems: int
    left_out: int
    """Problems that lack samples, or have one that could not be graded."""
    single: Estimate
    """One sample, taken at random."""
    any_right: Estimate
    """At least one of them is right: no way to choose can do better."""
    ways: tuple[Ranked, ...]
    trained_on: int | None = None
    """Problems that the model was trained on, by their ids; None where its folder does not say."""


class Exported(Record, frozen=True, kw_only=True):
    """A trained model in a form that engines read."""

    location: str
    form: Literal["gguf", "safetensors"]
    sha256: str
    """Of the GGUF file, or of the folder's weights."""
    bytes: int
    quantization: str
    """F16, Q8_0, F32; of the safetensors, the type of their numbers."""
    training: str
    """The folder of the training."""
