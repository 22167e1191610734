import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A way to Redis on which answers get lost, or are late. */
export interface RedisProxy {
  url: string;
  /** Answers stay on the way from the next one on that has this text in it; `arrived` resolves when that one has. */
  holdAnswers(from?: string): { arrived: Promise<void> };
  /** What was held goes on its way. */
  releaseAnswers: () => void;
  /** Loses what is held and cuts every connection; new ones work. `letThrough` answers still arrive before. */
  cut: (letThrough?: (held: Buffer) => Buffer) => void;
  close: () => Promise<void>;
}

interface Way {
  client: Socket;
  server: Socket;
  held: Buffer[];
}

export const redisProxy = async (redisPort: number): Promise<RedisProxy> => {
  const ways = new Set<Way>();
  let holding: { from: string; arrived: PromiseWithResolvers<void>; isOn: boolean } | undefined;
  const proxy = createServer((client) => {
    const server = connect(redisPort, "127.0.0.1");
    const way: Way = { client, server, held: [] };
    ways.add(way);
    const end = () => {
      ways.delete(way);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on("error", end).on("close", end);
    client.on("data", (data: Buffer) => server.write(data));
    server.on("data", (data: Buffer) => {
      if (holding) holding.isOn ||= data.includes(holding.from);
      if (holding?.isOn) {
        way.held.push(data);
        holding.arrived.resolve();
      } else client.write(data);
    });
  });
  const port = await listening(proxy);
  return {
    url: `redis://127.0.0.1:${port}`,
    holdAnswers: (from = "") => {
      holding = { from, arrived: Promise.withResolvers(), isOn: false };
      return { arrived: holding.arrived.promise };
    },
    releaseAnswers: () => {
      holding = undefined;
      for (const { client, held } of ways) for (const data of held.splice(0)) client.write(data);
    },
    cut: (letThrough) => {
      holding = undefined;
      for (const { client, server, held } of ways) {
        const last = letThrough?.(Buffer.concat(held));
        server.destroy();
        if (last && last.length > 0) client.end(last);
        else client.destroy();
      }
    },
    close: async () => {
      for (const { client } of ways) client.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
};

const listening = async (proxy: Server): Promise<number> => {
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return (proxy.address() as AddressInfo).port; // listens on TCP
};
