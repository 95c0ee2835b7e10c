// Two runs side by side, step by step in the order of their visits, with the first difference.
function did(node) {
  const calls = (node.calls ?? []).map((call) => [call.name, call.arguments]);
  return JSON.stringify([node.up, calls, calls.length ? null : node.says ?? [], node.did]);
}

function saw(node) {
  return JSON.stringify([(node.calls ?? []).map((call) => [call.status, call.content]), node.kind]);
}

// Where two runs part, and how: in what was done, in what came of it, or in that one ends.
function parting(left, right) {
  const most = Math.max(left.length, right.length);
  for (let n = 1; n < most; n++) {
    const [a, b] = [left[n], right[n]];
    if (!a || !b) return [n, `the ${a ? "right" : "left"} run has no step ${n}`];
    if (did(a) !== did(b)) return [n, "the runs did different things"];
    if (saw(a) !== saw(b)) return [n, "the same was done, and something else came of it"];
  }
  return [0, ""];
}

function compareCell(view, n, chosen) {
  const node = view.nodes[n];
  if (!node) return el("td", "none", "no such step");
  const button = el("button", "", icon(node.kind), " ", el("span", "did", node.did), " ", el("span", "with", node.with ?? ""));
  button.type = "button";
  button.addEventListener("click", () => chosen(n));
  const cell = el("td", "", button);
  if (node.mark) cell.append(el("span", "mark", node.mark));
  if (node.took) cell.append(el("span", "took", node.took));
  return cell;
}

function comparison(left, right) {
  const [first, how] = parting(left.nodes, right.nodes);
  const sides = [left, right];
  const most = Math.max(left.nodes.length, right.nodes.length);
  const details = sides.map(() => el("div", "side-detail"));
  const rows = [];
  const chosen = (n) => {
    for (const [number, row] of rows.entries()) row.classList.toggle("shown", number + 1 === n);
    for (const [place, view] of sides.entries()) {
      details[place].replaceChildren(...(view.nodes[n] ? view.describe(n) : [el("p", "none", "No such step.")]));
    }
  };
  for (let n = 1; n < most; n++) {
    const head = el("th", "", String(n));
    head.scope = "row";
    const row = el("tr", n === first ? "first" : "", head, ...sides.map((view) => compareCell(view, n, chosen)));
    if (n === first) row.setAttribute("aria-current", "true");
    rows.push(row);
  }
  const said = first ? `They part at step ${first}: ${how}.` : "Both runs took the very same steps.";
  const heads = sides.map((view) => {
    const meta = [...view.section.querySelectorAll(".facts dd")].slice(0, 2).map((dd) => dd.textContent);
    const title = el("a", "", view.section.querySelector(".query").textContent);
    title.href = `#${view.section.id}`;
    const answer = view.section.querySelector(".verdict").cloneNode(true);
    return el("th", "", title, el("p", "none", meta.join(" · ")), answer);
  });
  const body = el("tbody", "", ...rows);
  const table = el("table", "", el("thead", "", el("tr", "", el("th", "", "Step"), ...heads)), body);
  if (most > 1) chosen(first || 1);
  return [el("h2", "", "Two runs side by side"), el("p", "parting", said), el("div", "scroll", table), el("div", "details", ...details)];
}
