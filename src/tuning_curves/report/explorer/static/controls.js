"use strict";
/* The controls: what there is to choose, from what the study has. */

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function fill(select, entries, value) {
  select.replaceChildren(...entries.map(([key, label]) => element("option", { value: key }, label)));
  const keys = entries.map(([key]) => String(key));
  select.value = keys.includes(String(value)) ? value : (keys[0] ?? "");
  return select.value;
}

const ANYTHING = [[ANY, "all"]];
const sizesOf = (rows) => ascending(rows.map((row) => row.n_train)).map((n) => [n, `n = ${whole(n)}`]);

function fillControls() {
  const one = study();
  const { tables } = one;
  const view = VIEWS[state.view];
  const wants = (name) => view.controls.includes(name);
  for (const node of document.querySelectorAll("[data-control]")) node.hidden = !wants(node.dataset.control);
  document.forms.controls.hidden = !view.controls.length;
  fill(
    control("study"),
    [...STUDIES.values()].map((each) => [each.name, studyLabel(each)]),
    state.study,
  );
  const budgets = Object.entries(one.budgets).map(([name, said]) => [name, `${name}: ${said}`]);
  const best = { curves: tables.best_budgets, differences: tables.best_contrasts }[state.view] ?? [];
  if (best.length) budgets.push([BEST, "each method at its best budget"]);
  if (wants("budget")) state.budget = fill(control("budget"), budgets, state.budget);
  if (wants("metric")) state.metric = fill(control("metric"), Object.entries(one.metrics), state.metric);
  if (wants("against")) state.against = fill(control("against"), againstOptions(), state.against ?? "full");
  if (wants("cost")) state.cost = fill(control("cost"), costOptions(), state.cost);
  if (wants("quantity"))
    state.quantity = fill(control("quantity"), Object.entries(QUANTITIES), state.quantity);
  if (wants("method")) {
    const names = unique(tables.biases.filter((row) => row.budget === state.budget).map((row) => row.method));
    state.method = fill(
      control("method"),
      names.map((name) => [name, labelOf(one, name)]),
      state.method,
    );
  }
  if (wants("size")) state.size = fill(control("size"), sizesOf(sizedRows()), state.size);
  if (wants("judged")) {
    const names = [...STUDIES.keys()].map((name) => [name, name]);
    state.judged = fill(control("judged"), [...ANYTHING, ...names], state.judged);
  }
  if (wants("source")) fillVerdicts();
  if (wants("labels")) fillSliders();
  if (wants("methods")) fillMethods();
}

function sizedRows() {
  const { training, biases, curves } = study().tables;
  const own = { training, biases: biases.filter((row) => row.method === state.method) }[state.view] ?? curves;
  return own.filter((row) => row.budget === state.budget);
}

function studyLabel(one) {
  return `${words(one.task)}, ${one.encoder}: ${one.name}${one.demo ? " (demo: no evidence)" : ""}`;
}

function againstOptions() {
  const known = new Set(comparisons().map((row) => row.against));
  return study()
    .methods.filter((m) => known.has(m.name))
    .map((m) => [m.name, m.label]);
}

function costOptions() {
  const known = Object.entries(COSTS).filter(([key]) => study().tables.costs.some((row) => row[key] > 0));
  return (known.length ? known : Object.entries(COSTS)).map(([key, [label]]) => [key, label]);
}

function fillVerdicts() {
  const rows = [...STUDIES.values()].flatMap((one) =>
    one.tables.verdicts.map((row) => ({ ...row, task: one.task })),
  );
  const options = (key, label) => [
    ...ANYTHING,
    ...unique(rows.map((row) => row[key])).map((value) => [value, label(value)]),
  ];
  state.source = fill(
    control("source"),
    options("kind", (kind) => DATA.kinds[kind] ?? kind),
    state.source,
  );
  state.task = fill(control("task"), options("task", words), state.task);
  state.verdict = fill(control("verdict"), options("verdict", plain), state.verdict);
}

