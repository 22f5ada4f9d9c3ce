import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { roles } from "../wire/roles.ts";
import type { Actor } from "../wire/session-view.ts";

const entry = z.tuple([
  z.string().regex(/^[\x20-\x7e]{1,64}$/, "the name must be 1 to 64 printable characters"),
  z.enum(roles, `the role must be one of ${roles.join(", ")}`),
  z.string().regex(/^[\x21-\x7e]{16,1024}$/, "the token must be 16 to 1024 characters, no spaces"),
]);

/** Somebody's token, kept as a digest: the setting itself is not needed any more. */
export interface OperatorToken {
  readonly actor: Actor;
  readonly digest: Buffer;
}

/**
 * Reads `name:role:token,name:role:token`. A token may have colons, but no commas.
 *
 * @throws {Error} naming the entry by its place, never by its content.
 */
export function readTokens(text: string): OperatorToken[] {
  const tokens = text
    .split(",")
    .map((it) => it.trim())
    .filter((it) => it !== "")
    .map((it, index) => {
      const [name = "", role = "", ...rest] = it.split(":");
      const parsed = entry.safeParse([name, role, rest.join(":")]);
      if (!parsed.success) {
        const why = parsed.error.issues[0]?.message;
        throw new Error(
          `LEASEHOLD_CONSOLE_TOKENS: entry ${index + 1} is no name:role:token: ${why}.`,
        );
      }
      const [actorName, actorRole, token] = parsed.data;
      return { actor: { name: actorName, role: actorRole }, digest: digestOf(token) };
    });
  const twice = tokens.findIndex((it, at) =>
    tokens.slice(0, at).some((other) => other.digest.equals(it.digest)),
  );
  if (twice >= 0) {
    throw new Error(`LEASEHOLD_CONSOLE_TOKENS: entry ${twice + 1} has the token of another one.`);
  }
  return tokens;
}

/** Whose token it is. All are compared, so that the time it takes tells nothing. */
export function findToken(tokens: readonly OperatorToken[], given: string): Actor | null {
  const digest = digestOf(given);
  return tokens.filter((it) => timingSafeEqual(it.digest, digest))[0]?.actor ?? null;
}

/** Digests have one length, whatever was given. */
const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
