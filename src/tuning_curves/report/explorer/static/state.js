"use strict";
/* Everything hangs on the state, and the state is the address (`#view=…&study=…`).

A view (views.js) gives rows and columns; chart, table, CSV file and the chosen point are all made of these.
Statistics come from the tables as they are: a difference is shown only where a table has it, at most told
from the other side. The files are joined into one script, in the order of `page.py`. */

const DATA = JSON.parse(document.getElementById("data").textContent);
const STUDIES = new Map(DATA.studies.map((study) => [study.name, prepared(study)]));
const ANY = "any";
const BEST = "best"; // in place of a budget: each method at its own best one
const LIMIT = 1000; // steps of a slider
const $ = (id) => document.getElementById(id);
const control = (name) => document.forms.controls.elements[name];

/* ---------- data ---------- */

function prepared(study) {
  const tables = Object.fromEntries(
    Object.entries(study.tables).map(([name, columns]) => [name, asRows(columns)]),
  );
  return { ...study, tables, byName: new Map(study.methods.map((m) => [m.name, m])) };
}

function asRows(columns) {
  const names = Object.keys(columns);
  const length = names.length ? columns[names[0]].length : 0;
  return Array.from({ length }, (_, at) =>
    Object.fromEntries(names.map((name) => [name, columns[name][at]])),
  );
}

const unique = (values) => [...new Set(values)];
const labelOf = (study, method) => study.byName.get(method)?.label ?? method;
const ascending = (values) => unique(values).sort((a, b) => a - b);
const words = (name) => name.replaceAll("-", " ");

/* ---------- numbers as text ---------- */

const fixed = (digits, sign) => (value) =>
  value == null
    ? "–"
    : value
        .toLocaleString("en", {
          minimumFractionDigits: digits,
          maximumFractionDigits: digits,
          signDisplay: sign ? "exceptZero" : "negative",
        })
        .replace("-", "−");
const whole = fixed(0);
const score = fixed(2);
const signed = fixed(2, true);
const plain = (value) => (value == null || value === "" ? "–" : String(value));
const significant = (value) =>
  value == null
    ? "–"
    : Number(value.toPrecision(4))
        .toLocaleString("en", {
          maximumSignificantDigits: 4,
        })
        .replace("-", "−");
const megabytes = (value) => (value == null ? "–" : significant(value / 1e6));
const p = (value) => (value == null ? "–" : value < 0.0001 ? "< 0.0001" : value.toFixed(4));
const tiny = (value) =>
  value == null
    ? "–"
    : value === 0
      ? "0"
      : Math.abs(value) < 1e-3
        ? value.toExponential(2)
        : significant(value);

const text = (key, label) => ({ key, label, format: plain });
const number = (key, label, format = significant) => ({ key, label, format, number: true });
const METHOD = text("label", "method");
const PLACE = [METHOD, text("budget", "budget"), number("n_train", "n", whole)];
const INTERVAL = (format) => [number("low", "interval from", format), number("high", "to", format)];

/* ---------- state ---------- */

let state = {};
let seen = { rows: [], columns: [] };
let views = []; // Vega's, to be ended before the next are drawn
let drawing = 0;

function readAddress() {
  const found = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  state = {
    ...found,
    methods: found.methods === undefined ? null : found.methods.split(",").filter(Boolean),
  };
  if (!VIEWS[state.view]) state.view = Object.keys(VIEWS)[0];
  if (!STUDIES.has(state.study)) state.study = STUDIES.keys().next().value;
}

function writeAddress() {
  const shown = ["view", ...VIEWS[state.view].controls, "theme", "point"];
  const found = new URLSearchParams();
  for (const name of shown) {
    const value = name === "methods" ? state.methods?.join(",") : state[name];
    if (value != null && (value !== "" || name === "methods")) found.set(name, value);
  }
  history.replaceState(null, "", `#${found.toString().replaceAll("%2C", ",")}`);
}

function change(changes) {
  Object.assign(state, { point: null }, changes);
  render();
}

const study = () => STUDIES.get(state.study);
const chosen = (method) => state.methods === null || state.methods.includes(method);
const metricRows = (rows) => rows.filter((row) => row.metric === state.metric);
const named = (row) => ({ ...row, label: labelOf(study(), row.method) });
