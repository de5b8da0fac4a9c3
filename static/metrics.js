// Draws the usage of a job's instances. The numbers come from the API; the table under each figure has them
// without this script. They are fetched again while the job runs, and once after its end.
(() => {
  const HEIGHT = 190;
  const COLOURS = 6;
  // Milliseconds.
  const PATIENCE = 30_000;
  // Seconds between two time labels: at least the precision of a label.
  const STEPS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400];
  let plots = [];
  let usage = null;

  const box = () => document.getElementById("usage");
  // After a job's end the numbers are fetched once, unless the page itself could not get them.
  let wasLive = !("trouble" in box().dataset);

  const isLive = () => document.getElementById("job").hasAttribute("hx-get");
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const percent = (value) => (value == null ? "–" : `${value.toFixed(1)} %`);

  function clock() {
    const options = { timeZone: box().dataset.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (usage.period < 60) options.second = "2-digit";
    const format = new Intl.DateTimeFormat("en-GB", options);
    return (seconds) => format.format(seconds * 1000);
  }

  function options(chart, width, withLegend) {
    const time = clock();
    const axis = {
      stroke: token("--ink-3"),
      font: "12px Inter Variable, sans-serif",
      grid: { stroke: token("--line"), width: 1 },
      ticks: { stroke: token("--line"), width: 1 },
    };
    const line = ({ instance }, number) => ({
      label: instance,
      stroke: token(`--series-${number % COLOURS}`),
      width: 1.75,
      value: (_, value) => percent(value),
    });
    return {
      width,
      height: HEIGHT,
      // Room for half of the last label.
      padding: [null, 32, null, null],
      legend: { show: withLegend },
      cursor: { sync: { key: "usage" }, drag: { x: false, y: false } },
      scales: {
        // A short job has one point; uPlot would show the day after it.
        x: { range: (plot, least, most) => (plot.data[0].length === 1 ? [least - 60, least + 60] : [least, most]) },
        y: { range: (_, __, most) => [0, Math.max(1, most * 1.15)] },
      },
      axes: [
        { ...axis, space: 90, incrs: STEPS.filter((step) => usage.period < 60 || step >= 60), values: (_, splits) => splits.map(time) },
        { ...axis, size: 64, values: (_, splits) => splits.map((value) => `${value} %`) },
      ],
      series: [{ label: `Time, ${box().dataset.zoneName}`, value: (_, value) => (value == null ? "–" : time(value)) }, ...chart.lines.map(line)],
    };
  }

  function draw() {
    plots.forEach((plot) => plot.destroy());
    const times = usage.times.map((at) => Date.parse(at) / 1000);
    plots = usage.charts.flatMap((chart) => {
      const place = box().querySelector(`[data-plot="${chart.name}"]`);
      if (!place) return [];
      const data = [times, ...chart.lines.map((one) => one.values)];
      return [new uPlot(options(chart, place.clientWidth, place.classList.contains("keyed")), data, place)];
    });
  }

  // Updates the tables; rows that the page does not have yet come with a new page.
  async function fill(signal) {
    const same = usage.charts.every((chart) => {
      const rows = box().querySelectorAll(`[data-rows="${chart.name}"] tr`);
      return rows.length === chart.lines.length;
    });
    if (!same) {
      const answer = await fetch(location.href, { signal });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      box().replaceChildren(...page.getElementById("usage").childNodes);
      return;
    }
    for (const chart of usage.charts) {
      const rows = box().querySelectorAll(`[data-rows="${chart.name}"] tr`);
      chart.lines.forEach((line, number) => {
        const cells = rows[number].querySelectorAll("td.num");
        [line.minimum, line.mean, line.maximum].forEach((value, at) => (cells[at].textContent = percent(value)));
      });
    }
  }

  async function ask(signal) {
    const answer = await fetch(box().dataset.usage, { headers: { Accept: "application/json" }, signal });
    if (!answer.ok) throw new Error(answer.status);
    usage = await answer.json();
    if (!usage.charts.length) return;
    await fill(signal);
    draw();
  }

  // One request at a time, so that no old answer replaces a newer one; a request without an answer times out.
  let asking = false;
  async function turn() {
    if (asking || document.hidden) return;
    const live = isLive();
    if (!live && !wasLive) return;
    asking = true;
    wasLive = live;
    try {
      await ask(AbortSignal.timeout(PATIENCE));
    } catch {
      // The page shows the error already; the next request may succeed.
    }
    asking = false;
  }

  turn();
  setInterval(turn, Number(box().dataset.every) * 1000);
  new MutationObserver(() => usage && draw()).observe(document.documentElement, {
    attributeFilter: ["data-bs-theme"],
  });
  addEventListener("resize", () => {
    for (const plot of plots) plot.setSize({ width: plot.root.parentElement.clientWidth, height: HEIGHT });
  });
})();