const onScale = (share, low, high) => low * (high / low) ** share;
const placed = (value, low, high, steps) =>
  Math.round(steps * Math.min(1, Math.max(0, Math.log(value / low) / Math.log(high / low))));

/* A slider whose place already means the value stays where it is: several places may mean the same. */
function fillSliders() {
  const { sizes, least, most, shortest, longest } = adviceRange();
  const n = Math.round(Number(state.labels));
  state.labels = n >= 1 ? n : (sizes[Math.floor(sizes.length / 2)] ?? 1);
  if (labelsFromSlider() !== state.labels) $("labels").value = placed(state.labels, least, most, LIMIT);
  $("labels").setAttribute("aria-valuetext", `${whole(state.labels)} ${study().examples}`);
  control("labels-exact").value = state.labels;
  const minutes = Number(state.minutes);
  state.minutes = longest !== null && state.minutes != null && minutes >= 0 ? minutes : ANY;
  $("minutes").disabled = longest === null;
  if (state.minutes === ANY) $("minutes").value = LIMIT;
  else if (minutesFromSlider() !== minutes) {
    $("minutes").value = placed(Math.max(minutes, shortest), shortest, longest, LIMIT - 1);
  }
  const said =
    longest === null
      ? "no run was timed"
      : state.minutes === ANY
        ? "any time"
        : `${significant(minutes)} min`;
  $("minutes").setAttribute("aria-valuetext", said);
  $("minutes-said").textContent = said;
}

function labelsFromSlider() {
  const { sizes, least, most } = adviceRange();
  const n = onScale($("labels").value / LIMIT, least, most);
  const near = sizes.find((size) => Math.abs(Math.log(size / n)) < (Math.log(most / least) / LIMIT) * 8);
  return near ?? Math.max(1, Math.round(Number(n.toPrecision(2))));
}

function minutesFromSlider() {
  const { shortest, longest } = adviceRange();
  const at = Number($("minutes").value);
  if (at >= LIMIT) return ANY;
  return at === LIMIT - 1 ? longest : Number(onScale(at / (LIMIT - 1), shortest, longest).toPrecision(3));
}

function fillMethods() {
  const one = study();
  $("methods").replaceChildren(
    ...one.methods.map((method) => {
      const box = element("input", {
        type: "checkbox",
        name: "method-shown",
        value: method.name,
        checked: chosen(method.name),
      });
      const label = element("label", { title: method.equation }, box);
      label.insertAdjacentHTML("beforeend", swatch(method));
      label.append(method.label);
      return label;
    }),
  );
  $("waiting").textContent = one.waiting.length ? `Planned, without a run so far: ${one.waiting.join(", ")}.` : "";
}

/* A method's line and mark, as charts have them. */
function swatch(method) {
  const colour = dark() ? method.dark : method.colour;
  const box =
    {
      circle: "M0,-1A1,1,0,1,1,0,1A1,1,0,1,1,0,-1Z",
      square: "M-.9,-.9H.9V.9H-.9Z",
      diamond: "M0,-1L1,0L0,1L-1,0Z",
      "triangle-up": "M0,-1L1,.8H-1Z",
      "triangle-down": "M0,1L1,-.8H-1Z",
      "triangle-left": "M-1,0L.8,-1V1Z",
      "triangle-right": "M1,0L-.8,-1V1Z",
      cross: "M-1,-.35H-.35V-1H.35V-.35H1V.35H.35V1H-.35V.35H-1Z",
    }[method.shape] ?? method.shape;
  return (
    `<svg viewBox="0 0 48 16" aria-hidden="true"><path d="M2,8H46" stroke="${colour}" stroke-width="2" stroke-dasharray="${method.dash.join(" ")}"/>` +
    `<path d="${box}" transform="translate(24 8) scale(5)" fill="${method.filled ? colour : ground()}" stroke="${colour}" stroke-width=".3"/></svg>`
  );
}
