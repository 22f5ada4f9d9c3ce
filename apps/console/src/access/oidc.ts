import { createHash, randomBytes } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";
import { z } from "zod";
import type { Log } from "../relay/log.ts";
import { isLoopbackName } from "../relay/loopback.ts";
import { type Role, roles } from "../wire/roles.ts";
import type { Actor, SignInProblem } from "../wire/session-view.ts";
import type { OidcSettings } from "./settings.ts";

/** From leaving for the issuer to coming back. @unit seconds */
export const flowLifetimeS = 600;

const flow = z.object({
  verifier: z.string(),
  state: z.string(),
  nonce: z.string(),
  to: z.string(),
});

export type CameBack =
  | { readonly ok: true; readonly actor: Actor; readonly to: string }
  | { readonly ok: false; readonly problem: SignInProblem };

/**
 * Sign-in through an issuer of OpenID Connect: authorization code with PKCE, state and nonce. What the
 * way back must prove goes along in a signed cookie, so that it may end in another console process.
 */
export class Oidc {
  readonly #settings: OidcSettings;
  readonly #key: Uint8Array;
  readonly #log: Log;
  #issuer: Promise<Configuration> | null = null;

  constructor(settings: OidcSettings, secrets: readonly string[], log: Log) {
    this.#settings = settings;
    this.#key = createHash("sha256")
      .update(secrets[0] ?? randomBytes(32))
      .digest();
    this.#log = log;
  }

  /** @returns where to send the browser, and the cookie's value; null: the issuer cannot be reached. */
  async leave(
    redirectUri: string,
    to: string,
  ): Promise<{ readonly url: string; readonly value: string } | null> {
    const issuer = await this.#find();
    if (issuer === null) return null;
    const it = {
      verifier: randomPKCECodeVerifier(),
      state: randomState(),
      nonce: randomNonce(),
      to,
    };
    const url = buildAuthorizationUrl(issuer, {
      redirect_uri: redirectUri,
      scope: this.#settings.scopes,
      code_challenge: await calculatePKCECodeChallenge(it.verifier),
      code_challenge_method: "S256",
      state: it.state,
      nonce: it.nonce,
    });
    const value = await new SignJWT(it)
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime(`${flowLifetimeS}s`)
      .sign(this.#key);
    return { url: url.href, value };
  }

  /** @param url as the browser came back to it. */
  async comeBack(url: URL, cookie: string | undefined): Promise<CameBack> {
    const begun = await this.#readFlow(cookie);
    if (begun === null) return { ok: false, problem: "late" };
    const issuer = await this.#find();
    if (issuer === null) return { ok: false, problem: "unreachable" };
    const claims = await this.#redeem(issuer, url, begun);
    if (claims === null) return { ok: false, problem: "refused" };
    const role = roleIn(claims[this.#settings.roleClaim], this.#settings.roleOf);
    if (role === null) return { ok: false, problem: "no-role" };
    return { ok: true, actor: { name: nameIn(claims), role }, to: begun.to };
  }

  async #redeem(
    issuer: Configuration,
    url: URL,
    { verifier, state, nonce }: z.infer<typeof flow>,
  ): Promise<Readonly<Record<string, unknown>> | null> {
    try {
      const answer = await authorizationCodeGrant(issuer, url, {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      return answer.claims() ?? null;
    } catch (error) {
      this.#log("warn", "sign-in refused by the issuer", { error: String(error) });
      return null;
    }
  }

  async #readFlow(cookie: string | undefined): Promise<z.infer<typeof flow> | null> {
    try {
      const { payload } = await jwtVerify(cookie ?? "", this.#key, { algorithms: ["HS256"] });
      return flow.parse(payload);
    } catch {
      // Missing, too old, or not of this console: all of them are begun anew.
      return null;
    }
  }

  /** The issuer may be away when the console starts, and come later. */
  async #find(): Promise<Configuration | null> {
    const { issuer, clientId, clientSecret } = this.#settings;
    const client = clientSecret === undefined ? None() : ClientSecretPost(clientSecret);
    // On this machine nobody listens in; everywhere else an issuer without TLS proves nothing.
    const execute = isLoopbackName(issuer.hostname) ? [allowInsecureRequests] : [];
    this.#issuer ??= discovery(issuer, clientId, undefined, client, { execute, timeout: 5 });
    try {
      return await this.#issuer;
    } catch (error) {
      this.#issuer = null;
      this.#log("warn", "issuer not reached", { issuer: issuer.href, error: String(error) });
      return null;
    }
  }
}

/** The highest role that one of the groups has. Null: none has any. */
export function roleIn(claim: unknown, roleOf: ReadonlyMap<string, Role>): Role | null {
  const groups = (Array.isArray(claim) ? claim : [claim]).filter((it) => typeof it === "string");
  const found = [...groups, "*"].map((it) => roleOf.get(it));
  return roles.findLast((role) => found.includes(role)) ?? null;
}

/** As people know each other, as far as the issuer tells. */
export function nameIn(claims: Readonly<Record<string, unknown>>): string {
  const given = [claims["preferred_username"], claims["email"], claims["name"], claims["sub"]];
  const name = given.find((it): it is string => typeof it === "string" && it.trim() !== "");
  return (name ?? "somebody").trim().slice(0, 64);
}
