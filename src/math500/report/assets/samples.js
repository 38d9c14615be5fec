// The browser of samples: filters, the list, and one sample opened.

const CHUNK = 60; // rows that are made at a time
const WORDS = /(?<![\\A-Za-z{])[A-Za-z]{4,}/; // an answer in words is not set as a formula
const $ = (id) => document.getElementById(id);
const VERDICT = { correct: "correct", wrong: "wrong", no_answer: "no answer", ungraded: "could not be graded", failed: "failed" };

const state = { data: null, run: 0, shown: [], made: 0, open: null, nth: 0, source: false, found: null, search: 0 };

const run = () => state.data.runs[state.run];

function wanted() {
  return {
    q: $("q").value.trim().toLowerCase(),
    verdict: $("verdict").value,
    reason: $("reason").value,
    subject: $("subject").value,
    level: $("level").value,
    truncated: $("truncated").checked,
    flipped: $("flipped").checked,
    deep: $("deep").checked && $("q").value.trim() !== "",
  };
}

function sampleFits(sample, want) {
  if (want.verdict !== "" && state.data.verdicts[sample.verdict] !== want.verdict) return false;
  if (want.reason !== "" && (sample.reason < 0 || state.data.reasons[sample.reason][0] !== want.reason)) return false;
  return !want.truncated || sample.cut;
}

function matching(entry, want) {
  const { problem } = entry;
  if (want.subject !== "" && problem.subject !== want.subject) return [];
  if (want.level !== "" && String(problem.level) !== want.level) return [];
  if (want.flipped && !entry.flipped) return [];
  const fits = entry.samples.filter((sample) => sampleFits(sample, want));
  if (want.q === "" || problem.words.includes(want.q)) return fits;
  return fits.filter((s) => s.words.includes(want.q) || (want.deep && state.found?.has(s)));
}

function filter() {
  const want = wanted();
  const started = performance.now();
  state.shown = run().entries.map((entry) => ({ entry, fits: matching(entry, want) })).filter((row) => row.fits.length > 0);
  state.made = 0;
  $("list").replaceChildren();
  more();
  $("list").scrollTop = 0;
  say();
  if (want.deep && state.found?.q !== want.q) searchResponses(want.q);
  performance.measure("filter", { start: started, end: performance.now() });
}

function say(extra = "") {
  const samples = state.shown.reduce((n, row) => n + row.fits.length, 0);
  const all = run().entries.length;
  const many = run().samples > 1 ? `, ${samples.toLocaleString("en")} samples` : "";
  $("count").textContent = `${state.shown.length.toLocaleString("en")} of ${all.toLocaleString("en")} problems${many}${extra}`;
}

// Responses are unpacked block by block, between which the page stays usable.
async function searchResponses(q) {
  const found = new Set();
  found.q = q;
  state.found = found;
  const mine = ++state.search;
  const byBlock = Map.groupBy(run().entries.flatMap((e) => e.samples), (s) => s.block);
  let done = 0;
  for (const [number, samples] of byBlock) {
    const bodies = await (blocks.get(number) ?? unpack(`block-${number}`));
    if (mine !== state.search) return;
    for (const s of samples) {
      const { r, t = "", steps = [], e = [] } = bodies[s.place];
      if ([r, t, ...steps, ...e.flat()].some((text) => text?.toLowerCase().includes(q))) found.add(s);
    }
    say(`; looking into the responses, ${Math.round((100 * ++done) / byBlock.size)} %`);
  }
  filter();
}

function more() {
  const end = Math.min(state.made + CHUNK, state.shown.length);
  $("list").append(...state.shown.slice(state.made, end).map(row));
  state.made = end;
}

function row({ entry, fits }) {
  const { problem, samples } = entry;
  const right = samples.filter((s) => s.verdict === 0).length;
  const one = samples.length === 1;
  const dots = samples.map((s) => make("i", { class: `v${s.verdict}${fits.includes(s) ? "" : " off"}` }));
  const said = one ? VERDICT[state.data.verdicts[samples[0].verdict]] : `${right} of ${samples.length} correct`;
  const button = make(
    "button",
    { type: "button", class: "row", "aria-current": String(state.open === entry) },
    make("span", { class: "id" }, one ? make("i", { class: `one v${samples[0].verdict}`, "aria-hidden": "true" }) : "", ...plain(short(problem.id))),
    make("span", { class: "a" }, ...plain(one ? samples[0].answer ?? "—" : `${right}/${samples.length}`)),
    make("span", { class: "q" }, ...plain(problem.problem.slice(0, 120))),
    one ? "" : make("span", { class: "dots", "aria-hidden": "true" }, ...dots),
    make("span", { class: "hidden" }, said),
  );
  button.addEventListener("click", () => open(entry, fits[0]?.nth ?? 0, true));
  return make("li", {}, button);
}

const short = (id) => id.replace(/^test\//, "").replace(/\.json$/, "");

// -- one sample ------------------------------------------------------------------------------

async function open(entry, nth, move = false) {
  state.open = entry;
  state.nth = entry.samples.some((s) => s.nth === nth) ? nth : entry.samples[0].nth;
  const sample = entry.samples.find((s) => s.nth === state.nth);
  const opened = await body(sample);
  if (state.open !== entry || state.nth !== sample.nth) return; // another one was opened meanwhile
  $("detail").replaceChildren(...detail(entry, sample, opened));
  $("browser").classList.add("open");
  state.shown.forEach((shown, i) => {
    const button = $("list").children[i]?.firstElementChild;
    button?.setAttribute("aria-current", String(shown.entry === entry));
    if (shown.entry === entry && button) intoView(button);
  });
  history.replaceState(null, "", `#s=${state.run}/${sample.nth}/${encodeURIComponent(entry.problem.id)}`);
  if (move) $("detail").focus({ preventScroll: true });
  if (move && $("detail").getBoundingClientRect().top < 0) $("detail").scrollIntoView();
}

// Scrolls the list, and never the page.
function intoView(button) {
  const list = $("list");
  const [inside, outside] = [button.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inside.top < outside.top) list.scrollTop -= outside.top - inside.top;
  else if (inside.bottom > outside.bottom) list.scrollTop += inside.bottom - outside.bottom;
}

function detail(entry, sample, opened) {
  const { problem } = entry;
  const show = state.source ? sourced : rendered;
  const kind = `text${state.source ? " source" : ""}`;
  const where = [problem.subject, problem.level === null ? "" : `level ${problem.level}`].filter(Boolean).join(", ");
  return [
    head(entry, where),
    section("Problem", make("div", { class: kind }, ...show(problem.problem))),
    solution(problem, show, kind),
    tries(entry, sample),
    verdict(sample, opened),
    answers(problem, sample),
    ballots(opened),
    graders(opened),
    ...response(opened, show, kind),
  ].filter(Boolean);
}

function head(entry, where) {
  const step = (by, label, sign) => make("button", { type: "button", "aria-label": label, onclick: () => go(by) }, sign);
  return make(
    "div",
    { class: "top" },
    make("button", { type: "button", id: "back", onclick: close }, "← List"),
    make("h3", {}, ...plain(short(entry.problem.id)), " ", make("small", {}, ...plain(where))),
    step(-1, "Previous problem", "↑"),
    step(1, "Next problem", "↓"),
    make("button", { type: "button", "aria-pressed": String(state.source), onclick: toggleSource }, "LaTeX source"),
  );
}

const section = (title, ...content) => make("div", {}, make("h4", {}, title), ...content);

function solution(problem, show, kind) {
  if (!problem.solution) return "";
  const folded = make("details", {}, make("summary", {}, "Reference solution"));
  folded.addEventListener("toggle", () => {
    if (folded.childElementCount === 1) folded.append(make("div", { class: kind }, ...show(problem.solution)));
  });
  return folded;
}

// The samples of this problem, and the same problem in the other runs.
function tries(entry, sample) {
  const own = entry.samples.map((s) =>
    make(
      "button",
      { type: "button", class: `v${s.verdict}`, "aria-pressed": String(s === sample), "aria-label": `Sample ${s.nth + 1}, ${VERDICT[state.data.verdicts[s.verdict]]}`, onclick: () => open(entry, s.nth) },
      String(s.nth + 1),
    ),
  );
  const others = state.data.runs.flatMap((other, r) => {
    const same = other.entries.find((e) => e.problem === entry.problem);
    const here = r === state.run;
    if (!same || state.data.runs.length < 2) return [];
    const said = same.samples.length === 1 ? VERDICT[state.data.verdicts[same.samples[0].verdict]] : `${Math.round(100 * share(same))} %`;
    const go = () => (choose(r), open(same, 0));
    return [make("button", { type: "button", class: same.samples.length === 1 ? `v${same.samples[0].verdict}` : "", "aria-pressed": String(here), onclick: go }, ...plain(`${other.name}: ${said}`))];
  });
  const rows = [others, own.length > 1 ? own : []].filter((buttons) => buttons.length > 0);
  return rows.length ? make("div", {}, ...rows.map((buttons, i) => make("div", { class: "try", role: "group", "aria-label": i === 0 && others.length ? "Run" : "Sample" }, ...buttons))) : "";
}

function verdict(sample, opened) {
  const name = state.data.verdicts[sample.verdict];
  const why = sample.reason < 0 ? "" : state.data.reasons[sample.reason][1];
  const cost = [
    sample.tokens ? `${sample.tokens.toLocaleString("en")} tokens` : "",
    opened.s ? `${opened.s} s` : "",
    opened.f ? `ended: ${opened.f}` : "",
  ].filter(Boolean).join(" · ");
  const evidence = opened.w?.[1] ?? "";
  return make(
    "div",
    {},
    make("div", { class: "verdict" }, make("span", { class: `chip v${sample.verdict}` }, VERDICT[name]), why ? make("span", {}, why) : "", make("small", {}, ...plain(cost))),
    opened.x ? make("p", { class: "note" }, ...plain(opened.x)) : "",
    evidence ? make("p", { class: "quiet" }, ...plain(evidence)) : "",
  );
}

function answers(problem, sample) {
  const shown = (text) => {
    if (state.source) return make("code", {}, ...plain(text));
    if (text.includes("$")) return make("span", {}, ...rendered(text));
    return WORDS.test(text) ? make("span", {}, ...plain(text)) : formula(text, false);
  };
  return make(
    "div",
    { class: "two" },
    section("Reference answer", make("div", { class: "answer" }, shown(problem.answer))),
    section("Answer found", make("div", { class: "answer" }, sample.answer === null ? "none" : shown(sample.answer))),
  );
}

function graders(opened) {
  if (!opened.g) return "";
  const head = make("tr", {}, ...["grader", "verdict", "answer", "found by", "decided by"].map((words) => make("th", { scope: "col" }, words)));
  const rows = opened.g.map(([grader, verdict, extracted, rule, stage, reason]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, ...plain(grader)),
      make("td", {}, VERDICT[verdict]),
      make("td", {}, extracted ? make("code", {}, ...plain(extracted.slice(0, 200))) : "—"),
      make("td", {}, make("code", {}, ...plain(rule))),
      make("td", {}, ...plain([stage, reason].filter(Boolean).join(": "))),
    ),
  );
  return section("Graders", make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Graders" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))));
}

function ballots(opened) {
  if (!opened.b) return "";
  const head = make("tr", {}, ...["answer", "votes", "weight", "solutions"].map((words) => make("th", { scope: "col" }, words)));
  const rows = opened.b.map(([answer, votes, weight, by], place) =>
    make("tr", {}, make("th", { scope: "row" }, make("code", {}, ...plain(answer.slice(0, 200))), place ? "" : " won"), ...[votes, weight, by].map((each) => make("td", {}, String(each)))),
  );
  return section("Votes", make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Votes" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))));
}

function response(opened, show, kind) {
  const text = opened.r ?? "";
  const [from, to] = opened.a ?? [-1, -1];
  const shown = make("div", { class: `response ${kind}` });
  if (opened.t) shown.append(folded("Reasoning", opened.t, show));
  (opened.steps ?? []).forEach((step, i) => shown.append(folded(`Step ${i + 1}`, step, show)));
  (opened.e ?? []).forEach(([code, came], i) => shown.append(folded(`Code ${i + 1}`, came ? `${code.trimEnd()}\n→\n${came}` : code, show)));
  (opened.j ?? []).forEach(([voter, value, said]) => shown.append(folded(`The judge on solution ${voter}: ${value ?? "no score"}`, said, show)));
  for (const piece of parts(text, state.data.thinking)) {
    const inside = text.slice(piece.start, piece.end);
    if (piece.thinking) shown.append(folded("Thinking", inside, show));
    else shown.append(...long(inside, show, from - piece.start, to - piece.start));
  }
  if (text === "") shown.append(make("em", {}, opened.x ? "no response" : "an empty response"));
  const rule = opened.g?.[0]?.[3];
  const legend = from >= 0 ? make("small", {}, make("mark", {}, "marked"), ` the answer, found by the rule “${rule}”`) : "";
  return [make("div", { class: "bar2" }, make("h4", {}, "Response"), legend), shown];
}

function folded(title, text, show) {
  const node = make("details", {}, make("summary", {}, `${title} (${text.length.toLocaleString("en")} characters)`));
  node.addEventListener("toggle", () => {
    if (node.open && node.childElementCount === 1) node.append(make("div", {}, ...long(text, show)));
  });
  return node;
}

function toggleSource() {
  state.source = !state.source;
  open(state.open, state.nth, true);
}

function close() {
  $("browser").classList.remove("open");
  const at = state.shown.findIndex((shown) => shown.entry === state.open);
  $("list").children[at]?.firstElementChild.focus();
}

// The next problem, or the previous one.
function go(by) {
  const at = state.shown.findIndex((shown) => shown.entry === state.open);
  const next = state.shown[at + by];
  if (!next) return;
  while (state.made <= at + by) more();
  open(next.entry, next.fits[0].nth, true);
}
