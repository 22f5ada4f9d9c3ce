import { z } from "zod";
import { type Role, roles } from "../wire/roles.ts";
import { type OperatorToken, readTokens } from "./operator-tokens.ts";

const secrets = z
  .string()
  .transform((text) => text.split(",").map((it) => it.trim()))
  .refine((all) => all.every((it) => it.length >= 32), "each secret must have 32 characters");

/** Names are made into one type by `readConfig`; this is the part of it that says who may come in. */
export const accessEnvironment = {
  /** `name:role:token`, separated by commas. */
  LEASEHOLD_CONSOLE_TOKENS: z.string().optional(),
  /** What cookies are signed with, the newest first. */
  LEASEHOLD_CONSOLE_SECRET: secrets.optional(),
  /** How long a sign-in lasts. */
  LEASEHOLD_CONSOLE_SESSION_MS: z.coerce.number().int().min(1000).default(28_800_000),
  LEASEHOLD_CONSOLE_OIDC_ISSUER: z.url().optional(),
  LEASEHOLD_CONSOLE_OIDC_CLIENT_ID: z.string().optional(),
  /** None: a public client, which PKCE alone protects. */
  LEASEHOLD_CONSOLE_OIDC_CLIENT_SECRET: z.string().optional(),
  LEASEHOLD_CONSOLE_OIDC_SCOPES: z.string().default("openid profile email"),
  /** The claim of the id token that names groups: a word or a list of words. */
  LEASEHOLD_CONSOLE_OIDC_ROLE_CLAIM: z.string().default("groups"),
  /** `group=role`, separated by commas; `*` is everybody whom the issuer knows. */
  LEASEHOLD_CONSOLE_OIDC_ROLES: z.string().default(""),
};

export interface OidcSettings {
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly scopes: string;
  readonly roleClaim: string;
  readonly roleOf: ReadonlyMap<string, Role>;
}

export interface AccessSettings {
  readonly tokens: readonly OperatorToken[];
  readonly secrets: readonly string[];
  readonly sessionMs: number;
  readonly oidc: OidcSettings | null;
}

type Given = z.output<z.ZodObject<typeof accessEnvironment>>;

/** @throws {Error} naming the setting. */
export function readAccess(it: Given): AccessSettings {
  return {
    tokens: readTokens(it.LEASEHOLD_CONSOLE_TOKENS ?? ""),
    secrets: it.LEASEHOLD_CONSOLE_SECRET ?? [],
    sessionMs: it.LEASEHOLD_CONSOLE_SESSION_MS,
    oidc: readOidc(it),
  };
}

function readOidc(it: Given): OidcSettings | null {
  const issuer = it.LEASEHOLD_CONSOLE_OIDC_ISSUER;
  const clientId = it.LEASEHOLD_CONSOLE_OIDC_CLIENT_ID;
  if (issuer === undefined && clientId === undefined) return null;
  if (issuer === undefined || clientId === undefined) {
    throw new Error(
      "LEASEHOLD_CONSOLE_OIDC_ISSUER and LEASEHOLD_CONSOLE_OIDC_CLIENT_ID belong together: set both.",
    );
  }
  const roleOf = readRoles(it.LEASEHOLD_CONSOLE_OIDC_ROLES);
  if (roleOf.size === 0) {
    throw new Error(
      "LEASEHOLD_CONSOLE_OIDC_ROLES is empty: nobody who signs in would have a role. " +
        'Set it to pairs like "ops=operator,*=viewer".',
    );
  }
  return {
    issuer: new URL(issuer),
    clientId,
    clientSecret: it.LEASEHOLD_CONSOLE_OIDC_CLIENT_SECRET,
    scopes: it.LEASEHOLD_CONSOLE_OIDC_SCOPES,
    roleClaim: it.LEASEHOLD_CONSOLE_OIDC_ROLE_CLAIM,
    roleOf,
  };
}

function readRoles(text: string): Map<string, Role> {
  const pairs = text.split(",").filter((it) => it.trim() !== "");
  return new Map(
    pairs.map((pair) => {
      const at = pair.lastIndexOf("=");
      const role = roles.find((it) => it === pair.slice(at + 1).trim());
      if (at <= 0 || role === undefined) {
        throw new Error(
          `LEASEHOLD_CONSOLE_OIDC_ROLES: "${pair.trim()}" is no pair group=role; ` +
            `roles are ${roles.join(", ")}.`,
        );
      }
      return [pair.slice(0, at).trim(), role];
    }),
  );
}
