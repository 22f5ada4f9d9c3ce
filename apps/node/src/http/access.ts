import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "../config/checks.ts";
import { HttpProblem } from "./problems.ts";
import { may, type Role, type Tokens, tokenReader } from "./roles.ts";

/**
 * Who may ask what. With tokens: whoever has one, as far as its role goes. Without, or where the operator opened loopback
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
  /** Refuses a request without a token of that role or one above it, where there are tokens. */
  missingRole(headers: IncomingHttpHeaders, needs: Role): HttpProblem | null;
  /** For the token of an observation handshake: every role may look. */
  hasToken(token: unknown): boolean;
}

export interface AccessOptions {
  /** None: nobody needs one. */
  readonly tokens: Tokens;
  /** Callers on this machine need no token; one that is given must be right all the same. */
  readonly openLoopback: boolean;
  /** The one listened on, asked for each time because it is known only then. */
  readonly port: () => number;
}

export function createAccess({ tokens, openLoopback, port }: AccessOptions): Access {
  const read = tokenReader(tokens);
  const isOpen = read === null || openLoopback;

  /** Null: the token is missing or wrong. */
  const roleOf = (given: unknown): Role | null => {
    if (read === null || (openLoopback && given === undefined)) return "admin";
    return typeof given === "string" ? read(given) : null;
  };

  const foreignHost = ({ host }: IncomingHttpHeaders): HttpProblem | null => {
    if (!isOpen || isOwnHost(host, port())) return null;
    const example = `127.0.0.1:${port()}`;
    const detail = `This node is open on loopback: only loopback names with the port are answered, like ${example}.`;
    return new HttpProblem("HOST_REFUSED", detail);
  };

  return {
    hasToken: (given) => roleOf(given) !== null,
    foreignPlace: (headers) => foreignHost(headers) ?? (isOpen ? foreignOrigin(headers) : null),
    foreignUpgrade: (headers) => foreignHost(headers) ?? foreignOrigin(headers),
    missingRole({ authorization }, needs) {
      if (read === null || (openLoopback && authorization === undefined)) return null;
      const [, given] = /^Bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
      const role = given === undefined ? null : read(given);
      if (role === null) {
        const what = given === undefined ? "is missing" : "is wrong";
        const detail = `The token ${what}: send "Authorization: Bearer <token>" with the node's LEASEHOLD_TOKEN.`;
        return new HttpProblem("TOKEN_REQUIRED", detail);
      }
      if (may(role, needs)) return null;
      const detail = `This call needs a token of the role ${needs}, and the one given is of the role ${role}.`;
      return new HttpProblem("ROLE_REQUIRED", detail, { role, needs });
    },
  };
}

function foreignOrigin({ origin, host }: IncomingHttpHeaders): HttpProblem | null {
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) {
    return null;
  }
  return new HttpProblem("ORIGIN_REFUSED", "Pages of another origin may not ask this node.");
}

function isOwnHost(host: string | undefined, port: number): boolean {
  const [, name = "", given = "80"] =
    /^(\[[0-9a-f:]+\]|[^:[\]/@]+)(?::(\d{1,5}))?$/i.exec(host ?? "") ?? [];
  return isLoopback(name) && Number(given) === port;
}
