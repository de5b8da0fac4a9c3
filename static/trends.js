// Draws the trends. The numbers come from the API; the table under the charts has them without this script.
// A click on a point opens its jobs, as the link in the table does.
(() => {
  const HEIGHT = 180;
  const COLOURS = 6;
  const DAY = 86400;
  const box = document.getElementById("trends");
  if (!box) return;
  const TIMES = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400, 172800];
  const COUNTS = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
  // What may lie between two labels of the axis.
  const STEPS = { jobs: COUNTS, median_seconds: TIMES, p95_seconds: TIMES };
  let plots = [];
  let trends = null;

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const seconds = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;

  function duration(value) {
    if (value < 120) return `${Math.round(value)} s`;
    return value < 7200 ? `${Math.round(value / 60)} min` : `${(value / 3600).toFixed(1)} h`;
  }
  const WRITE = {
    success: (value) => `${Math.round(value * 100)} %`,
    jobs: (value) => value.toLocaleString("en-GB"),
    median_seconds: duration,
    p95_seconds: duration,
    amount: (value) => `$${value > 0 && value < 1 ? value.toFixed(3) : value.toLocaleString("en-GB", { maximumFractionDigits: 2 })}`,
  };

  function day(at) {
    const month = trends.unit === "month";
    const options = { timeZone: "UTC", month: "short", ...(month ? { year: "numeric" } : { day: "numeric" }) };
    return new Intl.DateTimeFormat("en-GB", options).format(at * 1000);
  }

  const nameOf = (line) => line.value ?? (trends.by ? "None" : "All jobs");

  function series(name) {
    const shown = (_, value) => (value == null ? "–" : WRITE[name](value));
    const points = { show: trends.starts.length <= 60, size: 5 };
    return trends.lines.map((line, number) => ({
      label: nameOf(line),
      stroke: token(`--series-${number % COLOURS}`),
      width: 1.75,
      spanGaps: true,
      value: shown,
      points,
    }));
  }

  // The line whose value is nearest to the pointer.
  function nearest(plot, at) {
    let best = 0;
    let least = Infinity;
    plot.data.slice(1).forEach((one, number) => {
      if (one[at] == null) return;
      const distance = Math.abs(plot.valToPos(one[at], "y") - plot.cursor.top);
      if (distance < least) [least, best] = [distance, number];
    });
    return trends.lines[best];
  }

  function open(plot) {
    const at = plot.cursor.idx;
    if (at == null) return;
    const line = nearest(plot, at);
    const parts = new URLSearchParams(box.dataset.filters);
    parts.set("ended", `${trends.starts[at]}T00:00:00Z`);
    parts.set("ended_until", `${trends.starts[at + 1] ?? trends.end}T00:00:00Z`);
    if (trends.by && line.value != null) parts.set(trends.by, line.value);
    location.href = `${box.dataset.jobs}?${parts}`;
  }

  function options(name, width) {
    const axis = {
      stroke: token("--ink-3"),
      font: "12px Inter Variable, sans-serif",
      grid: { stroke: token("--line"), width: 1 },
      ticks: { stroke: token("--line"), width: 1 },
    };
    const incrs = STEPS[name] ? { incrs: STEPS[name] } : {};
    return {
      width,
      height: HEIGHT,
      padding: [null, 32, null, null],
      cursor: { sync: { key: "trends" }, drag: { x: false, y: false } },
      scales: {
        x: { range: (plot, least, most) => (plot.data[0].length === 1 ? [least - DAY, least + DAY] : [least, most]) },
        y: { range: (_, __, most) => (name === "success" ? [0, 1.05] : [0, most > 0 ? most * 1.15 : 1]) },
      },
      axes: [
        { ...axis, space: 80, splits: (plot, _, least, most) => ticks(plot.data[0], least, most, plot.width), values: (_, splits) => splits.map(day) },
        { ...axis, ...incrs, size: 68, values: (_, splits) => splits.map((value) => (name === "success" && value > 1 ? "" : WRITE[name](value))) },
      ],
      series: [{ label: "From", value: (_, value) => (value == null ? "–" : day(value)) }, ...series(name)],
    };
  }

  // Labels only where a unit begins.
  function ticks(times, least, most, width) {
    const seen = times.filter((at) => at >= least && at <= most);
    const step = Math.max(1, Math.ceil((seen.length * 80) / width));
    return seen.filter((_, number) => number % step === 0);
  }

  function draw() {
    plots.forEach((plot) => plot.destroy());
    const times = trends.starts.map(seconds);
    plots = [...box.querySelectorAll("[data-plot]")].map((place) => {
      const name = place.dataset.plot;
      const plot = new uPlot(options(name, place.clientWidth), [times, ...trends.lines.map((line) => line.points.map((point) => point[name]))], place);
      plot.over.addEventListener("click", () => open(plot));
      return plot;
    });
  }

  async function ask() {
    const answer = await fetch(box.dataset.trends, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    trends = await answer.json();
    if (trends.lines.length) draw();
  }

  ask();
  new MutationObserver(() => trends && draw()).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  addEventListener("resize", () => {
    for (const plot of plots) plot.setSize({ width: plot.root.parentElement.clientWidth, height: HEIGHT });
  });
})();
