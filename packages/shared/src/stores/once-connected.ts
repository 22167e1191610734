/** Connects at the first use, once for all; a failure is not kept: the next use tries again. */
export const onceConnected = <T>(connect: () => Promise<T>): (() => Promise<T>) => {
  let connected: Promise<T> | undefined;
  return () => {
    connected ??= connect().catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  };
};
