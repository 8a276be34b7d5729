"use strict";
/* Specifications of charts for Vega-Lite, their colours, and what a point tells. */

const dark = () => document.documentElement.dataset.theme === "dark";
const metricLabel = () => study().metrics[state.metric];
const mainMetric = () => Object.values(study().metrics)[0];

function methodLooks() {
  const methods = study().methods;
  const colours = methods.map((m) => (dark() ? m.dark : m.colour));
  return {
    names: methods.map((m) => m.name),
    colours,
    field: "method",
    fills: methods.map((m, at) => (m.filled ? colours[at] : ground())),
    dashes: methods.map((m) => m.dash),
    shapes: methods.map((m) => m.shape),
  };
}

const ground = () => (dark() ? "#15171b" : "#ffffff");

/* Methods at one size stand a little beside each other. */
function apart(rows, key) {
  const methods = unique(rows.map((row) => row.method));
  const values = rows.map((row) => row[key]);
  const ratio = (Math.max(...values) / Math.min(...values)) ** 0.008 || 1;
  return rows.map((row) => ({
    ...row,
    beside: row[key] * ratio ** (methods.indexOf(row.method) - (methods.length - 1) / 2),
  }));
}

/* Lines with points and intervals, a line for each method, over a logarithmic axis of sizes. */
function lines(rows, y, yTitle, zero = false, options = {}) {
  const {
    x = "beside",
    xTitle = `labelled ${study().examples}`,
    log = true,
    points = true,
    line = true,
    looks = methodLooks(),
  } = options;
  const at = x === "beside" && !rows.some((row) => "beside" in row) ? "n_train" : x;
  const legend = looks.legend ? { orient: "bottom", columns: 2, title: null, labelLimit: 320 } : null;
  const scale = (range) => ({ field: looks.field, scale: { domain: looks.names, range }, legend });
  const axis = { format: options.format ? "~g" : ",", labelOverlap: true };
  if (log)
    axis.values = options.format
      ? decades(rows.map((row) => row[x]))
      : ascending(rows.map((row) => row.n_train));
  if (options.format === megabytes) axis.labelExpr = "format(datum.value / 1e6, '~g')";
  const bounds = {
    x: {
      field: at,
      type: "quantitative",
      title: xTitle,
      axis,
      scale: log ? { type: "log", nice: false, padding: 18 } : { nice: false },
    },
    y: { field: y, type: "quantitative", title: yTitle, scale: { zero: false } },
  };
  const layer = [];
  if (zero)
    layer.push({
      data: { values: [{ zero: 0 }] },
      mark: { type: "rule", strokeWidth: 1.5, aria: false, color: dark() ? "#a9aeb6" : "#55595f" },
      encoding: {
        x: { value: 0 },
        x2: { value: "width" },
        y: { field: "zero", type: "quantitative", title: yTitle },
      },
    });
  if (rows.some((row) => row.low != null))
    layer.push({
      transform: [{ filter: "isValid(datum.low) && isValid(datum.high)" }],
      mark: { type: "rule", strokeWidth: 1.3, opacity: 0.75, aria: false },
      encoding: {
        x: bounds.x,
        y: { ...bounds.y, field: "low" },
        y2: { field: "high" },
        color: scale(looks.colours),
      },
    });
  if (line)
    layer.push({
      mark: { type: "line", strokeWidth: 2, aria: false },
      encoding: { ...bounds, color: scale(looks.colours), strokeDash: scale(looks.dashes) },
    });
  layer.push({
    mark: {
      type: "point",
      size: points ? 85 : 25,
      opacity: points ? 1 : 0.01,
      strokeWidth: 1.5,
      cursor: "pointer",
    },
    encoding: {
      ...bounds,
      stroke: scale(looks.colours),
      fill: scale(looks.fills),
      shape: scale(looks.shapes),
    },
  });
  return { height: 340, data: { values: rows }, layer };
}

/* Round places on a logarithmic axis: powers of ten, with 2 and 5 between them where these are few. */
function decades(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)].map(Math.log10);
  const powers = Array.from(
    { length: Math.ceil(high) - Math.floor(low) + 1 },
    (_, at) => 10 ** (Math.floor(low) + at),
  );
  return high - low > 2.5 ? powers : powers.flatMap((power) => [power, 2 * power, 5 * power]);
}

/* Fields of a tooltip, and their values; all of them in words, for who listens. */
const tips = (columns) =>
  columns.map(({ key, label }) => ({ field: `tip ${key}`, title: label, type: "nominal" }));
const tipped = (row, columns) => {
  const told = columns.map(({ key, label, format }) => [key, label, format(row[key])]);
  const spoken = told.map(([, label, said]) => `${label} ${said}`).join("; ");
  return { ...row, ...Object.fromEntries(told.map(([key, , said]) => [`tip ${key}`, said])), spoken };
};

/* What a point tells when it is pointed at is what the table has. */
function withTips(spec, columns) {
  const tell = (one) => ({
    ...one,
    encoding: { ...one.encoding, tooltip: tips(columns), description: { field: "spoken" } },
  });
  const data = { values: spec.data.values.map((row) => tipped(row, columns)) };
  if (!spec.layer) return { ...tell(spec), data };
  return { ...spec, data, layer: spec.layer.map((one) => (one.mark.type === "point" ? tell(one) : one)) };
}

function chartConfig() {
  const [ink, quiet, grid] = dark() ? ["#eceef1", "#a9aeb6", "#2d3138"] : ["#1b1d21", "#55595f", "#e4e6e9"];
  return {
    background: "transparent",
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis: {
      labelColor: ink,
      titleColor: ink,
      domainColor: quiet,
      tickColor: quiet,
      gridColor: grid,
      labelFontSize: 12,
      titleFontSize: 13,
      titleFontWeight: "normal",
    },
    legend: { labelColor: ink, titleColor: ink, labelFontSize: 12 },
  };
}

async function drawCharts(charts, columns) {
  const mine = ++drawing;
  views.forEach((view) => view.finalize());
  views = [];
  const box = $("charts");
  box.replaceChildren();
  for (const [at, spec] of charts.entries()) {
    const place = element("div", { className: "chart" });
    box.append(place);
    const description = `${$("heading").textContent}. ${$("about").textContent} The same values stand in the table below.`;
    const full = {
      width: "container",
      autosize: { type: "fit-x", contains: "padding" },
      description,
      ...withTips(spec, columns),
    };
    const made = await vegaEmbed(place, full, {
      actions: false,
      renderer: "svg",
      config: chartConfig(),
      mode: "vega-lite",
      tooltip: { theme: "theme" },
    });
    if (mine !== drawing) return made.view.finalize();
    made.view.addEventListener(
      "click",
      (_, item) => item?.datum?.key !== undefined && choose(item.datum.key, true),
    );
    views.push(made.view);
    place.dataset.drawn = String(at);
  }
  document.body.dataset.ready = "yes";
}
