// Runs in the browser as it stands. The server sends each new view as HTML that it has made and escaped itself.
import uPlot from "./uplot.js";

const byId = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const series = JSON.parse(document.body.dataset.series);
const keptPoints = 300;

const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");

const chart = (id, lines) => {
  const place = byId(id);
  const keys = ["atSeconds", ...lines.map(({ key }) => key)];
  const data = () => keys.map((key) => series[key]);
  const axis = {
    stroke: () => colour("--quiet"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
  };
  const size = () => ({ width: place.clientWidth, height: 160 });
  const plot = new uPlot(
    {
      ...size(),
      padding: [8, 28, 0, 0],
      cursor: { y: false },
      legend: { live: true },
      scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map(clock) },
        { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en-US")) },
      ],
      series: [
        { label: "time", value: (_, seconds) => (seconds == null ? "–" : clock(seconds)) },
        ...lines.map(({ label, variable }) => ({
          label,
          width: 2,
          stroke: () => colour(variable),
          points: { show: false },
          value: (_, value) => (value == null ? "–" : Math.round(value).toLocaleString("en-US")),
        })),
      ],
    },
    data(),
    place,
  );
  new ResizeObserver(() => plot.setSize(size())).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
  return () => plot.setData(data());
};

const redraw = [
  chart("rates", [
    { key: "ingested", label: "read", variable: "--first" },
    { key: "delivered", label: "delivered", variable: "--second" },
  ]),
  chart("backlog", [
    { key: "waiting", label: "waiting", variable: "--first" },
    { key: "held", label: "held", variable: "--bad" },
  ]),
];

const link = byId("link");
const say = (text, isLive) => {
  link.textContent = text;
  link.classList.toggle("live", isLive);
};

const show = ({ now, details, point }) => {
  byId("now").innerHTML = now;
  byId("details").innerHTML = details;
  if (series.atSeconds.at(-1) !== point.atSeconds)
    for (const [key, value] of Object.entries(point)) series[key] = [...series[key], value].slice(-keptPoints);
  for (const draw of redraw) draw();
  document.body.classList.remove("old");
  say(`live, ${clock(point.atSeconds)}`, true);
};

// News come every two seconds. Without any, the connection may look well all the same: the relay waits for Redis, or the
// way to it has gone without a word. So what was true is no longer shown as if it were.
const newsWithinMs = 10_000;
const silence = "the relay does not answer, or Redis does not";
let newsAtSeconds = Number(document.body.dataset.at);
const sayOld = (why) => {
  document.body.classList.add("old");
  const since = clock(newsAtSeconds);
  const verdict = document.querySelector(".verdict");
  verdict.className = "verdict bad";
  verdict.textContent = `No news since ${since}: ${why}. What is below was so then.`;
  say(`not live since ${since}; trying again`, false);
};

// A browser gives an EventSource up for good when it is turned away, and does not see a dead way: so a new one each time.
const listen = () => {
  const events = new EventSource("page/events");
  let why = silence;
  const isLate = () => {
    sayOld(why);
    events.close();
    listen();
  };
  let late = setTimeout(isLate, newsWithinMs);
  events.addEventListener("error", () => {
    const isTurnedAway = events.readyState === EventSource.CLOSED;
    why = isTurnedAway ? "too many look, the token has changed, or the relay is away" : "the relay does not answer";
    say(`${why}; trying again`, false);
  });
  events.addEventListener("message", ({ data }) => {
    clearTimeout(late);
    late = setTimeout(isLate, newsWithinMs);
    why = silence;
    const news = JSON.parse(data);
    newsAtSeconds = news.point.atSeconds;
    show(news);
  });
};
listen();
