import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** What the image sets for Node: the relay is measured as it runs there, with a cache of its own. */
export const imageEnvironment = (): string[] => {
  const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8");
  const settings = [...dockerfile.matchAll(/\b((?:NODE|MALLOC|GLIBC)_[A-Z_]+)=(\S+)/g)].map(([, name, value]) => ({
    name,
    value,
  }));
  if (settings.length === 0) throw new Error("the Dockerfile sets nothing for Node");
  const cache = join(root, "node_modules/.cache/bench");
  return settings.map(({ name, value }) => `${name}=${name === "NODE_COMPILE_CACHE" ? cache : value}`);
};

/** The part of it that is no matter of Node, for the programs that the relay is compared with. */
export const imageAllocator = (): string[] => imageEnvironment().filter((setting) => setting.startsWith("GLIBC_"));
