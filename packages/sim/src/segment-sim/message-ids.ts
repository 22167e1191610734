/** Ids of accepted events. They are made texts when somebody asks: to take a batch costs a measurement next to nothing. */
export interface MessageIds<Id extends string | undefined = string | undefined> {
  count: number;
  /** Undefined: an event without one. */
  texts: () => readonly Id[];
}

export const listedIds = (ids: readonly (string | undefined)[]): MessageIds => ({
  count: ids.length,
  texts: () => ids,
});

/** Of their JSON texts as they stood in the body, each with the quote behind it. */
export const packedIds = (bytes: Buffer, count: number): MessageIds<string> => ({
  count,
  texts: () => bytes.toString("latin1").split('"').slice(0, -1),
});
