import type { RelayConfig } from "@currents-relay/shared/config/schema.ts";
import type { HttpSourceConfig } from "@currents-relay/shared/config/source-schema.ts";
import type { StageContext } from "@currents-relay/shared/stage/stage.ts";
import { openWorkspaceTools, type WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { acceptRequests } from "./http-accept.ts";
import { httpAnswers, type HttpConnector, type HttpServer, httpServer } from "./http-server.ts";
import { bearerCheck } from "@currents-relay/shared/runtime/token-check.ts";
import type { AdmissionWatch } from "./redis-admission.ts";

export interface HttpSource {
  /** Connectors and tokens are those of this configuration from now on; opens the port when one is needed first. */
  apply: (config: RelayConfig) => Promise<void>;
  /** Where it listens; undefined: no connector needed it yet. */
  port: () => number | undefined;
  /** Ends what is in hand; `force` aborted: cuts it off. */
  drain: (force: AbortSignal) => Promise<void>;
}

/**
 * Braze's Custom HTTP connectors of all workspaces, behind one port. It opens with the first of them and stays open: a
 * changed configuration changes who is let in, and no request meets a closed door.
 */
export const httpSource = (context: StageContext, admission: Pick<AdmissionWatch, "of">): HttpSource => {
  const { redis, metrics, log } = context;
  const tools = new Map<string, WorkspaceTools>();
  let connectors: ReadonlyMap<string, HttpConnector> = new Map();
  let server: HttpServer | undefined;

  const toolsOf = (workspace: string): WorkspaceTools => {
    const known = tools.get(workspace) ?? openWorkspaceTools(context, workspace);
    tools.set(workspace, known);
    return known;
  };

  const connectorOf = (workspace: string, connector: string, source: HttpSourceConfig): HttpConnector => {
    // Prometheus must have seen a counter at 0 before its first count.
    for (const answer of httpAnswers) metrics.httpRequests.inc({ workspace, connector, answer }, 0);
    return {
      workspace,
      connector,
      isAuthorized: bearerCheck(source.tokens),
      requestsInHand: source.requestsInHand,
      pause: () => {
        const { requests } = admission.of(workspace);
        if (requests !== "open") return requests;
        return redis.status === "ready" ? undefined : "redis-away";
      },
      accept: acceptRequests({ workspace, connector }, toolsOf(workspace)),
    };
  };

  return {
    apply: async (config) => {
      connectors = new Map(
        httpConnectorsIn(config).map(([workspace, connector, source]) => [
          `${workspace}/${connector}`,
          connectorOf(workspace, connector, source),
        ]),
      );
      if (connectors.size === 0 || server) return;
      server = httpServer({
        settings: config.http,
        find: (workspace, connector) => connectors.get(`${workspace}/${connector}`),
        metrics,
        log: log.child({ stage: "ingest" }),
      });
      await server.listen();
      log.info({ host: config.http.host, port: server.port() }, "http.listening");
    },
    port: () => server?.port(),
    drain: async (force) => {
      await server?.close(force);
      await Promise.all([...tools.values()].map(({ queues }) => queues.close()));
    },
  };
};

const httpConnectorsIn = ({ workspaces }: RelayConfig): [string, string, HttpSourceConfig][] =>
  Object.entries(workspaces).flatMap(([workspace, { connectors }]) =>
    Object.entries(connectors).flatMap(([connector, { source }]): [string, string, HttpSourceConfig][] =>
      source.type === "http" ? [[workspace, connector, source]] : [],
    ),
  );
