import { countedText, countText } from "../core/count-text.ts";
import { durationText } from "../core/duration-text.ts";
import { html, type Markup } from "./markup.ts";
import type { Unreadable } from "../stage/gauges-snapshot.ts";
import { wrongWithUnreadable } from "../stage/standing.ts";
import type { PageView, PageWorkspace, QuarantineGroup } from "./page-view.ts";

const count = (value: number): string => countText(Math.round(value));
const rate = (value: number): string => (value > 0 && value < 10 ? value.toFixed(1) : count(value));
const megabytes = (bytes: number): string => `${count(bytes / 1e6)} MB`;

/** The whole page as it is at first; `series` is what the charts begin with, `data-at` the time of its newest news. */
export const pageHtml = (view: PageView, series: unknown): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Currents Relay</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="page/uplot.css" />
        <link rel="stylesheet" href="page/page.css" />
        <script type="module" src="page/client.js"></script>
      </head>
      <body data-series="${JSON.stringify(series)}" data-at="${Math.round(view.atMs / 1_000)}">
        <header>
          <h1>Currents Relay</h1>
          <p id="link" role="status">as it was when this page was loaded</p>
        </header>
        <main>
          <div id="now">${nowHtml(view)}</div>
          <section class="charts" aria-label="The last minutes">
            <figure>
              <figcaption>Events a second</figcaption>
              <div id="rates" class="chart"></div>
            </figure>
            <figure>
              <figcaption>Events that wait or are held</figcaption>
              <div id="backlog" class="chart"></div>
            </figure>
          </section>
          <div id="details">${detailsHtml(view)}</div>
        </main>
      </body>
    </html>`.html;

/** What is above the charts: whether anything is about to be lost, and the way of the events. */
export const nowHtml = (view: PageView): Markup => html`${verdictHtml(view)}${pipelineHtml(view)}`;
/** What is below them. */
export const detailsHtml = (view: PageView): Markup => html`${workspacesHtml(view)}${quarantineHtml(view)}`;

/** What one must know who reads nothing else: green only when no card has anything to say. */
const verdictHtml = ({ workspaces, unreadable: [damaged] }: PageView): Markup => {
  if (damaged) return html`<p class="verdict bad"><b>${damaged.workspace}:</b> ${wrongWithUnreadable(damaged)}</p>`;
  const stopped = workspaces.filter(({ overview }) => overview.state === "holding" || overview.state === "unverified");
  const troubled = stopped.length > 0 ? stopped : workspaces.filter(({ wrong }) => wrong.length > 0);
  const [first] = troubled;
  if (!first) {
    const replaying = workspaces.filter(({ overview }) => overview.state === "replaying").length;
    const words = replaying > 0 ? "Held events are on their way again." : "Nothing is about to be lost.";
    return html`<p class="verdict good">${words}</p>`;
  }
  const others = troubled.length > 1 ? ` and ${troubled.length - 1} more` : "";
  const urgency = stopped.length > 0 ? "bad" : "warn";
  return html`<p class="verdict ${urgency}"><b>${first.name}${others}:</b> ${first.wrong[0] ?? "held"}</p>`;
};

const pipelineHtml = ({ stages, delivered, held, quarantined, redis }: PageView): Markup => {
  const stage = (name: "ingest" | "transform" | "deliver", waits: string) =>
    html`<li>
      <h2>${name}</h2>
      <b>${rate(stages[name].rate)}<small>/s</small></b>
      <span>${count(stages[name].waiting)} ${waits}</span>
    </li>`;
  const isTight = redis.limitBytes > 0 && redis.memoryBytes > 0.6 * redis.limitBytes;
  const memory = redis.limitBytes > 0 ? ` of ${megabytes(redis.limitBytes)}` : "";
  return html`<section class="pipeline" aria-label="The way of the events">
    <ol>
      ${stage("ingest", "in files")}${stage("transform", "waiting")}${stage("deliver", "waiting")}
      <li class="end">
        <h2>Segment</h2>
        <b>${rate(delivered)}<small>/s</small></b>
        <span>accepted</span>
      </li>
    </ol>
    <dl>
      <div class="${held > 0 ? "bad" : ""}">
        <dt>held</dt>
        <dd>${count(held)}</dd>
      </div>
      <div class="${quarantined > 0 ? "warn" : ""}">
        <dt>in quarantine</dt>
        <dd>${count(quarantined)}</dd>
      </div>
      <div class="${isTight ? "warn" : ""}">
        <dt>Redis</dt>
        <dd>${megabytes(redis.memoryBytes)}${memory}</dd>
      </div>
    </dl>
  </section>`;
};

const timeToLoss = ({ overview: { expiry } }: PageWorkspace): Markup => {
  const { remainingSeconds, afterSeconds, then } = expiry;
  if (remainingSeconds === undefined) return html`<b class="clock">–</b><small>nothing is held</small>`;
  const urgency = remainingSeconds < 0.2 * afterSeconds ? "bad" : remainingSeconds < 0.5 * afterSeconds ? "warn" : "";
  const ends = { keep: "then still kept", archive: "then archived", drop: "then DROPPED" }[then];
  const text = remainingSeconds < 0 ? "over" : durationText(remainingSeconds);
  return html`<b class="clock ${urgency}">${text}</b><small>${ends}</small>`;
};

const forecast = (seconds: number | undefined): string => {
  if (seconds === undefined) return "?";
  return seconds === 0 ? "–" : durationText(seconds);
};

const workspaceHtml = (workspace: PageWorkspace): Markup => {
  const { name, view, overview, delivered, wrong } = workspace;
  const { waiting } = view.status;
  const cell = (label: string, text: string) =>
    html`<div>
      <dt>${label}</dt>
      <dd>${text}</dd>
    </div>`;
  return html`<article class="workspace ${overview.state} ${wrong.length > 0 ? "wrong" : ""}">
    <header>
      <h3>${name}</h3>
      <span class="state">${overview.state}</span>
    </header>
    <p class="loss"><span>time to loss</span>${timeToLoss(workspace)}</p>
    <dl>
      ${cell("lag", durationText(overview.lagSeconds))} ${cell("waiting", count(overview.backlogEvents - waiting.held))}
      ${cell("held", count(waiting.held))} ${cell("drained in", forecast(overview.drainForecastSeconds))}
      ${cell("rate", `${rate(delivered)} of ${count(overview.rate.allowedPerSecond)}/s`)}
      ${cell("delivered", count(view.status.tallies.deliver.ok ?? 0))}
    </dl>
    ${
      wrong.length > 0
        ? html`<ul>
            ${wrong.map((line) => html`<li>${line}</li>`)}
          </ul>`
        : ""
    }
  </article>`;
};

const unreadableHtml = (one: Unreadable): Markup =>
  html`<article class="workspace wrong">
    <header>
      <h3>${one.workspace}</h3>
      <span class="state">unreadable</span>
    </header>
    <ul>
      <li>${wrongWithUnreadable(one)}</li>
    </ul>
  </article>`;

const workspacesHtml = ({ workspaces, unreadable }: PageView): Markup =>
  html`<section class="workspaces" aria-label="Workspaces">
    ${unreadable.map(unreadableHtml)}${workspaces.map(workspaceHtml)}
  </section>`;

const groupHtml = ({ workspace, reason, events, entries, isPartial, example }: QuarantineGroup): Markup =>
  html`<tr>
    <td>${workspace}</td>
    <td><code>${reason}</code></td>
    <td class="number">
      ${isPartial ? "at least " : ""}${events > 0 ? countedText(events, "event") : countedText(entries, "place")}
    </td>
    <td>
      ${example.detail}
      <small
        >${example.eventType ?? "unknown type"}${example.eventId ? html` · <code>${example.eventId}</code>` : ""} ·
        ${example.uri} at byte ${example.offset}</small
      >
    </td>
  </tr>`;

const quarantineHtml = ({ quarantine }: PageView): Markup =>
  quarantine.length === 0
    ? html``
    : html`<section class="quarantine">
        <h2>Quarantine</h2>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>workspace</th>
                <th>reason</th>
                <th class="number">how many</th>
                <th>the first of them</th>
              </tr>
            </thead>
            <tbody>
              ${quarantine.map(groupHtml)}
            </tbody>
          </table>
        </div>
        <p>Look closer, replay or drop: <code>relay dlq list --queue quarantine</code></p>
      </section>`;
