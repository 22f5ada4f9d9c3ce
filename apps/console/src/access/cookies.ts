import type { IncomingMessage } from "node:http";

/**
 * Names of cookies. Ports share the cookies of a host, so the name has the port that the browser sees:
 * two consoles on one machine must not sign each other out.
 */
export const sessionCookie = (request: IncomingMessage): string =>
  `leasehold_session_${portOf(request)}`;
export const flowCookie = (request: IncomingMessage): string => `leasehold_oidc_${portOf(request)}`;

const portOf = (request: IncomingMessage): string =>
  /:(\d{1,5})$/.exec(request.headers.host ?? "")?.[1] ?? "0";

export function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

export interface CookieOptions {
  readonly path: string;
  /** 0 takes it away. @unit seconds */
  readonly maxAgeS: number;
  /**
   * Strict is never sent by what another site began. Lax comes along where another site sends the
   * browser here: only the way back from an issuer needs that.
   */
  readonly sameSite: "Strict" | "Lax";
  readonly isSecure: boolean;
}

export const setCookie = (name: string, value: string, it: CookieOptions): string =>
  `${name}=${value}; Path=${it.path}; Max-Age=${it.maxAgeS}; HttpOnly; SameSite=${it.sameSite}${it.isSecure ? "; Secure" : ""}`;
