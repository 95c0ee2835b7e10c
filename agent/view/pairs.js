// Training rows: filtered by what they are, searched, and walked through with J and K.
const KNOWN = JSON.parse(document.getElementById("known").textContent);
const articles = [...document.querySelectorAll("article")];
const search = document.querySelector(".search");
const filters = [...document.querySelectorAll("select")];
const words = articles.map((article) => article.textContent.toLowerCase());

// Each filter offers what the rows have, the most frequent first; a row's words are no attribute.
for (const filter of filters) {
  const counts = new Map();
  for (const row of KNOWN.rows) {
    for (const name of row[filter.dataset.filter]) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  for (const [name, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    filter.append(new Option(`${name} (${count})`, name));
  }
  filter.hidden = counts.size < 1;
}

function show() {
  const asked = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  articles.forEach((article, place) => {
    const row = KNOWN.rows[place];
    const fits = filters.every((one) => !one.value || row[one.dataset.filter].includes(one.value));
    article.hidden = !fits || !asked.every((word) => words[place].includes(word));
    shown += article.hidden ? 0 : 1;
  });
  document.querySelector(".count").textContent = `${shown} of ${articles.length} rows`;
}

document.querySelector(".bar").addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (/INPUT|SELECT/.test(event.target.tagName)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const by = { j: 1, k: -1 }[event.key];
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
  } else if (by) {
    const shown = articles.filter((article) => !article.hidden);
    const at = shown.indexOf(document.activeElement.closest("article"));
    shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), shown.length - 1)]?.focus();
  }
});
show();
