"use strict";
/* The page around the chart: table, CSV file, chosen point, theme, and what happens when. */

function render() {
  document.body.dataset.ready = "no";
  const view = VIEWS[state.view];
  const focused = document.activeElement?.name === "method-shown" ? document.activeElement.value : null;
  fillControls();
  for (const button of $("views").children) {
    if (button.value === state.view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  $("heading").textContent = view.title + (view.controls.includes("study") ? `: ${study().title}` : "");
  $("about").textContent = view.about;
  $("demo").hidden = !(view.controls.includes("study") && study().demo);
  const drawn = view.draw();
  seen = drawn;
  $("said").replaceChildren(
    ...(drawn.said ?? []).map((said) => element("p", {}, said)),
    ...(drawn.blocks ?? []),
  );
  if (!drawn.rows.length && !drawn.said?.length)
    $("said").append(element("p", {}, "The study has nothing to show here."));
  if (drawn.open) $("behind").open = true;
  fillTable();
  fillPoint();
  fillTheme();
  writeAddress();
  if (focused) document.querySelector(`[name="method-shown"][value="${CSS.escape(focused)}"]`)?.focus();
  return drawCharts(drawn.rows.length ? drawn.charts : [], drawn.columns);
}

/* Rows of a closed table are not made: a study may have thousands. */
function fillTable() {
  document.querySelector("#behind > summary").textContent = `Table (${whole(seen.rows.length)} rows)`;
  const table = $("table");
  table.replaceChildren();
  if (!$("behind").open) return;
  const details = Boolean(VIEWS[state.view].controls.includes("study"));
  const head = element(
    "tr",
    {},
    ...seen.columns.map((column) =>
      element("th", { scope: "col", className: column.number ? "number" : "" }, column.label),
    ),
  );
  if (details) head.append(element("th", { scope: "col" }, "point"));
  const rows = seen.rows.map((row) => {
    const cells = seen.columns.map((column) => {
      const said = column.format(row[column.key]);
      return element("td", { className: column.number ? "number" : said.length > 40 ? "long" : "" }, said);
    });
    if (details) {
      const name = seen.columns
        .slice(0, 3)
        .map((column) => column.format(row[column.key]))
        .join(", ");
      const button = element("button", { type: "button", ariaLabel: `Details of ${name}` }, "details");
      button.addEventListener("click", () => choose(row.key, true));
      cells.push(element("td", {}, button));
    }
    return element("tr", {}, ...cells);
  });
  table.append(
    element("caption", {}, $("heading").textContent),
    element("thead", {}, head),
    element("tbody", {}, ...rows),
  );
}

function choose(key, focus) {
  state.point = key;
  fillPoint();
  writeAddress();
  if (focus) {
    $("point").setAttribute("tabindex", "-1");
    $("point").focus();
  }
}

function fillPoint() {
  const row = seen.rows.find((each) => each.key === state.point);
  $("point").hidden = !row || !row.method;
  if (!row || !row.method) return;
  $("point-facts").replaceChildren(
    ...seen.columns.map(({ key, label, format }) =>
      element("div", {}, element("dt", {}, label), element("dd", {}, format(row[key]))),
    ),
  );
  const places = unique([row.method, row.against].filter(Boolean)).map((method) => ({
    method,
    n_train: row.n_train,
    budget: budgetOf(row, method),
  }));
  $("point-record").replaceChildren(
    ...(study().records
      ? [
          "Records: ",
          ...places.flatMap(({ method }, at) => [
            at ? ", " : "",
            element("a", { href: `${study().records}${encodeURIComponent(method)}/` }, method),
          ]),
        ]
      : ["The study's records do not lie beside this page."]),
  );
  const commands = places.flatMap((place) => study().commands.map((line) => filled(line, place)));
  $("point-command").textContent = unique(commands).join("\n");
}

/* Of a difference of best budgets: the one of this side. */
function budgetOf(row, method) {
  if (state.view !== "differences" || state.budget !== BEST) return row.budget;
  return method === row.first ? row.first_budget : row.second_budget;
}

function filled(line, place) {
  const curve = study().tables.curves.find(
    (row) => row.method === place.method && row.n_train === place.n_train && row.budget === place.budget,
  );
  const values = { ...place, learning_rate: curve?.learning_rate ?? "" };
  return line.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function asCsv() {
  const field = (value) => {
    const said = value == null ? "" : String(value);
    return /[",\n]/.test(said) ? `"${said.replaceAll('"', '""')}"` : said;
  };
  const lines = [
    seen.columns.map(({ key }) => key),
    ...seen.rows.map((row) => seen.columns.map(({ key }) => row[key])),
  ];
  return lines.map((line) => line.map(field).join(",")).join("\n") + "\n";
}

function download() {
  const address = URL.createObjectURL(new Blob([asCsv()], { type: "text/csv" }));
  element("a", { href: address, download: `${state.view}-${state.study}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/* ---------- theme ---------- */

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function fillTheme() {
  const theme = state.theme ?? (prefersDark.matches ? "dark" : "light");
  $("theme").textContent = theme === "dark" ? "Light theme" : "Dark theme";
}

function applyTheme() {
  document.documentElement.dataset.theme = state.theme ?? (prefersDark.matches ? "dark" : "light");
}

/* ---------- events ---------- */

function listen() {
  for (const [name, view] of Object.entries(VIEWS)) {
    const button = element("button", { type: "button", value: name }, view.title);
    button.addEventListener("click", () => change({ view: name }));
    $("views").append(button);
  }
  const form = document.forms.controls;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", ({ target }) => {
    if (target.name === "method-shown") return change({ methods: shownMethods() });
    if (target.name === "labels-exact") return change({ labels: target.value });
    if (target.name === "study") return change({ study: target.value, methods: null, labels: null });
    if (target.tagName === "SELECT") change({ [target.name]: target.value });
  });
  $("labels").addEventListener("input", () => change({ labels: labelsFromSlider() }));
  $("minutes").addEventListener("input", () => change({ minutes: minutesFromSlider() }));
  $("all-methods").addEventListener("click", () => change({ methods: null }));
  $("no-methods").addEventListener("click", () => change({ methods: [] }));
  $("behind").addEventListener("toggle", fillTable);
  $("csv").addEventListener("click", download);
  $("close").addEventListener("click", () => choose(null, false));
  $("copy").addEventListener("click", () => navigator.clipboard?.writeText($("point-command").textContent));
  $("theme").addEventListener("click", () => {
    state.theme = dark() ? "light" : "dark";
    applyTheme();
    render();
  });
  prefersDark.addEventListener("change", () => {
    applyTheme();
    render();
  });
  addEventListener("hashchange", start);
}

function shownMethods() {
  const boxes = [...document.querySelectorAll('[name="method-shown"]')];
  const on = boxes.filter((box) => box.checked).map((box) => box.value);
  return on.length === boxes.length ? null : on;
}

function start() {
  readAddress();
  applyTheme();
  return render();
}

listen();
start();
