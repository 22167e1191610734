import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { folderSource } from "./folder-source.ts";
import { sourceContract } from "./source-contract.ts";

sourceContract("a folder", async () => {
  const base = await mkdtemp(join(tmpdir(), "relay-folder-"));
  return {
    fresh: async () => {
      const folder = await mkdtemp(join(base, "source-"));
      return {
        source: folderSource(folder),
        put: async (key, content) => {
          await mkdir(dirname(join(folder, key)), { recursive: true });
          await writeFile(join(folder, key), content);
        },
        remove: (key) => rm(join(folder, key)),
      };
    },
    missing: () => ({ source: folderSource(join(base, "nowhere")), name: join(base, "nowhere") }),
    close: () => rm(base, { recursive: true, force: true }),
  };
});
