// node ops/k8s/build-rules.ts: the alerts of ops/prometheus as the Prometheus operator takes them.
import { writeFileSync } from "node:fs";
import { rulesFile, rulesText } from "./source/rules.ts";

writeFileSync(rulesFile, rulesText());
