// Which part of the page is shown, and what a page that grows hears of its run.
const sections = [...document.querySelectorAll("section.run")];
const views = new Map();
const nav = document.querySelector(".index");
const index = nav && new TableView(nav);
const figures = document.querySelector(".figures");
const compared = el("section", "compare");
const back = el("a", "back inner", "← All runs");
back.href = "#";
compared.hidden = back.hidden = true;
document.querySelector("main").before(back);
document.querySelector("main").append(compared);

function view(section) {
  if (!views.has(section)) views.set(section, new RunView(section));
  return views.get(section);
}

function show() {
  const hash = location.hash.length > 1 ? location.hash : KNOWN.start;
  const pair = /^#compare-(\d+)-(\d+)$/.exec(hash)?.slice(1).map((n) => document.getElementById(`run-${n}`));
  const comparing = Boolean(pair?.[0] && pair[1]);
  const asked = sections.find((section) => `#${section.id}` === hash);
  const shown = comparing ? undefined : asked ?? (nav ? undefined : sections[0]);
  for (const section of sections) section.hidden = section !== shown;
  if (nav) nav.hidden = comparing || Boolean(shown);
  if (figures) figures.hidden = nav.hidden;
  back.hidden = !nav?.hidden || Boolean(KNOWN.start);
  compared.hidden = !comparing;
  if (comparing) compared.replaceChildren(...comparison(...pair.map(view)));
  if (shown) view(shown);
  if (nav?.hidden) scrollTo(0, 0);
}

// A mark of a picture shows the runs behind it.
figures?.addEventListener("click", (event) => {
  const mark = event.target.closest("[data-runs]");
  if (!mark) return;
  event.preventDefault();
  index.showOnly(mark.dataset.runs.split(" "), mark.getAttribute("aria-label"));
});
window.addEventListener("hashchange", show);
show();

if (KNOWN.live) {
  const state = el("p", "live", "watching");
  state.setAttribute("role", "status");
  document.querySelector(".brand").after(state);
  const source = new EventSource(KNOWN.live);
  source.addEventListener("run", (event) => {
    const changes = JSON.parse(event.data);
    view(sections[0]).update(changes);
    state.textContent = changes.doing;
  });
  source.addEventListener("table", (event) => index.update(JSON.parse(event.data)));
  source.addEventListener("end", () => source.close());
  source.addEventListener("trouble", (event) => {
    state.textContent = JSON.parse(event.data);
    source.close();
  });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) state.textContent = "the server is gone; what was seen stays";
  });
}
