// The samples: the index once, a block of bodies when one of its samples is looked at.

const live = document.getElementById("live") !== null;
const KEPT = 16; // blocks that stay unpacked
const blocks = new Map();

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

async function unpack(name) {
  const packed = live
    ? (await fetch(name, { cache: "no-store" })).body
    : new Blob([bytes(document.getElementById(name).textContent)]).stream();
  return JSON.parse(await new Response(packed.pipeThrough(new DecompressionStream("deflate"))).text());
}

function block(number) {
  let kept = blocks.get(number);
  blocks.delete(number);
  kept ??= unpack(`block-${number}`);
  blocks.set(number, kept);
  if (blocks.size > KEPT) blocks.delete(blocks.keys().next().value);
  return kept;
}

const body = async (sample) => (await block(sample.block))[sample.place];

// The index as the page uses it: for each run its problems, for each problem its samples.
function unfold(index) {
  const problems = index.problems.map(([id, subject, level, problem, answer, solution]) => ({
    id, subject, level, problem, answer, solution,
    words: [id, subject, problem, answer].join("\n").toLowerCase(),
  }));
  const runs = index.runs.map((run) => {
    const entries = new Map();
    const [at = [], nth, verdict, reason, tokens, cut, answer, blockOf, place] = run.rows;
    at.forEach((p, i) => {
      if (!entries.has(p)) entries.set(p, { problem: problems[p], samples: [], flipped: false });
      entries.get(p).samples.push({
        nth: nth[i], verdict: verdict[i], reason: reason[i], tokens: tokens[i], cut: cut[i] === 1,
        answer: answer[i], words: (answer[i] ?? "").toLowerCase(), block: blockOf[i], place: place[i],
      });
    });
    return { ...run, rows: null, entries: [...entries.values()] };
  });
  markFlips(runs);
  return { ...index, problems, runs };
}

const share = (entry) => entry.samples.filter((s) => s.verdict === 0).length / entry.samples.length;

// Flipped: scored differently than in another run; with one run, right in some samples only.
function markFlips(runs) {
  if (runs.length === 1) {
    for (const entry of runs[0].entries) entry.flipped = share(entry) > 0 && share(entry) < 1;
    return;
  }
  const shares = runs.map((run) => new Map(run.entries.map((e) => [e.problem, share(e)])));
  runs.forEach((run, r) => {
    for (const entry of run.entries) {
      const own = shares[r].get(entry.problem);
      const others = r === 0 ? shares.slice(1) : [shares[0]];
      entry.flipped = others.some((other) => other.has(entry.problem) && other.get(entry.problem) !== own);
    }
  });
}
