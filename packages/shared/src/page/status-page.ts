import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { Secret } from "../config/secret.ts";
import type { Logger } from "../runtime/logger.ts";
import { isRedisTrouble } from "../runtime/redis-trouble.ts";
import { type LivePage, livePage, pointOf } from "./live-page.ts";
import { pageAccess } from "./page-access.ts";
import { detailsHtml, nowHtml, pageHtml } from "./page-html.ts";
import type { PageView } from "./page-view.ts";

export interface StatusPageOptions {
  /** Where the admin port listens. */
  host: string;
  token?: Secret | undefined;
  read: () => Promise<PageView>;
  log: Logger;
  /** So long a page waits for a reading; default: 5 s. */
  withinMs?: number | undefined;
}

/** Answers requests of the page; false for all others. */
export type StatusPage = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>;

const require = createRequire(import.meta.url);
const asset = (type: string, file: string | URL) => ({ type: `${type}; charset=utf-8`, bytes: readFileSync(file) });
const own = (name: string): URL => new URL(`./assets/${name}`, import.meta.url);

/** Read when the first page is asked for. */
const readAssets = () =>
  new Map([
    ["/page/page.css", asset("text/css", own("page.css"))],
    ["/page/client.js", asset("text/javascript", own("client.js"))],
    ["/page/uplot.js", asset("text/javascript", require.resolve("uplot/dist/uPlot.esm.js"))],
    ["/page/uplot.css", asset("text/css", require.resolve("uplot/dist/uPlot.min.css"))],
  ]);

const headers = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The status page on the admin port: read-only, no file of others, no word to others. */
export const statusPage = ({ host, token, read, log, withinMs }: StatusPageOptions): StatusPage => {
  const mayLook = pageAccess({ host, token });
  const live = livePage({ read, withinMs, onFault: (error) => log.debug({ err: error }, "page.unread") });
  let assets: ReturnType<typeof readAssets> | undefined;

  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    if (path === "/page/events") return showLive(live, response);
    if (path === "/") return showPage(live, response);
    const found = (assets ??= readAssets()).get(path);
    if (found) response.writeHead(200, { ...headers, "content-type": found.type }).end(found.bytes);
    else response.writeHead(404, headers).end();
  };

  return async (request, response, url) => {
    if (url.pathname !== "/" && !url.pathname.startsWith("/page/")) return false;
    const access = mayLook({ url, headers: request.headers });
    if (request.method !== "GET") response.writeHead(405, { ...headers, allow: "GET" }).end();
    else if (access.kind === "granted") await answer(url.pathname, response);
    else if (access.kind === "cookie")
      response.writeHead(303, { ...headers, "set-cookie": access.setCookie, location: access.location }).end();
    else
      response
        .writeHead(access.status, { ...headers, "content-type": "text/plain; charset=utf-8" })
        .end(`${access.why}\n`);
    return true;
  };
};

const showPage = async (live: LivePage, response: ServerResponse): Promise<void> => {
  const seen = await live.look().catch((error: unknown) => {
    if (isRedisTrouble(error)) return undefined;
    throw error;
  });
  if (seen) {
    const { view, series } = seen;
    response.writeHead(200, { ...headers, "content-type": "text/html; charset=utf-8" }).end(pageHtml(view, series));
    return;
  }
  // A browser asks again by itself, so that the page comes when Redis does.
  const again = { "content-type": "text/plain; charset=utf-8", "retry-after": "5", refresh: "5" };
  response
    .writeHead(503, { ...headers, ...again })
    .end("Redis does not answer, so there is nothing to show yet. This page tries again every 5 s.\n");
};

/** Sends each new view as it comes, as server-sent events, until the viewer or the server goes. */
const showLive = (live: LivePage, response: ServerResponse): void => {
  const show = (view: PageView) => {
    // A viewer who does not read is not written to.
    if (response.writableNeedDrain) return;
    const data = { now: nowHtml(view).html, details: detailsHtml(view).html, point: pointOf(view) };
    response.write(`data: ${JSON.stringify(data)}\n\n`);
  };
  const leave = live.watch(show);
  if (!leave) {
    response.writeHead(503, { ...headers, "retry-after": "30" }).end();
    return;
  }
  response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
  response.once("close", leave);
};
