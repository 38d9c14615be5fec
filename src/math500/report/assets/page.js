// The page: choices, keys, the address, and news while a run goes on.

const ASK = 2000; // milliseconds between two questions for news

const option = (value, words) => make("option", { value }, ...plain(words));

function choices() {
  const { data } = state;
  const unique = (values) => [...new Set(values)].filter((v) => v !== "" && v !== null).sort();
  const fill = (id, all, options) => {
    const before = $(id).value;
    $(id).replaceChildren(option("", all), ...options.map(([value, words]) => option(value, words)));
    $(id).value = options.some(([value]) => String(value) === before) ? before : "";
  };
  const there = new Set(data.runs.flatMap((r) => r.entries.flatMap((e) => e.samples.map((s) => s.reason))));
  fill("verdict", "any", data.verdicts.map((v) => [v, VERDICT[v]]));
  fill("reason", "any", data.reasons.filter((_, i) => there.has(i)));
  fill("subject", "any", unique(data.problems.map((p) => p.subject)).map((v) => [v, v]));
  fill("level", "any", unique(data.problems.map((p) => p.level)).map((v) => [v, v]));
  $("flipped-label").hidden = !data.runs.some((r) => r.entries.some((e) => e.flipped));
  $("flipped-words").textContent = data.runs.length > 1 ? "flipped between runs" : "right in some samples only";
}

function choose(number) {
  state.run = number;
  state.open = null;
  for (const tab of document.querySelectorAll(".tabs button")) {
    tab.setAttribute("aria-pressed", String(Number(tab.dataset.run) === number));
  }
  document.querySelectorAll("#summary > .run").forEach((part, i) => (part.hidden = i !== number));
  state.found = null;
  filter();
}

// A figure of the summary was clicked: show the samples behind it.
function apply(filters) {
  $("filters").reset();
  for (const [name, value] of Object.entries(filters)) $(name).value = value;
  filter();
  $("samples").scrollIntoView();
  $("q").focus({ preventScroll: true });
}

function show(id, runNumber = state.run) {
  choose(runNumber);
  const entry = run().entries.find((e) => e.problem.id === id);
  if (!entry) return;
  open(entry, 0, true);
  $("samples").scrollIntoView();
}

function fromAddress() {
  const found = /^#s=(\d+)\/(\d+)\/(.+)$/.exec(location.hash);
  if (!found || !state.data.runs[Number(found[1])]) return false;
  choose(Number(found[1]));
  let id = found[3];
  try { id = decodeURIComponent(id); } catch { return false; }
  const entry = run().entries.find((e) => e.problem.id === id);
  if (entry) open(entry, Number(found[2]));
  return Boolean(entry);
}

// -- light and dark --------------------------------------------------------------------------

function theme() {
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => ($("theme").textContent = dark() ? "Light" : "Dark");
  try { const kept = localStorage.getItem("math500-theme"); if (kept) document.documentElement.dataset.theme = kept; } catch { /* a file may not have a storage */ }
  $("theme").hidden = false;
  name();
  $("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("math500-theme", document.documentElement.dataset.theme); } catch { /* as above */ }
    name();
  });
}

// -- events ----------------------------------------------------------------------------------

function keys(event) {
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && $("browser").classList.contains("open")) return typing ? event.target.blur() : close();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const tries = state.open?.samples.map((s) => s.nth) ?? [];
  const beside = (by) => tries[tries.indexOf(state.nth) + by];
  const does = {
    "/": () => { event.preventDefault(); $("samples").scrollIntoView(); $("q").focus(); },
    j: () => (state.open ? go(1) : state.shown[0] && open(state.shown[0].entry, state.shown[0].fits[0].nth, true)),
    k: () => go(-1),
    s: () => state.open && toggleSource(),
    "[": () => beside(-1) !== undefined && open(state.open, beside(-1)),
    "]": () => beside(1) !== undefined && open(state.open, beside(1)),
  };
  return Object.hasOwn(does, event.key) ? does[event.key]() : undefined;
}

function listen() {
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("input", () => filter());
  $("filters").addEventListener("reset", () => setTimeout(filter));
  document.addEventListener("keydown", keys);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.filter) {
      const section = button.closest(".run");
      if (section) choose([...document.querySelectorAll("#summary > .run")].indexOf(section));
      apply(JSON.parse(button.dataset.filter));
    } else if (button?.dataset.open) show(button.dataset.open, Number(button.dataset.run ?? 0));
    else if (button?.dataset.run !== undefined) choose(Number(button.dataset.run));
  });
  const grow = () => {
    const list = $("list");
    const inside = list.scrollHeight > list.clientHeight + 4;
    const end = inside ? list.scrollHeight - list.scrollTop - list.clientHeight : list.getBoundingClientRect().bottom - innerHeight;
    if (end < 600 && state.made < state.shown.length) more();
  };
  $("list").addEventListener("scroll", grow, { passive: true });
  addEventListener("scroll", grow, { passive: true });
  addEventListener("hashchange", fromAddress);
}

// -- while a run goes on ---------------------------------------------------------------------

async function news(known) {
  if (document.hidden) return known;
  const version = await (await fetch("version", { cache: "no-store" })).text();
  if (version === known) return known;
  const [summary, index] = await Promise.all([fetch("summary", { cache: "no-store" }).then((r) => r.text()), unpack("index")]);
  const opened = state.open && [state.open.problem.id, state.nth];
  const policy = trusted();
  $("summary").replaceChildren(...new DOMParser().parseFromString(policy.createHTML(summary), "text/html").body.childNodes);
  blocks.clear();
  state.data = unfold(index);
  choices();
  const number = Math.min(state.run, state.data.runs.length - 1);
  choose(number);
  const entry = opened && run().entries.find((e) => e.problem.id === opened[0]);
  if (entry) open(entry, opened[1]);
  $("news").textContent = `as of ${new Date().toLocaleTimeString()}`;
  return version;
}

let policyMade;
function trusted() {
  policyMade ??= globalThis.trustedTypes?.createPolicy("summary", { createHTML: (html) => html }) ?? { createHTML: (html) => html };
  return policyMade;
}

function follow(known) {
  news(known).then(
    (version) => setTimeout(follow, ASK, version),
    () => { $("news").textContent = "math500 view has ended; this is how it was"; },
  );
}

async function start() {
  theme();
  state.data = unfold(await unpack("index"));
  choices();
  listen();
  for (const id of ["filters", "browser", "keys"]) $(id).hidden = false;
  choose(0);
  if (!fromAddress() && innerWidth > 860 && state.shown[0]) {
    const wrong = state.shown.find((shown) => share(shown.entry) < 1) ?? state.shown[0];
    await open(wrong.entry, wrong.fits[0].nth);
    history.replaceState(null, "", " ");
    $("list").scrollTop = 0;
  }
  document.documentElement.dataset.ready = "1";
  if (live) follow(await (await fetch("version", { cache: "no-store" })).text());
}

if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
else start();
