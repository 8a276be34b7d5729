"use strict";
/* Views over sizes and steps: curves, differences, training. */

function drawCurves() {
  const { curves, best_budgets } = study().tables;
  const best = best_budgets.map((row) => ({
    ...row,
    budget: row.best_budget,
    metric: Object.keys(study().metrics)[0],
  }));
  const own = state.budget === BEST ? best : curves.filter((row) => row.budget === state.budget);
  const rows = metricRows(own)
    .filter((row) => chosen(row.method))
    .map((row) => ({ ...named(row), key: `${row.method} ${row.n_train}` }));
  return {
    rows,
    columns: [
      ...PLACE,
      number("score", `${metricLabel()} (%)`, score),
      ...INTERVAL(score),
      number("sd", "SD", score),
      number("seeds", "seeds", whole),
      number("failed", "failed", whole),
      number("learning_rate", "rate", tiny),
    ],
    charts: [lines(apart(rows, "n_train"), "score", `test ${metricLabel()} (%)`)],
  };
}

function drawDifferences() {
  const rows = comparisons()
    .filter((row) => row.against === state.against && chosen(row.method))
    .map((row) => ({
      ...named(row),
      key: `${row.method} ${row.n_train}`,
      other: labelOf(study(), row.against),
    }));
  const missing = study().methods.filter(
    (m) => chosen(m.name) && m.name !== state.against && !rows.some((row) => row.method === m.name),
  );
  return {
    rows,
    columns: [
      ...PLACE.slice(0, 1),
      text("other", "minus"),
      ...PLACE.slice(1),
      number("difference", `difference (points of ${metricLabel()})`, signed),
      ...INTERVAL(signed),
      number("pairs", "pairs", whole),
      number("p", "p", p),
      number("p_holm", "p (Holm)", p),
      text("table", "table"),
    ],
    charts: [
      lines(apart(rows, "n_train"), "difference", `minus ${labelOf(study(), state.against)} (points)`, true),
    ],
    said: missing.length
      ? [`No table compares with it here: ${missing.map((m) => m.label).join(", ")}.`]
      : [],
  };
}

/* The differences that tables have under the budget, each told from both sides. A pair that contrasts
have is not taken from the ranking too. */
function comparisons() {
  const { contrasts, best_contrasts, ranking } = study().tables;
  const sided = (row, method, against, sign, table, budget) => ({
    ...row,
    method,
    against,
    table,
    budget,
    difference: row.difference == null ? null : sign * row.difference,
    low: sign > 0 ? row.low : row.high == null ? null : -row.high,
    high: sign > 0 ? row.high : row.low == null ? null : -row.low,
  });
  const source =
    state.budget === BEST ? best_contrasts : contrasts.filter((row) => row.budget === state.budget);
  const table = state.budget === BEST ? "best_contrasts" : "contrasts";
  const budget = (row) =>
    state.budget === BEST ? unique([row.first_budget, row.second_budget]).join(" and ") : row.budget;
  const found = metricRows(source).flatMap((row) => [
    sided(row, row.first, row.second, 1, table, budget(row)),
    sided(row, row.second, row.first, -1, table, budget(row)),
  ]);
  const known = new Set(found.map((row) => [row.method, row.against, row.n_train].join()));
  for (const row of metricRows(ranking)) {
    if (row.budget !== state.budget || row.difference == null) continue;
    if (!known.has([row.method, row.best, row.n_train].join())) {
      found.push(sided(row, row.method, row.best, 1, "ranking", row.budget));
      found.push(sided(row, row.best, row.method, -1, "ranking", row.budget));
    }
  }
  return found.filter((row) => row.difference != null);
}

function drawTraining() {
  const rows = study()
    .tables.training.filter(
      (row) => row.budget === state.budget && row.n_train === Number(state.size) && chosen(row.method),
    )
    .map((row) => ({ ...named(row), key: `${row.method} ${row.step}` }));
  const scored = rows.filter((row) => row.validation_score != null);
  const options = { x: "step", xTitle: "step", log: false };
  const charts = [
    lines(
      rows.filter((row) => row.loss != null),
      "loss",
      "training loss (nats)",
      false,
      { ...options, points: false },
    ),
  ];
  if (scored.length) {
    charts.push(lines(scored, "validation_score", `validation ${mainMetric()} (%)`, false, options));
  }
  return {
    rows,
    columns: [
      ...PLACE,
      number("step", "step", whole),
      number("loss", "loss"),
      number("validation_score", `validation ${mainMetric()} (%)`, score),
      number("seeds", "seeds", whole),
    ],
    charts,
    said: scored.length || !rows.length ? [] : ["No validation score was kept along these trainings."],
  };
}
