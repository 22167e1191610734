import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Secret } from "../config/secret.ts";
import { connectS3 } from "./s3-connection.ts";

test("a store that takes a request and says nothing is given up", async () => {
  const silent = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  onTestFinished(() => void silent.close());
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const keys = { accessKeyId: "a", secretAccessKey: new Secret("s") };
  const place = { bucket: "b", region: "us-east-1", endpoint: `http://127.0.0.1:${port}`, credentials: keys };
  const { client, commands } = await connectS3({ ...place, forcePathStyle: true }, 300);
  onTestFinished(() => client.destroy());
  const written = client.send(new commands.PutObjectCommand({ Bucket: "b", Key: "k", Body: "x" }));
  await expect(written).rejects.toThrow("exceeded the configured 300 ms");
});
