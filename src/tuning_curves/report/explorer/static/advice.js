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
  const { places, arms, advice } = study().advice;
  return places
    .filter((place) => place.from <= n && (place.to === null || n <= place.to))
    .map((place) => {
      const holding = advice
        .filter((one) => one.n_train === place.size)
        .filter((one) => minutes === null || (one.minutes !== null && one.minutes <= minutes))
        .at(-1);
      const opening = place.says ? [place.says.replace("{n}", n.toLocaleString("en"))] : [];
      return { ...holding, arms: arms[place.size], notes: [...opening, ...holding.notes] };
    });
}

function drawAdvice() {
  const n = Number(state.labels);
  const minutes = state.minutes === ANY ? null : Number(state.minutes);
  const items = lookUp(n, minutes);
  const rows = items.flatMap((item) => item.compared.map((one) => adviceRow(item, one)));
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
      number("stored_bytes", "to store (MB)", megabytes),
      number("seeds", "seeds", whole),
      number("learning_rate", "rate", tiny),
    ],
    charts: [],
    blocks: items.map(adviceBlock),
    said: [study().limits, study().advice.why && `No advice: ${study().advice.why}.`].filter(Boolean),
  };
}

function adviceRow(item, one) {
  const { method, budget } = one;
  const arm = item.arms.find((known) => known.method === method && known.budget === budget);
  return named({
    method,
    score: arm.score,
    budget,
    n_train: item.n_train,
    key: `${budget} ${method} ${item.n_train}`,
    standing: one.standing === "tied" ? "tied for best" : one.standing,
    ahead: one.ahead,
    low: one.low,
    high: one.high,
    level: one.pairs === undefined ? null : 100 * item.interval_level,
    minutes: arm.minutes,
    stored_bytes: arm.stored_bytes,
    seeds: arm.seeds,
    learning_rate: arm.learning_rate,
  });
}

function adviceBlock(item) {
  const block = element("div", { className: "answer" });
  block.append(element("h3", {}, `${whole(item.n_train)} ${study().examples}`));
  if (item.best) {
    const { method, budget } = item.best;
    const leader = `${labelOf(study(), method)}, ${budget} (${study().budgets[budget] ?? ""})`;
    block.append(element("p", {}, element("strong", {}, `Best: ${leader}`)));
    block.append(element("p", {}, levels(item)));
  }
  const said = element("ul", { className: "sentences" });
  for (const sentence of [...item.notes, ...item.sentences]) said.append(element("li", {}, sentence));
  block.append(said);
  return block;
}

/* How sure the comparison is. */
function levels(item) {
  if (item.compared.length < 2) return "";
  const [each, together] = [item.interval_level, study().confidence].map((level) => significant(100 * level));
  return `Each interval has the level ${each} %, so that the best is among those that are not behind with ${together} %.`;
}
