import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configSchema } from "@currents-relay/shared/config/schema.ts";
import { parseConfig } from "@currents-relay/shared/config/load.ts";
import { drainDeadlineMs } from "@currents-relay/shared/runtime/lifecycle.ts";
import { createMetrics } from "@currents-relay/shared/runtime/metrics.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { rulesFile, rulesText } from "../../ops/k8s/source/rules.ts";
import { dashboardQueries, nameOf, opsFolder, selectorsIn } from "../support/ops-queries.ts";

/** ops/k8s as kubectl renders it, checked against Kubernetes' own types and against what the relay is. */

const repository = join(opsFolder, "..");
const stages = ["ingest", "transform", "deliver"] as const;

interface Container {
  name: string;
  args: string[];
  ports: { name: string; containerPort: number }[];
  securityContext: object;
  resources: object;
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  livenessProbe: object;
  readinessProbe: object;
  startupProbe: object;
}
interface PodSpec {
  containers: Container[];
  securityContext: object;
  terminationGracePeriodSeconds: number;
  automountServiceAccountToken: boolean;
  volumes: { name: string }[];
}
/** What the tests look at; the types that Kubernetes has are checked below. */
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels: Record<string, string> };
  data: Record<string, string>;
  spec: {
    replicas?: number;
    template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
    selector: Record<string, unknown> & { matchLabels?: Record<string, string> };
    podSelector: { matchLabels: Record<string, string> };
    ports: { name: string; targetPort: string }[];
    scaleTargetRef: { name: string };
    endpoints: { port: string }[];
    metrics: { external: { metric: { name: string; selector: { matchLabels: { stage: string } } } } }[];
    triggers: { metadata: { query: string } }[];
  };
}

const render = (path: string): Manifest[] => {
  const run = spawnSync("kubectl", ["kustomize", join(opsFolder, "k8s", path)], { encoding: "utf8" });
  if (run.error) throw new Error("kubectl (1.27 or newer) is needed to render ops/k8s", { cause: run.error });
  expect(run.status, run.stderr).toBe(0);
  expect(run.stderr, "a warning").toBe("");
  return parseAllDocuments(run.stdout).map((document) => document.toJS() as Manifest);
};

/** Where the types of a kind are. */
const modules: Record<string, string> = {
  v1: "kubernetes-models/v1",
  "apps/v1": "kubernetes-models/apps/v1",
  "policy/v1": "kubernetes-models/policy/v1",
  "networking.k8s.io/v1": "kubernetes-models/networking.k8s.io/v1",
  "autoscaling/v2": "kubernetes-models/autoscaling/v2",
  "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
  "keda.sh/v1alpha1": "@kubernetes-models/keda/keda.sh/v1alpha1",
};

/** A program that TypeScript refuses where a field is unknown, missing or of a wrong type. */
const asProgram = (manifests: readonly Manifest[]): string =>
  manifests
    .map((manifest, index) => {
      const from = modules[manifest.apiVersion];
      if (from === undefined) throw new Error(`the types of ${manifest.apiVersion} are not known here`);
      return (
        `import type { I${manifest.kind} as Kind${index} } from "${from}";\n` +
        `export const manifest${index}: Kind${index} = ${JSON.stringify(manifest)};\n`
      );
    })
    .join("");

