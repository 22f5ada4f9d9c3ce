import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "../config/checks.ts";
import { HttpProblem } from "./problems.ts";

/**
 * Who may ask. With a token: whoever has it. Without one the node listens on loopback only, and the
 * danger left is a browser on this machine that a foreign page steers: its requests carry a foreign
 * Origin, or after DNS rebinding a foreign Host.
 */
export interface Access {
  /** Applies to every request, health included. @throws {HttpProblem} */
  checkPlace(headers: IncomingHttpHeaders): void;
  /** @throws {HttpProblem} */
  checkToken(headers: IncomingHttpHeaders): void;
  /** For the token of an observation handshake. */
  hasToken(token: unknown): boolean;
  /** Browsers send Origin with every WebSocket; only a page of this very node may have one. */
  checkOrigin(headers: IncomingHttpHeaders): void;
}

export function createAccess(token: string | undefined, port: () => number): Access {
  const expected = token === undefined ? null : digest(token);

  const hasToken = (given: unknown): boolean => {
    if (expected === null) return true;
    // Digests have one length: the comparison takes the same time for every wrong token.
    return typeof given === "string" && timingSafeEqual(digest(given), expected);
  };

  return {
    hasToken,
    checkPlace(headers) {
      if (expected !== null) return;
      if (!isOwnHost(headers.host, port())) {
        throw new HttpProblem(
          "HOST_REFUSED",
          `Without LEASEHOLD_TOKEN only loopback names with port ${port()} are answered, for instance 127.0.0.1:${port()}.`,
        );
      }
      checkOrigin(headers);
    },
    checkToken(headers) {
      if (expected === null) return;
      const [, given] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
      if (hasToken(given)) return;
      const what = given === undefined ? "is missing" : "is wrong";
      throw new HttpProblem(
        "TOKEN_REQUIRED",
        `The token ${what}: send "Authorization: Bearer <token>" with the node's LEASEHOLD_TOKEN.`,
      );
    },
    checkOrigin,
  };
}

function checkOrigin({ origin, host }: IncomingHttpHeaders): void {
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
  throw new HttpProblem("ORIGIN_REFUSED", "Pages of another origin may not ask this node.");
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function isOwnHost(host: string | undefined, port: number): boolean {
  const match = /^(?<name>\[[0-9a-f:]+\]|[^:[\]/@]+)(:(?<port>\d{1,5}))?$/i.exec(host ?? "");
  if (match?.groups === undefined) return false;
  const { name = "", port: given = "80" } = match.groups;
  return isLoopback(name) && Number(given) === port;
}
