import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import type { Logger } from "./logger.ts";
import type { Part } from "./lifecycle.ts";

export interface AdminOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  registry: Registry;
  /** Why the process is not ready to work; empty when it is. */
  unreadyReasons: () => Promise<string[]>;
  /** Whatever else is shown here; false: not a thing of its. */
  page?: (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>;
  log: Logger;
}

/** `/livez`, `/readyz` and `/metrics`, for probes and Prometheus, and the status page. `port()` is known once started. */
export const adminServer = (options: AdminOptions): Part & { port(): number } => {
  const { host, port, registry, unreadyReasons, page, log } = options;
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = "text/plain; charset=utf-8") => {
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
    };
    const route = async () => {
      const url = URL.parse(request.url ?? "/", "http://admin");
      if (!url) return answer(400, "this is no path; try /livez, /readyz or /metrics\n");
      switch (url.pathname) {
        case "/livez":
          return answer(200, "alive\n");
        case "/readyz": {
          const reasons = await unreadyReasons();
          return reasons.length === 0 ? answer(200, "ready\n") : answer(503, `${reasons.join("\n")}\n`);
        }
        case "/metrics":
          return answer(200, await registry.metrics(), registry.contentType);
        default:
          if (!(await page?.(request, response, url))) answer(404, "not here; try /livez, /readyz or /metrics\n");
      }
    };
    route().catch((error: unknown) => {
      log.error({ err: error }, "admin.failed");
      if (!response.headersSent) answer(500, "failed; see the log\n");
    });
  });
  return {
    name: "admin",
    // Address info is text only for pipes, which we never listen on.
    port: () => (server.address() as AddressInfo | null)?.port ?? port,
    start: () =>
      new Promise((resolve, reject) => {
        server.once("error", (cause: NodeJS.ErrnoException) => {
          const hint =
            cause.code === "EADDRINUSE"
              ? "is in use; choose another with --admin-port or admin.port (0 takes a free one)"
              : cause.message;
          reject(new Error(`the admin port ${host}:${port} ${hint}`, { cause }));
        });
        server.listen(port, host, () => resolve());
      }),
    drain: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};
