import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "../config/checks.ts";
import { HttpProblem } from "./problems.ts";

/**
 * Who may ask. With a token: whoever has it. Without one, or where the operator opened loopback
 * (`pnpm start`), the node listens on loopback only, and the danger left is a browser on this machine
 * that a foreign page steers: its requests carry a foreign Origin, or after DNS rebinding a foreign Host.
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

export interface AccessOptions {
  /** Undefined: nobody needs one. */
  readonly token: string | undefined;
  /** Callers on this machine need no token; one that is given must be right all the same. */
  readonly openLoopback: boolean;
  /** The one listened on, asked for each time because it is known only then. */
  readonly port: () => number;
}

export function createAccess({ token, openLoopback, port }: AccessOptions): Access {
  const expected = token === undefined ? null : digest(token);
  const isOpen = expected === null || openLoopback;

  const hasToken = (given: unknown): boolean => {
    if (expected === null || (openLoopback && given === undefined)) return true;
    // Digests have one length: the comparison takes the same time for every wrong token.
    return typeof given === "string" && timingSafeEqual(digest(given), expected);
  };

  const foreignHost = ({ host }: IncomingHttpHeaders): HttpProblem | null => {
    if (!isOpen || isOwnHost(host, port())) return null;
    const example = `127.0.0.1:${port()}`;
    const detail = `This node is open on loopback: only loopback names with the port are answered, like ${example}.`;
    return new HttpProblem("HOST_REFUSED", detail);
  };

  return {
    hasToken,
    foreignPlace: (headers) => foreignHost(headers) ?? (isOpen ? foreignOrigin(headers) : null),
    foreignUpgrade: (headers) => foreignHost(headers) ?? foreignOrigin(headers),
    missingToken(headers) {
      if (expected === null) return null;
      if (openLoopback && headers.authorization === undefined) return null;
      const [, given] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
      if (given !== undefined && hasToken(given)) return null;
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
