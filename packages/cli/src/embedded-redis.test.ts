import { expect, test } from "vitest";
import { type Computer, installRedis } from "./embedded-redis.ts";

/** A computer that remembers what was run on it. */
const aComputer = ({ isRoot = true, missing = [] as string[] } = {}) => {
  const ran: string[] = [];
  const computer: Computer = {
    isRoot,
    run: (program, args) => {
      ran.push([program, ...args].join(" "));
      return missing.includes(program) ? Promise.reject(new Error(`spawn ${program} ENOENT`)) : Promise.resolve();
    },
  };
  return { computer, ran };
};

test("as root on Debian the server is installed", async () => {
  const { computer, ran } = aComputer();
  await installRedis(computer);
  expect(ran.slice(1)).toEqual(["apt-get update", "apt-get install --yes --no-install-recommends redis-server"]);
});

test.each([
  ["another user", { isRoot: false }],
  ["root where there is no apt-get", { missing: ["apt-get"] }],
])("%s is told the two ways out, and nothing is installed", async (_, options) => {
  const { computer, ran } = aComputer(options);
  await expect(installRedis(computer)).rejects.toMatchObject({
    exitCode: 69,
    message: expect.stringMatching(/Two ways out:\n {2}- install one[^]*\n {2}- docker compose up/),
  });
  expect(ran).toEqual(["apt-get --version"]);
});
