import { describe, expect, test } from "vitest";
import { Secret } from "../config/secret.ts";
import { pageAccess } from "./page-access.ts";

const secret = "a-token-of-16-or-more";
const token = new Secret(secret);
const request = (path: string, headers: Record<string, string> = {}) => ({
  url: new URL(path, "http://admin"),
  headers: { host: "localhost:9464", ...headers },
});

describe("without a token", () => {
  test("the page is shown to this machine under a name of this machine", () => {
    const mayLook = pageAccess({ host: "127.0.0.1" });
    for (const host of ["localhost:9464", "127.0.0.1:9464", "[::1]:9464", "relay.localhost"])
      expect(mayLook(request("/", { host }))).toEqual({ kind: "granted" });
  });

  test("a web page that has its own name lead to this machine sees nothing", () => {
    const mayLook = pageAccess({ host: "127.0.0.1" });
    for (const host of ["evil.example:9464", "127.0.0.1.evil.example", "localhost.evil.example", ""])
      expect(mayLook(request("/", { host }))).toMatchObject({ kind: "refused", status: 403 });
  });

  test("beyond this machine nothing is shown, and it says what to set", () => {
    const mayLook = pageAccess({ host: "0.0.0.0" });
    expect(mayLook(request("/"))).toMatchObject({ status: 403, why: expect.stringContaining("admin.token") as string });
  });
});

describe("with a token", () => {
  const mayLook = pageAccess({ host: "0.0.0.0", token });

  test("it is asked for, also on this machine", () => {
    for (const headers of [{}, { authorization: "Bearer wrong" }, { cookie: "relay-page=wrong" }])
      expect(mayLook(request("/", headers))).toMatchObject({ kind: "refused", status: 401 });
    expect(mayLook(request("/?token=wrong"))).toMatchObject({ kind: "refused", status: 401 });
  });

  test("it is taken from the header, and from the cookie", () => {
    expect(mayLook(request("/", { authorization: `Bearer ${secret}` }))).toEqual({ kind: "granted" });
    expect(mayLook(request("/", { cookie: `other=1; relay-page=${secret}` }))).toEqual({ kind: "granted" });
  });

  test("from the address it goes into a cookie that no script can read, and that comes along from a link elsewhere", () => {
    expect(mayLook(request(`/?token=${secret}`))).toEqual({
      kind: "cookie",
      setCookie: `relay-page=${secret}; HttpOnly; SameSite=Lax; Path=/`,
      location: ".",
    });
  });

  test("a cookie that is no text at all is a wrong one", () => {
    expect(mayLook(request("/", { cookie: "relay-page=%E0%A4%A" }))).toMatchObject({ status: 401 });
  });
});
