// A run: its outline of steps, one of them in detail, and its picture. Steps are numbered in the
// order in which they were visited; the outline has them in the order of the tree.
const FOLD_ABOVE = 300; // nodes from which dead branches start folded
const ANSWERS = ["right", "wrong", "partly", "answered"];

class RunView {
  constructor(section) {
    const data = JSON.parse(section.querySelector(".nodes").textContent);
    this.section = section;
    this.nodes = data.nodes;
    this.wholes = data.wholes;
    this.outline = section.querySelector(".outline");
    this.detail = section.querySelector(".detail");
    this.rows = [];
    this.followed = true; // until somebody chooses a step
    this.listen();
    this.draw();
    this.measure();
    this.place(this.nodes.keys());
    this.fold(this.nodes.length > FOLD_ABOVE);
    if (this.nodes.length) this.select(data.open, false);
  }

  draw() {
    this.map = this.section.querySelector(".map");
    this.boxes = new Map();
    for (const box of this.map?.querySelectorAll("[data-n]") ?? []) {
      this.boxes.set(Number(box.dataset.n), box);
    }
    this.boxes.get(this.at)?.classList.add("selected");
  }

  // The order of the tree, ends of subtrees in it, levels, and lanes: a row is indented once for
  // each fork above it, not for each step, so that a long path stays in view.
  measure() {
    const { nodes } = this;
    for (const node of nodes) node.kids = [];
    for (const [n, node] of nodes.entries()) nodes[node.up]?.kids.push(n);
    this.order = [];
    const waiting = nodes.length ? [0] : [];
    while (waiting.length) {
      const n = waiting.pop();
      const node = nodes[n];
      const up = nodes[node.up];
      node.at = this.order.push(n) - 1;
      node.level = up ? up.level + 1 : 1;
      node.lane = up ? up.lane + (up.kids.length > 1 ? 1 : 0) : 0;
      node.kids.sort((a, b) => nodes[b].place - nodes[a].place || b - a);
      waiting.push(...node.kids);
    }
    this.answered = nodes.some((node) => ANSWERS.includes(node.kind));
    for (const n of [...this.order].reverse()) {
      const node = nodes[n];
      node.end = node.kids.length ? nodes[node.kids[0]].end : node.at + 1; // the last child is first
      const below = node.kids.map((kid) => nodes[kid].alive).find(Boolean);
      node.alive = ANSWERS.includes(node.kind) ? node.kind : below ?? (n === 0 ? "task" : undefined);
    }
  }

  // Make the rows of some steps anew, and put each row where it belongs.
  place(changed) {
    for (const n of changed) {
      const made = this.row(this.nodes[n], n);
      if (n === this.at) made.setAttribute("aria-selected", "true");
      this.rows[n]?.replaceWith(made);
      this.rows[n] = made;
    }
    let next = this.outline.firstChild;
    for (const n of this.order) {
      if (this.rows[n] === next) next = next.nextSibling;
      else this.outline.insertBefore(this.rows[n], next);
      this.rows[n].className = this.answered && this.nodes[n].alive ? `row alive ${this.nodes[n].alive}` : "row";
      this.rows[n].style.setProperty("--lane", Math.min(this.nodes[n].lane, 24));
    }
  }

  row(node, n) {
    const made = el("div", "row", el("span", "twist"), icon(node.kind), el("span", "nth", n ? String(n) : ""), el("span", "did", node.did));
    if (node.with) made.append(el("span", "with", node.with));
    if (node.mark) made.append(el("span", node.mark === "pruned" ? "mark pruned" : "mark", node.mark));
    if (node.took) made.append(el("span", "took", node.took));
    made.append(el("span", "inside"));
    made.dataset.n = n;
    made.tabIndex = n === this.at ? 0 : -1;
    made.setAttribute("role", "treeitem");
    made.setAttribute("aria-level", node.level);
    return made;
  }

