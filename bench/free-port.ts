import { createServer, type AddressInfo } from "node:net";

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo; // a listening TCP server has one
      server.close(() => resolve(port));
    });
  });
