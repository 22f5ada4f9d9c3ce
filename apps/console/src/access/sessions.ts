import { createHash, randomBytes, randomUUID } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { roles } from "../wire/roles.ts";
import type { Actor } from "../wire/session-view.ts";

const claims = z.object({
  sub: z.string(),
  role: z.enum(roles),
  jti: z.string(),
  exp: z.number(),
});
const audience = "leasehold-console";

/** A signed-in browser. */
export interface Session {
  readonly id: string;
  readonly actor: Actor;
  /** By this machine's clock. @unit milliseconds since the epoch */
  readonly endsAtMs: number;
}

/** What a cookie turned out to be. */
export type Reading =
  | { readonly tag: "session"; readonly session: Session }
  | { readonly tag: "none" | "expired" };

export interface SessionsOptions {
  /** The first signs, all are believed: put a new one in front, and take the old one out a session's length later. */
  readonly secrets: readonly string[];
  /** @unit milliseconds */
  readonly lifetimeMs: number;
  readonly nowMs?: () => number;
}

/**
 * Sessions that the browser carries: signed, so that any console process with the secret knows them.
 * What was signed out is remembered by this process only, and until it would have ended anyway.
 */
export class Sessions {
  readonly #keys: readonly Uint8Array[];
  readonly #lifetimeMs: number;
  readonly #nowMs: () => number;
  readonly #ended = new Map<string, number>();

  constructor({ secrets, lifetimeMs, nowMs = Date.now }: SessionsOptions) {
    // Without a secret nobody else can know the sessions of this process, and they end with it.
    const known = secrets.length === 0 ? [randomBytes(32).toString("hex")] : secrets;
    this.#keys = known.map((it) => createHash("sha256").update(it).digest());
    this.#lifetimeMs = lifetimeMs;
    this.#nowMs = nowMs;
  }

  /** @returns the cookie's value. */
  async begin(actor: Actor): Promise<{ readonly session: Session; readonly value: string }> {
    const id = randomUUID();
    const endsAtMs = this.#nowMs() + this.#lifetimeMs;
    const value = await new SignJWT({ role: actor.role })
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(actor.name)
      .setJti(id)
      .setAudience(audience)
      // Whole seconds: a session never lasts longer than it says.
      .setExpirationTime(Math.floor(endsAtMs / 1000))
      .sign(this.#keys[0] as Uint8Array);
    return { session: { id, actor, endsAtMs: Math.floor(endsAtMs / 1000) * 1000 }, value };
  }

  async read(value: string | undefined): Promise<Reading> {
    if (value === undefined || value === "") return { tag: "none" };
    for (const key of this.#keys) {
      const reading = await this.#readWith(key, value);
      if (reading !== null) return reading;
    }
    return { tag: "none" };
  }

  /** It is nobody's any more, from now on. */
  end({ id, endsAtMs }: Session): void {
    const nowMs = this.#nowMs();
    for (const [other, atMs] of this.#ended) if (atMs < nowMs) this.#ended.delete(other);
    this.#ended.set(id, endsAtMs);
  }

  /** Null: signed with another key. */
  async #readWith(key: Uint8Array, value: string): Promise<Reading | null> {
    try {
      const currentDate = new Date(this.#nowMs());
      const options = { algorithms: ["HS256"], audience, currentDate };
      const { payload } = await jwtVerify(value, key, options);
      const { sub: name, role, jti: id, exp } = claims.parse(payload);
      if (this.#ended.has(id)) return { tag: "none" };
      return { tag: "session", session: { id, actor: { name, role }, endsAtMs: exp * 1000 } };
    } catch (error) {
      return error instanceof errors.JWTExpired ? { tag: "expired" } : null;
    }
  }
}
