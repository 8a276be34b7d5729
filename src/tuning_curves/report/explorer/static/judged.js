"use strict";
/* Views over studies: verdicts, facts, and the synthesis. */

function drawVerdicts() {
  const rows = judged("verdicts").filter((row) =>
    [
      ["source", "kind"],
      ["task", "task"],
      ["verdict", "verdict"],
    ].every(([name, key]) => !state[name] || state[name] === ANY || row[key] === state[name]),
  );
  const count = (verdict) => rows.filter((row) => row.verdict === verdict).length;
  const counts = unique(rows.map((row) => row.verdict)).map((verdict) => `${count(verdict)} ${verdict}`);
  return {
    rows,
    open: true,
    columns: [
      text("study", "study"),
      text("statement", "claim"),
      text("budget", "budget"),
      text("verdict", "verdict"),
      text("reason", "why"),
      number("estimate", "estimate"),
      ...INTERVAL(significant),
      text("unit", "unit"),
      text("scale", "scale"),
      text("kindWords", "kind of source"),
      text("source", "source"),
      text("rates", "rates"),
    ],
    charts: [],
    said: [`${whole(rows.length)} verdicts: ${counts.join(", ") || "none"}.`],
  };
}

function drawFacts() {
  return {
    rows: judged("facts"),
    open: true,
    columns: [
      text("study", "study"),
      text("statement", "sentence"),
      number("value", "counted", tiny),
      number("low", "least", tiny),
      number("high", "greatest", tiny),
      text("unit", "unit"),
      text("of", "of"),
      text("agreement", "the sentence"),
      text("source", "source"),
    ],
    charts: [],
  };
}

function judged(table) {
  return [...STUDIES.values()]
    .filter((one) => !state.judged || state.judged === ANY || one.name === state.judged)
    .flatMap((one) =>
      one.tables[table].map((row, at) => ({
        ...row,
        study: one.demo ? `${one.name} (demo: no evidence)` : one.name,
        task: one.task,
        kindWords: DATA.kinds[row.kind] ?? row.kind,
        key: `${one.name} ${at}`,
      })),
    );
}

const SERIES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#84841A", "#882255"];

function drawStudies() {
  const rows = asRows(DATA.synthesis).map((row) => ({
    ...row,
    series: `${row.study}, ${row.budget}`,
    key: `${row.study} ${row.budget} ${row.n_train}`,
    task: words(row.task),
    tied: row.tied.split(" ").filter(Boolean).join(", "),
  }));
  const columns = [
    text("study", "study"),
    text("task", "task"),
    text("metric", "metric"),
    text("budget", "budget"),
    number("n_train", "n", whole),
    number("steps", "steps", whole),
    text("best", "best on test"),
    number("score", "its test score", score),
    text("tied", "tied with it"),
    number("difference", "BitFit minus full", signed),
    ...INTERVAL(signed),
    text("standing", "BitFit"),
  ];
  const known = rows.filter((row) => row.difference != null);
  const series = unique(known.map((row) => row.series));
  const looks = {
    names: series,
    colours: series.map((_, at) => SERIES[at % SERIES.length]),
    fills: series.map((_, at) => SERIES[at % SERIES.length]),
    dashes: series.map((_, at) => [[], [6, 2], [2, 2], [8, 2, 2, 2]][at % 4]),
    shapes: series.map(
      (_, at) => ["circle", "square", "diamond", "triangle-up", "cross", "triangle-down"][at % 6],
    ),
    field: "series",
    legend: true,
  };
  const charts = known.length
    ? [lines(known, "difference", "BitFit minus full (points)", true, { looks })]
    : [];
  return {
    rows,
    columns,
    charts,
    said: rows.length ? [] : ["The synthesis was not made, or has none of these studies."],
  };
}
