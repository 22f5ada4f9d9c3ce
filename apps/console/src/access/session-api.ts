import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { Actions } from "../audit/actions.ts";
import { tooMany } from "../audit/refusals.ts";
import type { Guard } from "../relay/guard.ts";
import type { Log } from "../relay/log.ts";
import type { NodeAnswer } from "../relay/node-http.ts";
import { BodyTooLargeError, readJson } from "../relay/read-json.ts";
import type { Problem } from "../wire/commands.ts";
import {
  type Actor,
  oidcCallbackPath,
  oidcPath,
  type SignInProblem,
} from "../wire/session-view.ts";
import { type Access, type Caller, signedOut } from "./access.ts";
import { cookieOf, flowCookie, setCookie } from "./cookies.ts";
import { flowLifetimeS, type Oidc } from "./oidc.ts";
import { RateLimit } from "./rate-limit.ts";

/** Longer than any token. @unit bytes */
const bodyLimit = 4096;
const signIn = z.object({ token: z.string().min(1) });

export interface SessionParts {
  readonly access: Access;
  readonly oidc: Oidc | null;
  readonly guard: Guard;
  readonly actions: Actions;
  readonly log: Log;
}

/** Signing in and out. One for the console: it counts attempts. */
export class SessionApi {
  readonly #parts: SessionParts;
  readonly #attempts = new RateLimit({ burst: 10, everyMs: 6000 });

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** @returns whether the request was for here. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const route = this.#routeOf(path);
    if (route === null) return false;
    route(request, response).catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error);
      if (error instanceof BodyTooLargeError) {
        const title = "The body is too large.";
        return sendProblem(response, { status: 413, code: "BODY_TOO_LARGE", title, detail });
      }
      this.#parts.log("error", "sign-in failed", { path, error: detail });
      const title = "The console failed.";
      sendProblem(response, { status: 500, code: "CONSOLE_FAILED", title, detail });
    });
    return true;
  }

  #routeOf(path: string) {
    if (path === "/api/session") return this.#session;
    if (path === oidcPath) return this.#leave;
    return path === oidcCallbackPath ? this.#comeBack : null;
  }

  readonly #session = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { guard, access } = this.#parts;
    const isRead = request.method === "GET";
    const reason = isRead ? guard.refuse(request) : guard.refuseMutation(request);
    if (reason !== null) return sendProblem(response, { ...foreign, detail: reason });
    const caller = await access.whoIs(request);
    switch (request.method) {
      case "GET":
        return send(response, 200, access.view(caller));
      case "POST":
        return await this.#withToken(request, response);
      case "DELETE": {
        const session = caller.tag === "actor" ? caller.session : null;
        const header = access.end(request, session);
        return send(response, 200, access.view(signedOut), { "set-cookie": header });
      }
      default:
        return sendProblem(response, { status: 405, code: "METHOD_NOT_ALLOWED", title: "No." });
    }
  };

  async #withToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { access, actions } = this.#parts;
    const asked = askedOf(request, signedOut, "token");
    const waitMs = this.#attempts.take(asked.address);
    if (waitMs > 0) return sendRefusal(response, actions.refuse(asked, tooMany(waitMs)));
    const given = signIn.safeParse(await readJson(request, bodyLimit));
    const actor = given.success ? access.withToken(given.data.token) : null;
    if (actor === null) return sendRefusal(response, actions.refuse(asked, wrongToken));
    const header = await this.#begin(request, actor, "token");
    const view = access.view({ tag: "actor", actor, session: null });
    send(response, 200, { ...view, state: "signed-in" }, { "set-cookie": header });
  }

  /** To the issuer. What has to come back with the browser waits in a cookie. */
  readonly #leave = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { guard, access, oidc, actions } = this.#parts;
    const reason = guard.refuse(request);
    if (reason !== null) return sendProblem(response, { ...foreign, detail: reason });
    const to = placeIn(new URL(request.url ?? "", "http://console").searchParams.get("to"));
    const asked = askedOf(request, signedOut, "oidc");
    const waitMs = this.#attempts.take(asked.address);
    if (waitMs > 0) {
      actions.refuse(asked, tooMany(waitMs));
      return backToSignIn(response, "too-many", to);
    }
    const left = await oidc?.leave(this.#callbackOf(request), to);
    if (left === undefined || left === null) return backToSignIn(response, "unreachable", to);
    const cookie = setCookie(flowCookie(request), left.value, {
      path: oidcCallbackPath,
      maxAgeS: flowLifetimeS,
      sameSite: "Lax",
      isSecure: access.isSecure(request),
    });
    response.writeHead(302, { location: left.url, "set-cookie": cookie, ...noStore }).end();
  };

  readonly #comeBack = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const { access, oidc, actions } = this.#parts;
    const url = new URL(this.#callbackOf(request));
    url.search = new URL(request.url ?? "", "http://console").search;
    const back = await oidc?.comeBack(url, cookieOf(request, flowCookie(request)));
    if (back === undefined || !back.ok) {
      const problem = back?.problem ?? "refused";
      const title = `The sign-in came back without one: ${problem}.`;
      const asked = askedOf(request, signedOut, "oidc");
      actions.refuse(asked, { status: 403, code: "SIGN_IN_REFUSED", title });
      return backToSignIn(response, problem, "/");
    }
    const header = await this.#begin(request, back.actor, "oidc");
    const gone = setCookie(flowCookie(request), "", {
      path: oidcCallbackPath,
      maxAgeS: 0,
      sameSite: "Lax",
      isSecure: access.isSecure(request),
    });
    // A redirect would still be the issuer's navigation, on which a strict cookie stays at home: this page,
    // which is our own, begins another one.
    const to = escapeHtml(back.to);
    const page = `<!doctype html><title>Signed in</title><meta http-equiv="refresh" content="0;url=${to}"><a href="${to}">Go on</a>`;
    const headers = { "content-type": "text/html; charset=utf-8", "set-cookie": [header, gone] };
    response.writeHead(200, { ...headers, ...noStore }).end(page);
  };

  async #begin(request: IncomingMessage, actor: Actor, way: string): Promise<string> {
    const { access, actions } = this.#parts;
    const caller: Caller = { tag: "actor", actor, session: null };
    const name = { kind: "sign-in", subject: actor.role };
    const answer: NodeAnswer = { ok: true, status: 200, body: null };
    actions.note({ ...askedOf(request, caller, way), name }, answer, "done");
    return await access.begin(request, actor);
  }

  #callbackOf(request: IncomingMessage): string {
    return new URL(oidcCallbackPath, this.#parts.access.originOf(request)).href;
  }
}