  // What a run that goes on came to meanwhile.
  update({ rows, count, wholes, parts, open }) {
    for (const row of this.rows.splice(count)) row.remove(); // another run has taken its place
    this.nodes.length = Math.min(this.nodes.length, count);
    if (this.at >= count) this.at = undefined;
    const changed = Object.entries(rows).map(([n, node]) => [Number(n), node]);
    for (const [n, node] of changed) {
      node.closed = this.nodes[n]?.closed;
      this.nodes[n] = node;
    }
    Object.assign(this.wholes, wholes);
    for (const [name, part] of Object.entries(parts)) {
      this.section.querySelector(`:scope > .${name}`).replaceWith(built(part));
    }
    this.draw();
    this.measure();
    this.place(changed.map(([n]) => n));
    this.refresh();
    if (this.followed && this.nodes.length) this.select(open, false);
    else if (changed.some(([n]) => n === this.at)) this.show(this.at);
  }

  fold(dead) {
    const { nodes } = this;
    for (const node of nodes) {
      const up = nodes[node.up];
      node.closed = dead && node.kids.length > 0 && !node.alive && Boolean(up?.alive);
    }
    this.refresh();
  }

  refresh() {
    const { nodes, rows } = this;
    let next = 0;
    for (const [at, n] of this.order.entries()) {
      const node = nodes[n];
      const shown = at === next;
      if (rows[n].hidden === shown) rows[n].hidden = !shown; // hiding for a moment loses the focus
      if (!shown) continue;
      next = node.closed ? node.end : at + 1;
      if (node.kids.length) rows[n].setAttribute("aria-expanded", String(!node.closed));
      const inside = node.closed ? `+${node.end - at - 1}` : "";
      if (rows[n].lastChild.textContent !== inside) rows[n].lastChild.textContent = inside;
    }
  }

  toggle(n, closed) {
    const node = this.nodes[n];
    node.closed = closed;
    this.refresh();
    const at = this.nodes[this.at].at;
    if (closed && at > node.at && at < node.end) this.select(n);
  }

  // Select a step, opening what it is folded into.
  select(n, focus = true) {
    let hidden = false;
    for (let up = this.nodes[n].up; up >= 0; up = this.nodes[up].up) {
      hidden ||= this.nodes[up].closed;
      this.nodes[up].closed = false;
    }
    if (hidden) this.refresh();
    if (this.at !== undefined) {
      this.rows[this.at].tabIndex = -1;
      this.rows[this.at].setAttribute("aria-selected", "false");
      this.boxes.get(this.at)?.classList.remove("selected");
    }
    this.at = n;
    this.rows[n].tabIndex = 0;
    this.rows[n].setAttribute("aria-selected", "true");
    this.boxes.get(n)?.classList.add("selected");
    this.show(n);
    reveal(this.outline, this.rows[n]);
    if (this.boxes.has(n)) reveal(this.map, this.boxes.get(n));
    if (focus) this.rows[n].focus({ preventScroll: true });
  }

  // A step that somebody chose: the page follows the run no longer.
  choose(n) {
    this.followed = false;
    this.select(n);
  }

  show(n) {
    this.detail.replaceChildren(...this.describe(n));
    this.detail.scrollTop = 0;
  }

  step(from, by) {
    let at = this.nodes[from].at + by;
    while (this.rows[this.order[at]]?.hidden) at += by;
    return this.order[at] ?? from;
  }

