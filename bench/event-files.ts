import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";

export interface FilesAsked {
  events: number;
  eventsPerFile: number;
  /** Other seeds give other ids. */
  seed: number;
  /** Each in files of its own; default: email clicks of 39 fields. */
  eventTypes?: readonly string[];
}

/** Events in Avro files as Braze writes them. */
export interface FileSet extends FilesAsked {
  folder: string;
  /** Below the folder, in the order they were written. */
  paths: readonly string[];
  ids: readonly string[];
}

/** Makes files when they are first asked for, and keeps them for the run. */
export interface EventFiles {
  get: (asked: FilesAsked) => Promise<FileSet>;
}

const keyOf = ({ events, eventsPerFile, seed, eventTypes = [] }: FilesAsked): string =>
  [events, eventsPerFile, seed, ...eventTypes].join("-");

const make = async (into: string, asked: FilesAsked): Promise<FileSet> => {
  const folder = join(into, keyOf(asked));
  await mkdir(folder, { recursive: true });
  const manifest = await makeCurrents({
    into: folder,
    eventTypes: ["users.messages.email.Click"],
    wide: asked.eventTypes === undefined,
    layout: "flat",
    ...asked,
  });
  return {
    ...asked,
    folder,
    paths: manifest.files.map(({ path }) => path),
    ids: [...manifest.readableIds.keys()],
  };
};

export const openEventFiles = (into: string): EventFiles => {
  const made = new Map<string, Promise<FileSet>>();
  return {
    get: (asked) => {
      const key = keyOf(asked);
      const files = made.get(key) ?? make(into, asked);
      made.set(key, files);
      return files;
    },
  };
};
