// The table of runs: sorted by a column, filtered, searched, two of them chosen to be compared.
class TableView {
  constructor(nav) {
    this.nav = nav;
    this.body = nav.querySelector("tbody");
    this.search = nav.querySelector(".search");
    this.filters = [...nav.querySelectorAll("[data-filter]")];
    this.button = nav.querySelector(".compare-chosen");
    this.column = 0;
    this.chosen = [];
    this.only = null;
    this.all = el("button", "show-all");
    this.all.type = "button";
    this.all.hidden = true;
    this.all.addEventListener("click", () => this.showOnly(null));
    this.button.after(this.all);
    nav.querySelector("thead").addEventListener("click", (event) => {
      const button = event.target.closest("[data-column]");
      if (button) this.sort(Number(button.dataset.column));
    });
    nav.querySelector(".bar").addEventListener("input", () => this.filter());
    nav.addEventListener("keydown", (event) => this.keys(event));
    this.body.addEventListener("change", (event) => this.choose(event.target));
    this.button.addEventListener("click", () => {
      const [a, b] = this.chosen.map((box) => box.closest("tr").dataset.run);
      if (KNOWN.live) location.assign(`compare/${a}/${b}`);
      else location.hash = `#compare-${a}-${b}`;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || nav.hidden || /INPUT|SELECT/.test(event.target.tagName)) return;
      event.preventDefault();
      this.search.focus();
    });
    this.offer();
    this.filter();
  }

  get rows() {
    return [...this.body.rows];
  }

  // Each filter offers what its column holds.
  offer() {
    for (const filter of this.filters) {
      const held = new Set(this.rows.map((row) => row.cells[filter.dataset.filter].textContent.trim()));
      const known = new Set([...filter.options].map((option) => option.value));
      for (const text of [...held].sort()) {
        if (text && !known.has(text)) filter.append(new Option(text, text));
      }
      filter.hidden = filter.options.length < 3;
    }
  }

  filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of this.rows) {
      const text = row.textContent.toLowerCase();
      const fits = this.filters.every((f) => !f.value || row.cells[f.dataset.filter].textContent.trim() === f.value);
      const meant = !this.only || this.only.has(row.dataset.run);
      row.hidden = !fits || !meant || !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    this.nav.querySelector(".count").textContent = `${shown} of ${this.rows.length} runs`;
  }

  // The rows behind a figure, until all are asked for again.
  showOnly(numbers, what) {
    this.only = numbers && new Set(numbers);
    this.all.hidden = !numbers;
    this.all.textContent = numbers ? `Show all runs, not only ${what}` : "";
    this.filter();
    if (!numbers) return;
    this.nav.scrollIntoView();
    this.rows.find((row) => !row.hidden)?.querySelector("a")?.focus({ preventScroll: true });
  }

  // Figures begin with the largest, words with A; the same column again turns it round.
  sort(column) {
    const head = this.nav.querySelectorAll("th")[column];
    const was = head.getAttribute("aria-sort");
    const first = head.classList.contains("number") ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    for (const one of this.nav.querySelectorAll("th")) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", was === first ? other : first);
    this.column = column;
    this.resort();
  }

  resort() {
    if (!this.column) return;
    const head = this.nav.querySelectorAll("th")[this.column];
    const sign = head.getAttribute("aria-sort") === "ascending" ? 1 : -1;
    const value = (row) => row.cells[this.column].dataset.value ?? row.cells[this.column].textContent.trim();
    const order = head.classList.contains("number") ? (a, b) => a - b : (a, b) => a.localeCompare(b);
    const sorted = this.rows.map((row) => [value(row), row]).sort((a, b) => sign * order(a[0], b[0]));
    this.body.append(...sorted.map(([, row]) => row));
  }

  choose(box) {
    this.chosen = this.chosen.filter((one) => one !== box);
    if (box.checked) this.chosen.push(box);
    if (this.chosen.length > 2) this.chosen.shift().checked = false;
    this.button.disabled = this.chosen.length !== 2;
  }

  keys(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.target.tagName === "SELECT") return;
    const links = this.rows.filter((row) => !row.hidden).flatMap((row) => [...row.querySelectorAll("a")]);
    const at = links.indexOf(document.activeElement);
    links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
    event.preventDefault();
  }

  // Rows that came or changed meanwhile, by their numbers.
  update(rows) {
    for (const [number, row] of Object.entries(rows)) {
      const made = built(row);
      const old = this.body.querySelector(`[data-run="${Number(number)}"]`);
      if (old) {
        const checked = old.querySelector("input")?.checked;
        if (checked && made.querySelector("input")) {
          made.querySelector("input").checked = true;
          this.chosen = this.chosen.map((box) => (old.contains(box) ? made.querySelector("input") : box));
        }
        old.replaceWith(made);
      } else this.body.append(made);
    }
    this.offer();
    this.resort();
    this.filter();
  }
}
