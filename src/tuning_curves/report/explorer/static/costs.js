"use strict";
/* Views of what is paid and what is trained: costs, shares, biases. */

function drawCosts() {
  const [title, format] = COSTS[state.cost];
  const costs = new Map(
    study().tables.costs.map((row) => [[row.budget, row.method, row.n_train].join(), row]),
  );
  const rows = metricRows(study().tables.curves)
    .filter((row) => row.budget === state.budget && chosen(row.method))
    .map((row) => ({
      ...costs.get([row.budget, row.method, row.n_train].join()),
      ...named(row),
      key: `${row.method} ${row.n_train}`,
    }));
  const known = rows.filter((row) => row[state.cost] > 0);
  return {
    rows,
    columns: [
      ...PLACE,
      number("steps", "steps", whole),
      number("score", `${metricLabel()} (%)`, score),
      ...INTERVAL(score),
      ...Object.entries(COSTS).map(([key, [label, form]]) => number(key, label, form)),
      text("device", "device"),
    ],
    charts: [
      lines(known, "score", `test ${metricLabel()} (%)`, false, {
        x: state.cost,
        xTitle: title,
        format,
      }),
    ],
    said:
      known.length < rows.length
        ? [
            `Without such a number: ${rows.length - known.length} of ${rows.length} points. Runs beside other work are not timed, and some devices cannot tell their memory.`,
          ]
        : [],
  };
}

function drawShares() {
  const counts = new Map(study().tables.counts.map((row) => [row.method, row]));
  const rows = metricRows(study().tables.curves)
    .filter((row) => row.budget === state.budget && row.n_train === Number(state.size) && chosen(row.method))
    .filter((row) => counts.has(row.method))
    .map((row) => {
      const count = counts.get(row.method);
      const trained = count.trainable_backbone + count.trainable_added + count.trainable_head;
      return {
        ...count,
        ...named(row),
        trained,
        percent: (100 * trained) / count.total,
        key: `${row.method} ${row.n_train}`,
      };
    });
  return {
    rows,
    columns: [
      ...PLACE,
      number("percent", "trained (%)"),
      number("trained", "trained", whole),
      number("trainable_backbone", "of the encoder", whole),
      number("trainable_added", "added", whole),
      number("trainable_head", "head", whole),
      number("score", `${metricLabel()} (%)`, score),
      ...INTERVAL(score),
    ],
    charts: [
      lines(rows, "score", `test ${metricLabel()} (%)`, false, {
        x: "percent",
        xTitle: "trained parameters, of all (%)",
        format: significant,
        line: false,
      }),
    ],
  };
}

function drawBiases() {
  const rows = study()
    .tables.biases.filter(
      (row) =>
        row.budget === state.budget && row.method === state.method && row.n_train === Number(state.size),
    )
    .map((row) => ({ ...named(row), key: `${row.term} ${row.layer}` }));
  const columns = [
    ...PLACE,
    text("term", "term"),
    number("layer", "layer", whole),
    number("change", QUANTITIES.change, tiny),
    number("first_gradient", QUANTITIES.first_gradient, tiny),
  ];
  const known = rows.filter((row) => row[state.quantity] > 0);
  const spec = {
    height: 26 * unique(known.map((row) => row.term)).length,
    data: { values: known },
    mark: { type: "rect", cursor: "pointer" },
    encoding: {
      x: { field: "layer", type: "ordinal", title: "layer", axis: { labelAngle: 0 } },
      y: { field: "term", type: "nominal", sort: unique(known.map((row) => row.term)), title: "bias term" },
      color: {
        field: state.quantity,
        type: "quantitative",
        scale: { type: "log", scheme: "cividis" },
        legend: { title: null, orient: "bottom", format: ".1e", gradientLength: 240, tickCount: 3 },
      },
    },
  };
  return { rows, columns, charts: known.length ? [spec] : [] };
}
