import { isIP } from "node:net";
import type { Secret } from "../config/secret.ts";
import { bearerOf, tokenCheck } from "../runtime/token-check.ts";

export interface PageRequest {
  /** Of the address that the request came to. */
  url: URL;
  headers: { host?: string | undefined; authorization?: string | undefined; cookie?: string | undefined };
}

export type PageAccess =
  | { kind: "granted" }
  /** The token came in the address: it goes into a cookie, and out of the address. */
  | { kind: "cookie"; setCookie: string; location: string }
  | { kind: "refused"; status: 401 | 403; why: string };

const cookieName = "relay-page";
const isLoopback = (host: string): boolean =>
  host === "localhost" ||
  host.endsWith(".localhost") ||
  host === "::1" ||
  (isIP(host) === 4 && host.startsWith("127."));

const hostNameOf = (header = ""): string =>
  header
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();

const cookieOf = (header = ""): string =>
  header
    .split(/; */)
    .find((pair) => pair.startsWith(`${cookieName}=`))
    ?.slice(cookieName.length + 1) ?? "";

/**
 * Who may see the page. With a token: who has it, by header, by cookie, or once in the address. Without one: who is on
 * this machine, and asks for it by a name of this machine, so that no web page can have it asked for under its own name.
 */
export const pageAccess = ({ host, token }: { host: string; token?: Secret | undefined }) => {
  const isToken = token && tokenCheck([token]);
  return ({ url, headers }: PageRequest): PageAccess => {
    if (isToken) {
      const inAddress = url.searchParams.get("token");
      if (inAddress !== null && isToken(inAddress)) {
        // Lax: a link in a chat or web mail comes from another site, and Strict would keep the cookie from the page that
        // it leads to. Lax gives it to no more than such a visit, and the page changes nothing (GET only, in no frame).
        const setCookie = `${cookieName}=${inAddress}; HttpOnly; SameSite=Lax; Path=/`;
        return { kind: "cookie", setCookie, location: "." };
      }
      if (isToken(bearerOf(headers.authorization)) || isToken(cookieOf(headers.cookie))) return { kind: "granted" };
      return { kind: "refused", status: 401, why: "the page needs admin.token: open it once with ?token=..." };
    }
    if (!isLoopback(host))
      return { kind: "refused", status: 403, why: "beyond this machine the page is shown only with admin.token set" };
    if (!isLoopback(hostNameOf(headers.host)))
      return { kind: "refused", status: 403, why: "without admin.token the page is shown under localhost only" };
    return { kind: "granted" };
  };
};
