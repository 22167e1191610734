/** What an error says; its name where it says nothing, as an AggregateError of Node's does. */
export const errorText = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : String(error);
