import type { Role } from "./roles.ts";

/** Who asks. Plans, log entries and the audit name them. */
export interface Actor {
  readonly name: string;
  readonly role: Role;
}

/** Who somebody is to this console, and how they may sign in: what `GET /api/session` answers. */
export interface SessionView {
  readonly state:
    | "signed-in"
    | "signed-out"
    /** It was signed in, and that has run out. */
    | "expired"
    /** This console asks nobody: whoever is on this machine is an admin. */
    | "open";
  readonly actor: Actor | null;
  /** Null where it does not end. @unit milliseconds */
  readonly expiresInMs: number | null;
  readonly ways: {
    readonly token: boolean;
    /** Through an issuer of OpenID Connect. */
    readonly oidc: boolean;
  };
}

/** Where the browser goes to be sent on to the issuer, and where the issuer sends it back to. */
export const oidcPath = "/sign-in/oidc";
export const oidcCallbackPath = "/sign-in/callback";

/** Why a sign-in came back without one: a code in the address of the page, words on it. */
export const signInProblems = {
  unreachable: "The issuer cannot be reached. Try again in a moment, or sign in with a token.",
  refused: "The issuer did not confirm the sign-in. Try again.",
  "no-role": "You are known to the issuer, but nobody gave you a role here. Ask an admin for one.",
  "too-many": "Too many attempts from this address. Try again in a minute.",
  late: "That sign-in was begun too long ago, or in another browser. Try again.",
} as const;
export type SignInProblem = keyof typeof signInProblems;
