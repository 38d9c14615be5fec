// Text that others wrote, as nodes. Nothing here or elsewhere in the page reads text as markup.

const FORMULA = new RegExp(
  [
    String.raw`\$\$([\s\S]{1,4000}?)\$\$`,
    String.raw`(?<!\\)\$((?:\\[\s\S]|[^$\\]){1,2000}?)\$`,
    String.raw`\\\(([\s\S]{1,4000}?)\\\)`,
    String.raw`\\\[([\s\S]{1,4000}?)\\\]`,
    String.raw`(\\begin\{(align\*?|equation\*?|gather\*?|aligned|cases|array|[pbvBV]?matrix)\}[\s\S]{1,4000}?\\end\{\6\})`,
    String.raw`(\\boxed\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})`,
    String.raw`\[asy\]([\s\S]{1,20000}?)\[/asy\]`,
  ].join("|"),
  "g",
);
const PROSE = /[a-z]{2,} [a-z]{2,}/i; // two words in a row: dollars of money, not of a formula
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/u;
const BOLD = /\*\*([^*\n]{1,400})\*\*/g;
const LONG = 40000; // characters from which the middle of a text is folded
const SETTINGS = { output: "mathml", throwOnError: true, trust: false, strict: false, maxSize: 20, maxExpand: 200 };

function make(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== "" && child != null));
  return node;
}

// Plain text; characters without a picture, and those that turn text around, become visible signs.
function plain(text) {
  const nodes = [];
  let rest = text;
  for (;;) {
    const found = UNSEEN.exec(rest);
    if (!found) break;
    const code = found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    nodes.push(rest.slice(0, found.index), make("span", { class: "ctl" }, `U+${code}`));
    rest = rest.slice(found.index + found[0].length);
  }
  return [...nodes, rest].filter((node) => node !== "");
}

function bold(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(BOLD)) {
    nodes.push(...plain(text.slice(at, found.index)), make("strong", {}, ...plain(found[1])));
    at = found.index + found[0].length;
  }
  return [...nodes, ...plain(text.slice(at))];
}

function formula(source, display) {
  const katex = globalThis.katex;
  const shown = make("span", { class: "f" });
  if (katex && source.length < 4000) {
    try {
      katex.render(source, shown, { ...SETTINGS, displayMode: display });
      return shown;
    } catch {
      shown.replaceChildren();
    }
  }
  shown.append(make("code", { class: "tex" }, ...plain(source)));
  return shown;
}

// What a match of FORMULA is, or null when its dollars are money.
function asFormula(found) {
  const [, dollars, dollar, round, square, environment, , box, drawing] = found;
  if (drawing !== undefined) {
    return make("details", {}, make("summary", {}, "drawing (Asymptote source)"), make("pre", { tabindex: "0" }, ...plain(drawing)));
  }
  if (dollar !== undefined && PROSE.test(dollar.replace(/\\(?:text|mbox|textbf|mathrm)\{[^}]*\}/g, ""))) return null;
  const display = dollars !== undefined || square !== undefined || environment !== undefined;
  return formula((dollars ?? dollar ?? round ?? square ?? environment ?? box).trim(), display);
}

// Text with its formulas rendered; [from, to) is marked: exactly in text, as a whole where it lies in a formula.
function rendered(text, from = -1, to = -1) {
  const nodes = [];
  const put = (start, end) => {
    const [a, b] = [Math.max(start, from), Math.min(end, to)];
    if (a >= b) return nodes.push(...bold(text.slice(start, end)));
    const inside = make("mark", {}, ...bold(text.slice(a, b)));
    return nodes.push(...bold(text.slice(start, a)), inside, ...bold(text.slice(b, end)));
  };
  let at = 0;
  FORMULA.lastIndex = 0;
  for (let found; (found = FORMULA.exec(text)); ) {
    const node = asFormula(found);
    if (node === null) {
      // The closing dollar of money may open a formula.
      FORMULA.lastIndex = found.index + found[0].length - 1;
      continue;
    }
    const end = found.index + found[0].length;
    put(at, found.index);
    nodes.push(found.index < to && end > from ? make("mark", {}, node) : node);
    at = end;
  }
  put(at, text.length);
  return nodes;
}

function sourced(text, from = -1, to = -1) {
  if (from < 0 || from >= to || to <= 0) return plain(text);
  return [...plain(text.slice(0, Math.max(from, 0))), make("mark", {}, ...plain(text.slice(Math.max(from, 0), to))), ...plain(text.slice(to))];
}

// A text, its middle folded where it is long.
function long(text, how, from = -1, to = -1) {
  if (text.length <= LONG) return how(text, from, to);
  const head = LONG / 2;
  const tail = text.length - LONG / 2;
  const button = make("button", { type: "button" }, `show ${(tail - head).toLocaleString("en")} characters more`);
  button.addEventListener("click", () => {
    const step = Math.min(LONG, tail - button.shown);
    button.before(...how(text.slice(button.shown, button.shown + step), from - button.shown, to - button.shown));
    button.shown += step;
    if (button.shown >= tail) button.remove();
    else button.textContent = `show ${(tail - button.shown).toLocaleString("en")} characters more`;
  });
  button.shown = head;
  return [...how(text.slice(0, head), from, to), " ", button, " ", ...how(text.slice(tail), from - tail, to - tail)];
}

// The parts of a response: thinking or not, with their offsets. As the grader sees it (grading/visible.py).
function parts(text, marks) {
  let pieces = [{ start: 0, end: text.length, thinking: false }];
  for (const [opening, closing] of marks) {
    pieces = pieces.flatMap((piece) => (piece.thinking ? [piece] : split(text, piece, opening, closing)));
  }
  return pieces.filter((piece) => piece.start < piece.end);
}

function split(text, { start, end }, opening, closing) {
  const pieces = [];
  let at = start;
  const first = text.indexOf(closing, at);
  const opens = text.indexOf(opening, at);
  if (first >= 0 && first < end && (opens < 0 || opens > first)) {
    // A closing mark alone ends a block that began with the prompt.
    pieces.push({ start: at, end: first + closing.length, thinking: true });
    at = first + closing.length;
  }
  for (;;) {
    const begin = text.indexOf(opening, at);
    if (begin < 0 || begin >= end) break;
    const close = text.indexOf(closing, begin);
    const stop = close < 0 || close >= end ? end : close + closing.length;
    pieces.push({ start: at, end: begin, thinking: false }, { start: begin, end: stop, thinking: true });
    at = stop;
  }
  return [...pieces, { start: at, end, thinking: false }];
}
