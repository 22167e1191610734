import { chmod, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collected } from "../core/avro-writer.testing.ts";
import { isDenied } from "../core/denied.ts";
import { ListedInPart } from "../core/listed-in-part.ts";
import { ObjectChanged } from "../core/object-changed.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import { folderSource } from "./folder-source.ts";
import { type NearStat, nearStat } from "./near-stat.ts";

const signal = new AbortController().signal;

describe("a folder as a source", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "relay-folder-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const put = async (key: string, content = "x") => {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), content);
  };
  const keys = async () => (await collected(folderSource(folder).list(signal))).map(({ key }) => key);
  const only = async () => {
    const [object] = await collected(folderSource(folder).list(signal));
    if (!object) throw new Error("nothing was listed");
    return object;
  };

  it("finds files at every depth, in the order of their names", async () => {
    for (const key of ["b/date=2026-11-23-02/x.avro", "b/date=2026-11-23-01/x.avro", "a.avro", "c/d/e/f.avro"])
      await put(key);
    expect(await keys()).toEqual([
      "a.avro",
      "b/date=2026-11-23-01/x.avro",
      "b/date=2026-11-23-02/x.avro",
      "c/d/e/f.avro",
    ]);
  });

  it("does not see hidden files, half-written files and markers", async () => {
    for (const key of [".DS_Store", ".hidden/a.avro", "a.avro.tmp", "b.avro.part", "_SUCCESS", "good.avro"])
      await put(key);
    expect(await keys()).toEqual(["good.avro"]);
  });

  it("follows links to files and folders", async () => {
    await put("real/a.avro");
    await symlink(join(folder, "real"), join(folder, "link"));
    expect(await keys()).toEqual(["link/a.avro", "real/a.avro"]);
  });

  it("does not walk a link back to a folder above it for ever", async () => {
    await put("sub/a.avro");
    await symlink(join(folder, "sub"), join(folder, "sub", "again"));
    expect(await keys()).toEqual(["sub/a.avro"]);
  });

  it("a replaced file is another version, and the old one cannot be read any more", async () => {
    await put("a.avro", "first");
    const before = await only();
    await put("new", "other");
    await utimes(join(folder, "new"), 1, 1);
    await rename(join(folder, "new"), join(folder, "a.avro"));
    const after = await only();
    expect(after.version).not.toBe(before.version);
    await expect(collected(folderSource(folder).read(before, 0, signal))).rejects.toThrow(ObjectChanged);
  });

  it("a file that is gone is an object that changed, not a failure; unless all of the folder is", async () => {
    await put("a.avro");
    const object = await only();
    await rm(join(folder, "a.avro"));
    const read = () => collected(folderSource(folder).read(object, 0, signal));
    await expect(read()).rejects.toThrow(expect.objectContaining({ name: "ObjectChanged", isGone: true }));
    await rm(folder, { recursive: true });
    await expect(read()).rejects.toThrow(SourceUnavailable);
  });

  it.runIf(process.getuid?.() !== 0)("a file that may not be read waits for the right to", async () => {
    await put("a.avro");
    const object = await only();
    await chmod(join(folder, "a.avro"), 0);
    await expect(collected(folderSource(folder).read(object, 0, signal))).rejects.toThrow(
      expect.objectContaining({ name: "SourceUnavailable", code: "AccessDenied" }),
    );
  });

  it("a file that the file system cannot read waits, and is named with the fault", async () => {
    await put("sub/a.avro");
    const object = await only();
    await rm(join(folder, "sub"), { recursive: true });
    await put("sub", "a file in the place of its folder");
    const fault = await collected(folderSource(folder).read(object, 0, signal)).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(SourceUnavailable);
    expect(fault).toMatchObject({
      code: undefined,
      message: expect.stringMatching(/sub\/a\.avro cannot be read: ENOTDIR/) as string,
    });
  });

  it("reads from any byte on", async () => {
    await put("a.avro", "0123456789");
    const object = await only();
    const read = async (from: number) => {
      let text = "";
      for await (const piece of folderSource(folder).read(object, from, signal)) text += Buffer.from(piece).toString();
      return text;
    };
    expect(await read(0)).toBe("0123456789");
    expect(await read(7)).toBe("789");
    expect(await read(10)).toBe("");
  });

  it("files that are read at the same time, and one after the other, do not get into each other's pieces", async () => {
    const contents = ["a", "b", "c"].map((letter) => letter.repeat(2 * 1024 * 1024 + 1)); // in three pieces
    for (const [index, content] of contents.entries()) await put(`${index}.avro`, content);
    const source = folderSource(folder);
    const objects = await collected(source.list(signal));
    for (let round = 0; round < 2; round++) {
      const readings = objects.map((object) => source.read(object, 0, signal)[Symbol.asyncIterator]());
      const read = contents.map(() => "");
      for (let piece = 0; piece < 3; piece++) {
        const pieces = await Promise.all(readings.map((reading) => reading.next()));
        for (const [index, { value }] of pieces.entries()) read[index] += Buffer.from(value ?? "").toString();
      }
      await Promise.all(readings.map((reading) => reading.next())); // to their ends
      expect(read.map((text, index) => text === contents[index])).toEqual([true, true, true]);
    }
  });

  it("what is appended while it is read is not of this version", async () => {
    const bytes = 1024 * 1024 + 1; // in two pieces
    await put("a.avro", "x".repeat(bytes));
    let read = 0;
    for await (const piece of folderSource(folder).read(await only(), 0, signal)) {
      read += piece.length;
      await writeFile(join(folder, "a.avro"), "and more", { flag: "a" });
    }
    expect(read).toBe(bytes);
  });

  it.each<[string, () => Promise<void>]>([
    ["comes", () => put("sub/new.avro")],
    ["comes in a new folder", () => put("sub/other/new.avro")],
    ["goes", () => rm(join(folder, "sub/a.avro"))],
    [
      "is replaced",
      async () => {
        await put(".hidden", "other");
        await rename(join(folder, ".hidden"), join(folder, "sub/a.avro"));
      },
    ],
  ])("tells without a listing that a file %s", async (_, change) => {
    let nowMs = 0;
    const source = folderSource(folder, () => nowMs);
    await put("sub/a.avro");
    await put("b.avro");
    for (const path of [folder, join(folder, "sub")]) await utimes(path, 1, 1); // a clock may tick only every 4 ms
    await collected(source.list(signal));
    expect(await source.isUnchanged?.(signal)).toBe(false);
    nowMs += 10_000;
    await collected(source.list(signal));
    expect(await source.isUnchanged?.(signal)).toBe(true);
    await change();
    expect(await source.isUnchanged?.(signal)).toBe(false);
  });

  it("asks at once for plain files alone: a folder may be the place of a mount, a link may lead anywhere", async () => {
    await put("sub/a.avro");
    await symlink(join(folder, "sub", "a.avro"), join(folder, "link.avro"));
    const { stat, names } = nearStat();
    const asked: [string, boolean][] = [];
    const near: NearStat = {
      isNear: async () => true,
      names,
      stat: (path, isNear) => {
        asked.push([relative(folder, path), isNear]);
        return stat(path, isNear);
      },
    };
    await collected(folderSource(folder, undefined, near).list(signal));
    expect(asked).toEqual([
      ["link.avro", false],
      ["sub", false],
      [join("sub", "a.avro"), true],
    ]);
  });

  it("asks at once for folders that were small and near in the listing before, and for no others", async () => {
    await put("sub/a.avro");
    await put("large/a.avro");
    await Promise.all(Array.from({ length: 100 }, (_, i) => put(`large/${i}.avro`)));
    await symlink(join(folder, "sub"), join(folder, "link"));
    const { stat, names } = nearStat();
    const asked: string[] = [];
    const noted = (what: string, path: string, isAtOnce: boolean) => {
      if (isAtOnce && !path.endsWith(".avro")) asked.push(`${what} ${relative(folder, path) || "."}`);
    };
    const near: NearStat = {
      isNear: async () => true,
      stat: (path, isNear) => {
        noted("stat", path, isNear);
        return stat(path, isNear);
      },
      names: (path, isSmall) => {
        noted("names", path, isSmall);
        return names(path, isSmall);
      },
    };
    const source = folderSource(folder, undefined, near);
    const first = await collected(source.list(signal));
    expect(asked).toEqual([]);
    await put("new/a.avro");
    const second = await collected(source.list(signal));
    expect(asked).toEqual(["stat .", "names .", "stat large", "names link", "stat sub", "names sub"]);
    expect(second).toHaveLength(first.length + 1);
    await rm(folder, { recursive: true });
    await expect(collected(source.list(signal))).rejects.toThrow(/cannot be listed: ENOENT/);
  });

  it("does not ask at once for the names of a folder that has grown since it was listed", async () => {
    await put("sub/a.avro");
    const { stat, names } = nearStat();
    const asked: string[] = [];
    let isGrown = false;
    const near: NearStat = {
      isNear: async () => true,
      stat: async (path, isNear) => {
        const found = await stat(path, isNear);
        if (found && isGrown && path.endsWith("sub")) found.size = 33n * 1024n;
        return found;
      },
      names: (path, isSmall) => {
        if (isSmall) asked.push(relative(folder, path) || ".");
        return names(path, isSmall);
      },
    };
    const source = folderSource(folder, undefined, near);
    await collected(source.list(signal));
    await collected(source.list(signal));
    expect(asked.splice(0)).toEqual([".", "sub"]);
    isGrown = true;
    expect(await collected(source.list(signal))).toHaveLength(1);
    expect(asked).toEqual(["."]);
  });

  /** What is listed, and then the fault. */
  const listed = async (near: NearStat) => {
    const found: string[] = [];
    const fault = await (async () => {
      for await (const { key } of folderSource(folder, undefined, near).list(signal)) found.push(key);
    })().catch((error: unknown) => error);
    return { found, fault };
  };

  it("a sub-folder that cannot be listed is told of when all others are", async () => {
    for (const key of ["a.avro", "locked/b.avro", "z/c.avro"]) await put(key);
    const { stat, isNear, names } = nearStat();
    const near: NearStat = {
      isNear,
      names,
      stat: async (path, ...how) => {
        const folders = await stat(path, ...how);
        if (!path.endsWith("locked")) return folders;
        await rm(path, { recursive: true });
        await put("locked", "of which no names can be read");
        return folders;
      },
    };
    const { found, fault } = await listed(near);
    expect(found).toEqual(["a.avro", "z/c.avro"]);
    expect(fault).toBeInstanceOf(ListedInPart);
    expect(fault).toMatchObject({ message: expect.stringMatching(/ENOTDIR.*locked/) as string });
  });

  it("what cannot be looked at is told of once, with how much it is; what is denied as denied", async () => {
    for (const key of ["a.avro", "b.avro", "c.avro"]) await put(key);
    const { stat, isNear, names } = nearStat();
    const near: NearStat = {
      isNear,
      names,
      stat: async (path, ...how) => {
        if (path.endsWith("b.avro")) return stat(path, ...how);
        throw Object.assign(new Error(`EACCES: permission denied, stat '${path}'`), { code: "EACCES" });
      },
    };
    const { found, fault } = await listed(near);
    expect(found).toEqual(["b.avro"]);
    expect(fault).toMatchObject({ message: expect.stringMatching(/2 places.*EACCES.*a\.avro/) as string });
    expect(isDenied(fault)).toBe(true);
  });

  it.runIf(process.platform === "linux")("a name that is not UTF-8 is told of", async () => {
    await put("a.avro");
    await writeFile(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9]), Buffer.from(".avro")]), "x");
    const { found, fault } = await listed(nearStat());
    expect(found).toEqual(["a.avro"]);
    expect(fault).toMatchObject({ message: expect.stringContaining("is not UTF-8") as string });
  });

  it("a folder that is not there is said by name", async () => {
    const missing = join(folder, "nowhere");
    await expect(collected(folderSource(missing).list(signal))).rejects.toThrow(
      `the folder ${missing} cannot be listed`,
    );
  });
});