const askedOf = (request: IncomingMessage, caller: Caller, way: string) => ({
  caller,
  address: request.socket.remoteAddress ?? "",
  key: null,
  name: { kind: "sign-in", subject: way },
  body: { way },
  before: null,
});

/** Only a place of our own: whoever wrote the address must not choose where a sign-in leads. */
export function placeIn(to: string | null): string {
  const isOwn = to !== null && /^\/(?![/\\])/.test(to) && !to.startsWith("/sign-in/");
  return isOwn ? to : "/";
}

function backToSignIn(response: ServerResponse, problem: SignInProblem, to: string): void {
  const query = new URLSearchParams({ problem, ...(to === "/" ? {} : { to }) });
  response.writeHead(302, { location: `/sign-in?${query}`, ...noStore }).end();
}

const noStore = { "cache-control": "no-store" };

const foreign = { status: 403, code: "REQUEST_REFUSED", title: "The console refused." };

const wrongToken: Problem = {
  status: 401,
  code: "TOKEN_WRONG",
  title: "That is nobody's token.",
  detail: "Whoever runs this console gave each operator one.",
  retryable: false,
  executed: "no",
};

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type, ...noStore, ...headers });
  response.end(JSON.stringify(body));
}

const sendProblem = (response: ServerResponse, problem: Problem): void =>
  send(response, problem.status, problem);

function sendRefusal(response: ServerResponse, answer: NodeAnswer): void {
  if (!answer.ok) sendProblem(response, answer.problem);
}
