import { z } from "zod";
import { type Role, roles } from "../wire/roles.ts";
import type { Actor } from "../wire/session-view.ts";

/** What a node is asked with: the token that browsers never see, and who is behind the question. */
export interface Asker {
  readonly token: string | undefined;
  /** Plans and log entries say who asked. */
  readonly by: string;
}

/** The nodes' tokens, one for each role. LEASEHOLD_TOKEN opens everything. */
export type NodeTokens = { readonly [Name in Role]: string | undefined };

export const nodeTokenNames = {
  LEASEHOLD_TOKEN: z.string().optional(),
  LEASEHOLD_TOKEN_VIEWER: z.string().optional(),
  LEASEHOLD_TOKEN_OPERATOR: z.string().optional(),
  LEASEHOLD_TOKEN_CHAOS: z.string().optional(),
};

export const readNodeTokens = (it: z.output<z.ZodObject<typeof nodeTokenNames>>): NodeTokens => ({
  viewer: it.LEASEHOLD_TOKEN_VIEWER,
  operator: it.LEASEHOLD_TOKEN_OPERATOR,
  chaos: it.LEASEHOLD_TOKEN_CHAOS,
  admin: it.LEASEHOLD_TOKEN,
});

/** The token of the role, or of the next one above it that there is: it may do the same. */
function tokenFor(tokens: NodeTokens, role: Role): string | undefined {
  return roles
    .slice(roles.indexOf(role))
    .map((it) => tokens[it])
    .find((it) => it !== undefined);
}

/** Asks as somebody: a node refuses what their role may not, whatever the console thought. */
export const askerOf = (tokens: NodeTokens, { name, role }: Actor): Asker => ({
  token: tokenFor(tokens, role),
  by: headerText(name),
});

/** Asks as the console itself, which only looks. */
export const lookerOf = (tokens: NodeTokens): Asker => ({
  token: tokenFor(tokens, "viewer"),
  by: "console",
});

/** A header has ASCII only: accents are dropped, what has no likeness becomes `?`. */
function headerText(name: string): string {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.replace(/[^\x20-\x7e]/g, "?").slice(0, 64) || "?";
}