const complaintsOfTypes = (manifests: readonly Manifest[]): string => {
  const folder = mkdtempSync(join(tmpdir(), "relay-k8s-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "manifests.ts"), asProgram(manifests));
  const compilerOptions = { strict: true, noEmit: true, module: "nodenext", skipLibCheck: true, types: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["manifests.ts"] }));
  const run = spawnSync(join(repository, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
  return run.stdout;
};

const isPartOf = (part: Record<string, unknown>, whole: Record<string, unknown>): boolean =>
  Object.entries(part).every(([key, value]) => whole[key] === value);

describe.each(["base", "overlays/keda", "overlays/hpa"])("ops/k8s/%s", (path) => {
  const manifests = render(path);
  const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
  const deployments = ofKind("Deployment");
  const pods = deployments.map(({ spec }) => spec.template);

  test("every field is one that Kubernetes knows, of its type", { timeout: 60_000 }, () => {
    expect(complaintsOfTypes(manifests)).toBe("");
  });

  test("each stage is a deployment of its own that runs the stage's command", () => {
    expect(deployments.map(({ metadata }) => metadata.name).toSorted()).toEqual(
      stages.map((stage) => `relay-${stage}`).toSorted(),
    );
    for (const { metadata, spec } of deployments) {
      const stage = metadata.name.slice("relay-".length);
      expect(spec.template.metadata.labels["app.kubernetes.io/component"]).toBe(stage);
      expect(spec.template.spec.containers.map(({ args }) => args)).toEqual([
        [stage, "--config", "/etc/relay/relay.yaml"],
      ]);
    }
  });

  test("pods run without root, write nothing but /tmp, and have no rights", () => {
    for (const { spec } of pods) {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
      });
      for (const { securityContext, volumeMounts } of spec.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        const writable = volumeMounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath);
        expect(writable).toEqual(["/tmp"]);
      }
    }
  });

  test("a pod has longer to end than a drain may take", () => {
    for (const { spec } of pods)
      expect(spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(drainDeadlineMs * 1.5);
  });

  test("probes ask where the configuration opens the admin port", () => {
    const configured = configOf(manifests).admin;
    expect(configured.host).toBe("0.0.0.0");
    for (const { spec } of pods)
      for (const container of spec.containers) {
        expect(container.ports).toEqual([{ name: "metrics", containerPort: configured.port }]);
        expect(container).toMatchObject({
          startupProbe: { httpGet: { path: "/livez", port: "metrics" } },
          livenessProbe: { httpGet: { path: "/livez", port: "metrics" } },
          readinessProbe: { httpGet: { path: "/readyz", port: "metrics" } },
          resources: { requests: { cpu: expect.any(String) }, limits: { memory: expect.any(String) } },
        });
      }
  });

  test("every volume that is mounted is there, and secrets come as files of a mounted folder", () => {
    expect(ofKind("Secret")).toEqual([]);
    for (const { spec } of pods) {
      const mounted = spec.containers.flatMap(({ volumeMounts }) => volumeMounts);
      expect(mounted.map(({ name }) => name).toSorted()).toEqual(spec.volumes.map(({ name }) => name).toSorted());
      for (const [, file = ""] of configText(manifests).matchAll(/\$\{file:([^}]+)\}/g))
        expect(
          mounted.some(({ mountPath }) => file.startsWith(`${mountPath}/`)),
          file,
        ).toBe(true);
    }
  });

  test("the configuration has no fault", () => {
    expect(Object.keys(configOf(manifests).workspaces)).toEqual(["acme"]);
  });

  test("whatever selects pods, or names a deployment, finds some", () => {
    const labels = pods.map(({ metadata }) => metadata.labels);
    const selectors = [
      ...ofKind("Service").map(({ spec }) => spec.selector),
      ...[...deployments, ...ofKind("PodDisruptionBudget")].map(({ spec }) => spec.selector.matchLabels ?? {}),
      ...ofKind("NetworkPolicy").map(({ spec }) => spec.podSelector.matchLabels),
    ];
    expect(selectors.length).toBeGreaterThanOrEqual(12);
    for (const selector of selectors) expect(labels.some((one) => isPartOf(selector, one))).toBe(true);
    const names = deployments.map(({ metadata }) => metadata.name);
    for (const { spec } of [...ofKind("HorizontalPodAutoscaler"), ...ofKind("ScaledObject")])
      expect(names).toContain(spec.scaleTargetRef.name);
  });

  test("the name of each stage's service is the job by which the dashboards know it", () => {
    const jobs = dashboardQueries().flatMap(({ expr }) => [...expr.matchAll(/job="([^"]+)"/g)].map(([, job]) => job));
    const services = ofKind("Service").map(({ metadata }) => metadata.name);
    expect(new Set(jobs)).toEqual(new Set(services));
  });
});

const configText = (manifests: readonly Manifest[]): string =>
  manifests.find(({ kind }) => kind === "ConfigMap")?.data["relay.yaml"] ?? "";

