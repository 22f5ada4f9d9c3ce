import type { IncomingMessage } from "node:http";
import type { ConsoleConfig } from "../relay/config.ts";
import type { Actor, SessionView } from "../wire/session-view.ts";
import { cookieOf, sessionCookie, setCookie } from "./cookies.ts";
import { findToken } from "./operator-tokens.ts";
import { type Session, Sessions } from "./sessions.ts";

/** Whoever is on this machine, where nobody has to sign in. */
const local: Actor = { name: "local", role: "admin" };

/** Who a request or a socket comes from. */
export type Caller =
  | { readonly tag: "actor"; readonly actor: Actor; readonly session: Session | null }
  | { readonly tag: "nobody"; readonly state: "signed-out" | "expired" };

export const signedOut: Caller = { tag: "nobody", state: "signed-out" };

/** Who is signed in. One for the whole console: HTTP and socket ask the same. */
export class Access {
  readonly #config: Pick<ConsoleConfig, "access" | "origin">;
  readonly #sessions: Sessions;
  readonly #whenEnded = new Set<(session: Session) => void>();

  constructor(config: Pick<ConsoleConfig, "access" | "origin">) {
    this.#config = config;
    const { secrets, sessionMs: lifetimeMs } = config.access;
    this.#sessions = new Sessions({ secrets, lifetimeMs });
  }

  /** Nobody has to sign in: this console listens on loopback, and no way to sign in was set up. */
  get isOpen(): boolean {
    const { tokens, oidc } = this.#config.access;
    return tokens.length === 0 && oidc === null;
  }

  async whoIs(request: IncomingMessage): Promise<Caller> {
    if (this.isOpen) return { tag: "actor", actor: local, session: null };
    const reading = await this.#sessions.read(cookieOf(request, sessionCookie(request)));
    if (reading.tag === "session") {
      return { tag: "actor", actor: reading.session.actor, session: reading.session };
    }
    return { tag: "nobody", state: reading.tag === "expired" ? "expired" : "signed-out" };
  }

  view(caller: Caller): SessionView {
    const { tokens, oidc } = this.#config.access;
    const ways = { token: tokens.length > 0, oidc: oidc !== null };
    if (caller.tag === "nobody") {
      return { state: caller.state, actor: null, expiresInMs: null, ways };
    }
    const { actor, session } = caller;
    if (session === null) return { state: "open", actor, expiresInMs: null, ways };
    return { state: "signed-in", actor, expiresInMs: session.endsAtMs - Date.now(), ways };
  }

  /** Null: the token is nobody's. */
  withToken(token: string): Actor | null {
    return findToken(this.#config.access.tokens, token);
  }

  /** @returns the header that signs the browser in. */
  async begin(request: IncomingMessage, actor: Actor): Promise<string> {
    const { value } = await this.#sessions.begin(actor);
    // It outlives the session, so that "it has run out" can be told from "never signed in".
    const maxAgeS = Math.ceil(this.#config.access.sessionMs / 1000) + 86_400;
    return this.#cookie(request, value, maxAgeS);
  }

  /** @returns the header that signs the browser out. */
  end(request: IncomingMessage, session: Session | null): string {
    if (session !== null) {
      this.#sessions.end(session);
      for (const tell of this.#whenEnded) tell(session);
    }
    return this.#cookie(request, "", 0);
  }

  /** Calls `tell` when somebody signs out. */
  onEnd(tell: (session: Session) => void): void {
    this.#whenEnded.add(tell);
  }

  /** As browsers reach this console. */
  originOf(request: IncomingMessage): string {
    return this.#config.origin ?? `http://${request.headers.host ?? ""}`;
  }

  isSecure(request: IncomingMessage): boolean {
    return this.originOf(request).startsWith("https:");
  }

  #cookie(request: IncomingMessage, value: string, maxAgeS: number): string {
    const isSecure = this.isSecure(request);
    const options = { path: "/", maxAgeS, sameSite: "Strict", isSecure } as const;
    return setCookie(sessionCookie(request), value, options);
  }
}
