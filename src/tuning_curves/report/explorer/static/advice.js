"use strict";
/* "I have n labels and m minutes": looked up in the table that the code of `advise` made. */

function adviceRange() {
  const { places, advice } = study().advice;
  const sizes = ascending(places.map((place) => place.size));
  const times = advice.map((one) => one.minutes).filter((minutes) => minutes > 0);
  return {
    sizes,
    least: Math.max(1, Math.floor((sizes[0] ?? 1) / 2)),
    most: 2 * (sizes.at(-1) ?? 1),
    shortest: times.length ? Math.min(...times) / 2 : null,
    longest: times.length ? Math.max(...times) : null,
  };
}

/* Items of the embedded table that hold for n labels and these minutes (null: any). */
function lookUp(n, minutes) {
  const { places, advice } = study().advice;
  return places
    .filter((place) => place.from <= n && (place.to === null || n <= place.to))
    .map((place) => {
      const own = advice.filter((one) => one.budget === place.budget && one.n_train === place.size);
      const holding = own
        .filter((one) => minutes === null || (one.minutes !== null && one.minutes <= minutes))
        .at(-1);
      const opening = place.says ? [place.says.replace("{n}", n.toLocaleString("en"))] : [];
      return { ...holding, sentences: [...opening, ...holding.sentences] };
    });
}

function drawAdvice() {
  const n = Number(state.labels);
  const minutes = state.minutes === ANY ? null : Number(state.minutes);
  const items = lookUp(n, minutes);
  const rows = items.flatMap((item) =>
    Object.entries(item.scores).map(([method, value]) => adviceRow(item, method, value)),
  );
  return {
    rows,
    columns: [
      ...PLACE,
      number("score", `${mainMetric()} (%)`, score),
      text("standing", "standing"),
      number("ahead", "leader ahead by", signed),
      ...INTERVAL(signed),
      number("level", "level of the interval (%)"),
      number("minutes", "minutes"),
      number("delta_bytes", "to store (MB)", megabytes),
      number("learning_rate", "rate", tiny),
    ],
    charts: [],
    blocks: items.map(adviceBlock),
    said: [study().limits, study().advice.why && `No advice: ${study().advice.why}.`].filter(Boolean),
  };
}

function adviceRow(item, method, value) {
  const ahead = item.ahead.find((pair) => pair.second === method);
  const cost = study().tables.costs.find(
    (row) => row.budget === item.budget && row.method === method && row.n_train === item.n_train,
  );
  return named({
    method,
    score: value,
    budget: item.budget,
    n_train: item.n_train,
    key: `${item.budget} ${method} ${item.n_train}`,
    standing: item.left.includes(method) ? (item.left.length > 1 ? "tied for best" : "best") : "behind",
    ahead: ahead?.value,
    low: ahead?.low,
    high: ahead?.high,
    level: ahead ? 100 * item.interval_level : null,
    minutes: item.minutes_taken[method],
    delta_bytes: cost?.delta_bytes,
    learning_rate: item.learning_rates[method],
  });
}

function adviceBlock(item) {
  const block = element("div", { className: "answer" });
  const budget = study().budgets[item.budget] ?? "";
  block.append(element("h3", {}, `${item.budget} (${budget}), ${whole(item.n_train)} ${study().examples}`));
  const labels = item.left.map((method) => labelOf(study(), method));
  if (labels.length) {
    const standing =
      labels.length > 1
        ? "Tied for best"
        : item.ahead.length
          ? "Best"
          : "Alone, with nothing to compare it with";
    block.append(element("p", {}, element("strong", {}, `${standing}: ${labels.join(", ")}`)));
    block.append(element("p", {}, nextBest(item)));
  }
  const said = element("ul", { className: "sentences" });
  for (const sentence of item.sentences) said.append(element("li", {}, sentence));
  block.append(said);
  return block;
}

/* What the best method that is not tied costs in points, and how sure that is. */
function nextBest(item) {
  const next = item.ahead.find((pair) => !item.left.includes(pair.second));
  const [each, together] = [item.interval_level, study().confidence].map((level) => significant(100 * level));
  const sure = `Each interval has the level ${each} %, so that the best is among those named with ${together} %.`;
  if (!next) return item.ahead.length ? `No compared method is shown to be behind. ${sure}` : "";
  const interval = next.low === null ? "" : ` [${signed(next.low)}, ${signed(next.high)}]`;
  return `The next best, ${labelOf(study(), next.second)}, costs ${score(next.value)} points${interval} over ${next.pairs} seeds. ${sure}`;
}
