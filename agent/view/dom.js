// Elements of a page. What a trace says is placed as text nodes only: nothing here parses markup,
// and no attribute takes a trace's words.
const KNOWN = JSON.parse(document.getElementById("known").textContent);
const KINDS = KNOWN.kinds;
const SVG = "http://www.w3.org/2000/svg";

function el(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

// An element of the server's own making: its name, its attributes, its children.
function built([name, attributes, ...children], space = null) {
  const inner = name === "svg" ? SVG : space;
  const made = inner ? document.createElementNS(inner, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key !== "xmlns") made.setAttribute(key, value);
  }
  made.append(...children.map((child) => (typeof child === "string" ? child : built(child, inner))));
  return made;
}

function icon(kind) {
  const look = { class: "tree icon", viewBox: "0 0 16 16", "aria-hidden": "true" };
  const dot = ["circle", { class: "dot", cx: "8", cy: "8", r: "8" }];
  return built(["svg", look, ["g", { class: kind }, dot, ["path", { class: "glyph", d: KINDS[kind].glyph }]]]);
}

// Text in a box that scrolls, so that a long observation does not push the rest away.
function block(text, className) {
  const made = el("pre", className, text);
  made.tabIndex = 0;
  return made;
}

// Scroll a box, and never the page, until something in it is in view.
function reveal(box, inside) {
  const outer = box.getBoundingClientRect();
  const inner = inside.getBoundingClientRect();
  const by = (low, high, from, to) => Math.min(0, low - from - 24) + Math.max(0, high - to + 24);
  box.scrollTop += by(inner.top, inner.bottom, outer.top, outer.bottom);
  box.scrollLeft += by(inner.left, inner.right, outer.left, outer.right);
}

// A part that is built when it is first opened.
function folded(summary, build) {
  const made = el("details", "", el("summary", "", summary));
  made.addEventListener("toggle", () => made.append(...build()), { once: true });
  return made;
}

function said([role, text]) {
  return el("div", "message", el("span", "role", role), block(text, "text"));
}
