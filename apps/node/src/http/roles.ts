import { createHash, timingSafeEqual } from "node:crypto";

/** What a token may do. Least first: each may do all that those before it may. */
export const roles = ["viewer", "operator", "chaos", "admin"] as const;
export type Role = (typeof roles)[number];

export const may = (role: Role, needs: Role): boolean =>
  roles.indexOf(role) >= roles.indexOf(needs);

/** The token of each role. None at all: nobody needs one. */
export type Tokens = { readonly [Name in Role]?: string | undefined };

/** LEASEHOLD_TOKEN came first, and goes on to open everything. */
const variables = {
  viewer: "LEASEHOLD_TOKEN_VIEWER",
  operator: "LEASEHOLD_TOKEN_OPERATOR",
  chaos: "LEASEHOLD_TOKEN_CHAOS",
  admin: "LEASEHOLD_TOKEN",
} as const satisfies Record<Role, string>;

/** For a child: an empty variable is one that is not set. */
export const tokensToEnv = (tokens: Tokens): Record<string, string> =>
  Object.fromEntries(roles.map((role) => [variables[role], tokens[role] ?? ""]));

export const tokensFromEnv = (env: NodeJS.ProcessEnv): Tokens =>
  Object.fromEntries(roles.map((role) => [role, env[variables[role]] || undefined]));

/** Says whose token it is; null: nobody's. Takes the same time for every wrong one. */
export type ReadToken = (given: string) => Role | null;

/** @returns null where there are no tokens. */
export function tokenReader(tokens: Tokens): ReadToken | null {
  const known = roles.flatMap((role) => {
    const token = tokens[role];
    return token === undefined ? [] : [{ role, digest: digestOf(token) }];
  });
  if (known.length === 0) return null;
  return (given) => {
    const digest = digestOf(given);
    // All are compared, so that the time does not tell which one it was.
    const found = known.filter((it) => timingSafeEqual(it.digest, digest));
    return found.at(-1)?.role ?? null;
  };
}

/** Digests have one length, whatever was given. */
const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
