// Fills a page that view.py wrote. What a trace says is placed as text nodes only: nothing here
// parses markup, and no attribute takes a trace's words.
"use strict";
(() => {
  const KINDS = JSON.parse(document.getElementById("kinds").textContent);
  const FOLD_ABOVE = 300; // nodes from which dead branches start folded

  function el(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  function icon(kind) {
    const space = "http://www.w3.org/2000/svg";
    const parts = ["svg", "g", "circle", "path"].map((n) => document.createElementNS(space, n));
    const [svg, group, circle, path] = parts;
    svg.setAttribute("class", "tree icon");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    group.setAttribute("class", kind);
    circle.setAttribute("class", "dot");
    for (const field of ["cx", "cy", "r"]) circle.setAttribute(field, "8");
    path.setAttribute("class", "glyph");
    path.setAttribute("d", KINDS[kind].glyph);
    group.append(circle, path);
    svg.append(group);
    return svg;
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

  class RunView {
    constructor(section) {
      const data = JSON.parse(section.querySelector(".nodes").textContent);
      this.nodes = data.nodes;
      this.wholes = data.wholes;
      this.outline = section.querySelector(".outline");
      this.detail = section.querySelector(".detail");
      this.map = section.querySelector(".map");
      this.boxes = new Map();
      for (const box of this.map?.querySelectorAll("[data-n]") ?? []) {
        this.boxes.set(Number(box.dataset.n), box);
      }
      this.measure();
      const answer = this.nodes.findIndex((node) => node.kind === "answered");
      this.rows = this.nodes.map((node, n) => this.row(node, n, answer >= 0));
      this.fold(this.nodes.length > FOLD_ABOVE);
      this.outline.append(...this.rows);
      this.listen(section);
      this.select(Math.max(answer, 0), false);
    }

    // Ends of subtrees, levels, and lanes: a row is indented once for each fork above it, not for
    // each step, so that a long path stays in view.
    measure() {
      const { nodes } = this;
      for (let n = nodes.length - 1; n >= 0; n--) {
        const node = nodes[n];
        node.end ??= n + 1;
        node.width ??= 0;
        node.alive ||= n === 0 || node.kind === "answered";
        const up = nodes[node.up];
        if (!up) continue;
        up.end = Math.max(up.end ?? 0, node.end);
        up.width = (up.width ?? 0) + 1;
        up.alive ||= node.alive;
      }
      for (const node of nodes) {
        const up = nodes[node.up];
        node.level = up ? up.level + 1 : 1;
        node.lane = up ? up.lane + (up.width > 1 ? 1 : 0) : 0;
      }
    }

    row(node, n, answered) {
      const made = el("div", node.alive && answered ? "row alive" : "row", el("span", "twist"), icon(node.kind), el("span", "did", node.did));
      if (node.with) made.append(el("span", "with", node.with));
      const failed = (node.calls ?? []).find((call) => call.failed);
      if (node.kind === "pruned") made.append(el("span", "mark pruned", "pruned"));
      else if (failed && node.kind !== "gave_up") made.append(el("span", "mark", failed.status));
      made.append(el("span", "inside"));
      made.dataset.n = n;
      made.tabIndex = -1;
      made.setAttribute("role", "treeitem");
      made.setAttribute("aria-level", node.level);
      made.style.setProperty("--lane", Math.min(node.lane, 24));
      return made;
    }

    fold(dead) {
      const { nodes } = this;
      for (const node of nodes) {
        const up = nodes[node.up];
        node.closed = dead && node.width > 0 && !node.alive && Boolean(up?.alive);
      }
      this.refresh();
    }

    refresh() {
      const { nodes, rows } = this;
      let next = 0;
      for (const [n, node] of nodes.entries()) {
        const shown = n === next;
        if (rows[n].hidden === shown) rows[n].hidden = !shown; // hiding for a moment loses the focus
        if (!shown) continue;
        next = node.closed ? node.end : n + 1;
        if (node.width) rows[n].setAttribute("aria-expanded", String(!node.closed));
        rows[n].lastChild.textContent = node.closed ? `+${node.end - n - 1}` : "";
      }
    }

    toggle(n, closed) {
      this.nodes[n].closed = closed;
      this.refresh();
      if (closed && this.at > n && this.at < this.nodes[n].end) this.select(n);
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
      const box = this.boxes.get(n);
      box?.classList.add("selected");
      this.detail.replaceChildren(...this.describe(n));
      this.detail.scrollTop = 0;
      reveal(this.outline, this.rows[n]);
      if (box) reveal(this.map, box);
      if (focus) this.rows[n].focus({ preventScroll: true });
    }

    step(from, by) {
      let n = from + by;
      while (this.rows[n]?.hidden) n += by;
      return this.rows[n] ? n : from;
    }

    keys(event) {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const { nodes, at } = this;
      const node = nodes[at];
      const open = node.width > 0 && !node.closed;
      switch (event.key) {
        case "ArrowDown": this.select(this.step(at, 1)); break;
        case "ArrowUp": this.select(this.step(at, -1)); break;
        case "Home": this.select(0); break;
        case "End": this.select(this.step(nodes.length, -1)); break;
        case "ArrowRight":
          if (node.closed) this.toggle(at, false);
          else if (open) this.select(at + 1);
          break;
        case "ArrowLeft":
          if (open) this.toggle(at, true);
          else if (node.up >= 0) this.select(node.up);
          break;
        case "Enter":
        case " ": this.detail.focus(); break;
        default: return;
      }
      event.preventDefault();
    }

    listen(section) {
      this.outline.addEventListener("keydown", (event) => this.keys(event));
      this.outline.addEventListener("click", (event) => {
        const row = event.target.closest(".row");
        if (!row) return;
        const n = Number(row.dataset.n);
        const node = this.nodes[n];
        if (event.target.closest(".twist, .inside") && node.width) this.toggle(n, !node.closed);
        else this.select(n);
      });
      this.detail.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.rows[this.at].focus();
      });
      section.addEventListener("click", (event) => {
        const target = event.target.closest(".map [data-n], .pairs [data-n]");
        if (target) {
          this.select(Number(target.dataset.n));
          if (target.closest(".pairs")) this.outline.parentElement.scrollIntoView();
        }
        const button = event.target.closest("button[data-fold]");
        if (!button) return;
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
      if (call.status === undefined) return parts;
      parts.push(
        el("h4", "", "Observation ", el("span", call.failed ? "status bad" : call.shown ? "status shown" : "status", call.status), el("span", "alias", call.about)),
        block(call.content, "content"),
      );
      const whole = this.wholes[call.stored];
      if (whole) {
        parts.push(folded("Whole observation", () => [el("p", "none", whole.note), ...(whole.text ? [block(whole.text)] : [])]));
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

  const sections = [...document.querySelectorAll("section.run")];
  const views = new Map();

  function show() {
    const asked = sections.find((section) => `#${section.id}` === location.hash);
    const shown = asked ?? sections[0];
    for (const section of sections) section.hidden = section !== shown;
    for (const link of document.querySelectorAll(".index a")) {
      if (link.hash === `#${shown.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    if (!views.has(shown)) views.set(shown, new RunView(shown));
  }

  window.addEventListener("hashchange", show);
  show();
})();