  keys(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || this.at === undefined) return;
    const { nodes, at } = this;
    const node = nodes[at];
    const open = node.kids.length > 0 && !node.closed;
    switch (event.key) {
      case "ArrowDown": this.choose(this.step(at, 1)); break;
      case "ArrowUp": this.choose(this.step(at, -1)); break;
      case "Home": this.choose(0); break;
      case "End": {
        let last = this.order.length - 1;
        while (this.rows[this.order[last]].hidden) last -= 1;
        this.choose(this.order[last]);
        break;
      }
      case "ArrowRight":
        if (node.closed) this.toggle(at, false);
        else if (open) this.choose(this.order[node.at + 1]);
        break;
      case "ArrowLeft":
        if (open) this.toggle(at, true);
        else if (node.up >= 0) this.choose(node.up);
        break;
      case "Enter":
      case " ": this.detail.focus(); break;
      default: return;
    }
    event.preventDefault();
  }

  listen() {
    this.outline.addEventListener("keydown", (event) => this.keys(event));
    this.outline.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (!row) return;
      const n = Number(row.dataset.n);
      const node = this.nodes[n];
      if (event.target.closest(".twist, .inside") && node.kids.length) this.toggle(n, !node.closed);
      else this.choose(n);
    });
    this.detail.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.rows[this.at].focus();
    });
    this.section.addEventListener("click", (event) => {
      const target = event.target.closest(".map [data-n], .pairs [data-n]");
      if (target) {
        this.choose(Number(target.dataset.n));
        if (target.closest(".pairs")) this.outline.parentElement.scrollIntoView();
      }
      const button = event.target.closest("button[data-fold]");
      if (!button || this.at === undefined) return;
      this.fold(button.dataset.fold === "dead");
      this.select(this.rows[this.at].hidden ? 0 : this.at, false);
    });
  }

  describe(n) {
    const node = this.nodes[n];
    const parts = [
      el("h3", "", icon(node.kind), el("span", "did", node.did), el("span", "kind", KINDS[node.kind].word)),
    ];
    if (node.facts?.length) {
      const facts = node.facts.map(([name, value]) => el("span", "", el("b", "", name), ` ${value}`));
      parts.push(el("p", "about", ...facts));
    }
    if (node.reason) parts.push(el("p", "reason", `Not gone on from here: ${node.reason}.`));
    if (n > 0) {
      const steps = this.path(node.up);
      const count = steps.length === 1 ? "1 step" : `${steps.length} steps`;
      parts.push(folded(`Conversation before this step (${count})`, () => steps.flatMap((up) => this.short(up))));
    }
    if (node.prompt) {
      parts.push(el("h4", "", "Shown for this step only"), ...node.prompt.map(said));
    }
    const replies = node.says ?? [];
    parts.push(el("h4", "", n === 0 ? "Every path begins with" : "Reply"));
    if (replies.length) parts.push(...replies.map(said));
    else parts.push(el("p", "none", node.calls ? "No text, only a call." : "Empty."));
    for (const [place, call] of (node.calls ?? []).entries()) parts.push(...this.call(call, place, node.calls.length));
    if (node.meta) parts.push(folded("What its source says besides", () => [block(node.meta)]));
    return parts;
  }

  call(call, place, count) {
    const title = el("h4", "", count > 1 ? `Call ${place + 1} of ${count} ` : "Call ", el("code", "", call.name));
    if (call.alias !== call.name) title.append(el("span", "alias", `written ${call.alias}`));
    if (call.uses) title.append(el("span", "alias", `uses what call ${call.uses} gave`));
    const parts = [title, block(call.arguments, call.malformed ? "arguments malformed" : "arguments")];
    if (call.malformed) parts.push(el("p", "reason", "These arguments are not JSON."));
    return call.status === undefined ? parts : [...parts, ...this.seen(call)];
  }

  seen(call) {
    const parts = [
      el("h4", "", "Observation ", el("span", call.failed ? "status bad" : call.shown ? "status shown" : "status", call.status), el("span", "alias", call.about)),
      block(call.content, "content"),
    ];
    const whole = this.wholes[call.stored];
    if (whole) {
      parts.push(folded("Whole observation", () => [el("p", "none", whole.note), ...(whole.text ? [block(whole.text)] : [])]));
    }
    if (call.inner?.length) {
      const count = call.inner.length === 1 ? "1 call" : `${call.inner.length} calls`;
      const inner = (one) => [el("h4", "", el("code", "", one.name)), block(one.arguments, "arguments"), ...this.seen(one)];
      parts.push(folded(`What its code called (${count})`, () => call.inner.flatMap(inner)));
    }
    return parts;
  }

  path(n) {
    const steps = [];
    for (let at = n; at >= 0; at = this.nodes[at].up) steps.push(this.nodes[at]);
    return steps.reverse();
  }

  short(node) {
    const calls = (node.calls ?? []).flatMap((call) => [
      said(["call", `${call.alias} ${call.arguments}`]),
      ...(call.content === undefined ? [] : [said(["tool", call.content])]),
    ]);
    return [...(node.says ?? []).map(said), ...calls];
  }
}
