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
  /** Refuses a foreign Host or Origin where there is no token. @returns null when it is in place. */
  foreignPlace(headers: IncomingHttpHeaders): HttpProblem | null;
  /**
   * For WebSockets, with or without a token: browsers open them to anywhere, and send an Origin that
   * only a page of this very node may have.
   */
  foreignUpgrade(headers: IncomingHttpHeaders): HttpProblem | null;
  /** Refuses a request without the token, where there is one. */
  missingToken(headers: IncomingHttpHeaders): HttpProblem | null;
  /** For the token of an observation handshake. */
  hasToken(token: unknown): boolean;
}

/** @param port the one listened on, asked for each time because it is known only then. */
export function createAccess(token: string | undefined, port: () => number): Access {
  const expected = token === undefined ? null : digest(token);

  const hasToken = (given: unknown): boolean => {
    if (expected === null) return true;
    // Digests have one length: the comparison takes the same time for every wrong token.
    return typeof given === "string" && timingSafeEqual(digest(given), expected);
  };

  const foreignHost = ({ host }: IncomingHttpHeaders): HttpProblem | null => {
    if (expected !== null || isOwnHost(host, port())) return null;
    const example = `127.0.0.1:${port()}`;
    const detail = `Without LEASEHOLD_TOKEN only loopback names with the port are answered, like ${example}.`;
    return new HttpProblem("HOST_REFUSED", detail);
  };

  return {
    hasToken,
    foreignPlace: (headers) =>
      foreignHost(headers) ?? (expected === null ? foreignOrigin(headers) : null),
    foreignUpgrade: (headers) => foreignHost(headers) ?? foreignOrigin(headers),
    missingToken(headers) {
      if (expected === null) return null;
      const [, given] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
      if (hasToken(given)) return null;
      const what = given === undefined ? "is missing" : "is wrong";
      const detail = `The token ${what}: send "Authorization: Bearer <token>" with the node's LEASEHOLD_TOKEN.`;
      return new HttpProblem("TOKEN_REQUIRED", detail);
    },
  };
}

function foreignOrigin({ origin, host }: IncomingHttpHeaders): HttpProblem | null {
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) {
    return null;
  }
  return new HttpProblem("ORIGIN_REFUSED", "Pages of another origin may not ask this node.");
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function isOwnHost(host: string | undefined, port: number): boolean {
  const [, name = "", given = "80"] =
    /^(\[[0-9a-f:]+\]|[^:[\]/@]+)(?::(\d{1,5}))?$/i.exec(host ?? "") ?? [];
  return isLoopback(name) && Number(given) === port;
}
