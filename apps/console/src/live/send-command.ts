import type { AuditPage } from "../wire/audit-view.ts";
import {
  actionHeader,
  type Command,
  commandHeader,
  type LoadTarget,
  type Problem,
} from "../wire/commands.ts";
import type { DaemonsView } from "../wire/daemons-view.ts";
import type { EntityView } from "../wire/entity-view.ts";
import type { SessionView } from "../wire/session-view.ts";
import { ActionKeys } from "./action-keys.ts";
import { session } from "./session.ts";
import { live } from "./use-live.ts";

export type Outcome<T> =
  | { readonly ok: true; readonly body: T }
  | { readonly ok: false; readonly problem: Problem };

const keys = new ActionKeys<Outcome<unknown>>();

/**
 * Asks the console's server to carry out a command. Never throws: a lost answer is a problem too. The same
 * command twice at once is one action; one that meets an ended session waits for the sign-in.
 */
export function sendCommand<T = unknown>(command: Command): Promise<Outcome<T>> {
  // Buttons are off in the past; this is for the press that was under way when the past came.
  const isPast = live.store.getState().moment !== null;
  const heals = command.kind === "heal-all";
  if (isPast && !heals) return Promise.resolve({ ok: false, problem: inThePast });
  return act("POST", "/api/command", command, heals);
}

const inThePast: Problem = {
  title: "The page shows the past.",
  status: 409,
  code: "HISTORICAL",
  detail: "Nothing was asked of the cluster. Return to live to act.",
  executed: "no",
};

export const readLoad = (): Promise<Outcome<LoadTarget>> => call("GET", "/api/load");

export const writeLoad = (target: LoadTarget): Promise<Outcome<LoadTarget>> =>
  act("PUT", "/api/load", target);

/** @param query of the address, as `entityQuery` makes it. */
export const readEntity = (query: string): Promise<Outcome<EntityView>> =>
  call("GET", `/api/entity?${query}`);

export const readDaemons = (): Promise<Outcome<DaemonsView>> => call("GET", "/api/daemons");

export const readSession = (): Promise<Outcome<SessionView>> => call("GET", "/api/session");

export const signIn = (token: string): Promise<Outcome<SessionView>> =>
  call("POST", "/api/session", { token });

export const signOut = (): Promise<Outcome<SessionView>> => call("DELETE", "/api/session");

/** @param query of the address. */
export const readAudit = (query: string): Promise<Outcome<AuditPage>> =>
  call("GET", `/api/audit?${query}`);

/**
 * One request that changes something. The same one twice at once is one action; one that meets an ended
 * session waits for the sign-in.
 *
 * @param isNewEachTime as `ActionKeys.once` has it.
 */
export function act<T>(
  method: string,
  path: string,
  body: unknown,
  isNewEachTime = false,
): Promise<Outcome<T>> {
  const pressed = keys.once(
    [path, body],
    async (key) => {
      let outcome = await call(method, path, body, key);
      while (needsSignIn(outcome) && (await session.ask(endedBy(outcome)))) {
        outcome = await call(method, path, body, key);
      }
      return outcome;
    },
    (it) => !it.ok && it.problem.status === 0,
    isNewEachTime,
  );
  return pressed as Promise<Outcome<T>>;
}

const needsSignIn = (it: Outcome<unknown>): boolean => !it.ok && it.problem.status === 401;

const endedBy = (it: Outcome<unknown>): "expired" | "signed-out" =>
  !it.ok && it.problem.code === "SESSION_EXPIRED" ? "expired" : "signed-out";

/** One request to the console's own server. */
export async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  key?: string,
): Promise<Outcome<T>> {
  try {
    const response = await fetch(path, {
      method,
      headers: {
        "content-type": "application/json",
        [commandHeader]: "1",
        ...(key === undefined ? {} : { [actionHeader]: key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    return response.ok
      ? { ok: true, body: answer as T }
      : { ok: false, problem: answer as Problem };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return {
      ok: false,
      problem: { title: "The console did not answer.", status: 0, code: "NO_ANSWER", detail },
    };
  }
}

/** What a toast says about a failure: the title, then the detail where it adds something. */
export const problemText = ({ title, detail, code }: Problem): string =>
  detail === undefined || detail === title ? `${title} (${code})` : `${title} ${detail}`;