/** The configuration as the pods read it, with a file for each secret. */
const configOf = (manifests: readonly Manifest[]) => {
  const folder = mkdtempSync(join(tmpdir(), "relay-k8s-secrets-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "redis-url"), "redis://redis:6379\n");
  writeFileSync(join(folder, "acme-write-key"), "a-key\n");
  const text = configText(manifests).replaceAll("/run/secrets/relay", folder);
  const loaded = parseConfig(text, "/etc/relay/relay.yaml", { variables: {} });
  if (loaded.kind === "faulty") throw new Error(loaded.faults.join("\n"));
  return loaded.config;
};

describe("what is added to the base", () => {
  const keda = render("overlays/keda");
  const hpa = render("overlays/hpa");
  const metrics = createMetrics()
    .registry.getMetricsAsArray()
    .map(({ name }) => name);

  test("an autoscaler for each stage follows relay_desired_workers, and nothing else sets the number of pods", () => {
    const queries = keda
      .filter(({ kind }) => kind === "ScaledObject")
      .flatMap(({ spec }) => spec.triggers.map(({ metadata }) => metadata.query));
    expect(queries.toSorted()).toEqual(
      stages.map((stage) => `max(relay_desired_workers{stage="${stage}"})`).toSorted(),
    );
    const external = hpa
      .filter(({ kind }) => kind === "HorizontalPodAutoscaler")
      .flatMap(({ spec }) => spec.metrics.map((one) => one.external.metric));
    expect(external.map(({ selector }) => selector.matchLabels.stage).toSorted()).toEqual([...stages].toSorted());
    for (const name of [...queries.flatMap(selectorsIn).map(nameOf), ...external.map((one) => one.name)])
      expect(metrics).toContain(name);
    for (const { spec } of [...keda, ...hpa].filter(({ kind }) => kind === "Deployment"))
      expect(spec.replicas).toBeUndefined();
  });

  test("the service monitor finds the services and their port", () => {
    const monitors = keda.filter(({ kind }) => kind === "ServiceMonitor");
    const services = keda.filter(({ kind }) => kind === "Service");
    expect([monitors.length, services.length]).toEqual([1, 3]);
    for (const { spec } of monitors)
      for (const service of services) {
        expect(isPartOf(spec.selector.matchLabels ?? {}, service.metadata.labels)).toBe(true);
        expect(service.spec.ports.map(({ name }) => name)).toEqual(spec.endpoints.map(({ port }) => port));
      }
  });

  test("the operator's rules are those of ops/prometheus/alerts.yml", () => {
    expect(readFileSync(rulesFile, "utf8") === rulesText(), "run node ops/k8s/build-rules.ts").toBe(true);
  });

  test.each([
    ["unknown field", { replica: 2 }, "replica"],
    ["wrong type", { minReadySeconds: "5" }, "not assignable to type 'number'"],
  ])("a deployment with a field of %s is found out", { timeout: 60_000 }, (_, fields, complaint) => {
    const [deployment] = keda.filter(({ kind }) => kind === "Deployment");
    const wrong = { ...deployment, spec: { ...deployment?.spec, ...fields } };
    expect(complaintsOfTypes([wrong as unknown as Manifest])).toContain(complaint); // wrong on purpose
  });
});

describe("ops/k8s/overlays/http", () => {
  const manifests = render("overlays/http");

  test("every field is one that Kubernetes knows, of its type", { timeout: 60_000 }, () => {
    expect(complaintsOfTypes(manifests)).toBe("");
  });

  test("the service leads to the port at which ingest takes Braze's requests by default", () => {
    const named = (kind: string, name: string) =>
      manifests.filter((one) => one.kind === kind && one.metadata.name === name);
    const [service] = named("Service", "relay-http");
    const [ingest] = named("Deployment", "relay-ingest");
    const { port: byDefault } = configSchema.shape.http.parse({});
    expect(service?.spec.ports).toEqual([{ name: "http", port: byDefault, targetPort: "http" }]);
    expect(ingest?.spec.template.spec.containers[0]?.ports).toContainEqual({ name: "http", containerPort: byDefault });
    expect(isPartOf({ ...service?.spec.selector }, { ...ingest?.spec.template.metadata.labels })).toBe(true);
  });
});
