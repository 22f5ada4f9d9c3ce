import { createServer } from "node:http";
import { io, type Socket } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Actions } from "../audit/actions.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { AuditReader } from "../audit/audit-reader.ts";
import { Lab } from "../lab/lab.ts";
import { type ConsoleConfig, readConfig } from "../relay/config.ts";
import { Gateway } from "../relay/gateway.ts";
import { Guard } from "../relay/guard.ts";
import { answerApi } from "../relay/http-api.ts";
import { Hub } from "../relay/hub.ts";
import type { Log } from "../relay/log.ts";
import { Recorder } from "../tape/recorder.ts";
import { Tape } from "../tape/tape.ts";
import { everyCommand } from "../testing/every-command.ts";
import type { AuditPage } from "../wire/audit-view.ts";
import { Access } from "./access.ts";
import { SessionApi } from "./session-api.ts";

const tokens =
  "sam:viewer:sams-token-0123456789,ana:operator:anas-token-0123456789,mira:chaos:miras-token-012345";
let logged: string[] = [];
const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  logged = [];
  for (const close of closers.splice(0).reverse()) await close();
});

/** A console without nodes: what is refused never gets that far. */
async function startConsole(env: Record<string, string> = {}): Promise<string> {
  const config: ConsoleConfig = readConfig({
    LEASEHOLD_NODES: "http://127.0.0.1:1",
    LEASEHOLD_CONSOLE_TOKENS: tokens,
    ...env,
  });
  const quiet = (): void => undefined;
  const log: Log = (level, message) => void logged.push(`${level}: ${message}`);
  const hub = new Hub(config, quiet);
  const [guard, access] = [new Guard(config), new Access(config)];
  const audit = new AuditLog(null, quiet, 90);
  const actions = new Actions({
    ...{ audit, table: null, tokens: config.tokens, position: () => null },
    tell: (frame) => gateway.tellActed(frame),
  });
  const limits = { keepMs: 60_000, keepBytes: 1_000_000 };
  const recorder = new Recorder({ hub, store: null, log: quiet, ...limits });
  const tape = new Tape(recorder.memory, null, quiet);
  const auditReader = new AuditReader(null, audit);
  const sessions = new SessionApi({ access, oidc: null, guard, actions, log });
  const lab = new Lab({ hub, log: quiet, store: null, position: () => null });
  const parts = { hub, guard, access, actions, auditReader, recorder, tape, lab, log };
  const http = createServer((request, response) => {
    if (!sessions.answer(request, response)) answerApi(parts, request, response);
  });
  const gateway = new Gateway(hub, http, guard, access);
  gateway.start();
  closers.push(() => gateway.stop());
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  return `http://127.0.0.1:${address.port}`;
}

const headers = { "content-type": "application/json", "leasehold-console": "1" };

async function ask(url: string, method: string, path: string, body?: unknown, cookie = "") {
  const response = await fetch(url + path, {
    method,
    headers: { ...headers, ...(cookie === "" ? {} : { cookie }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function signIn(url: string, token: string): Promise<string> {
  const answer = await ask(url, "POST", "/api/session", { token });
  expect(answer.status).toBe(200);
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

function listen(url: string, cookie = "") {
  const socket: Socket = io(url, {
    path: "/relay",
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
    extraHeaders: { cookie },
  });
  closers.push(() => socket.close());
  const heard: [string, unknown][] = [];
  socket.onAny((name, given) => heard.push([name, given]));
  const refused = new Promise<{ readonly data?: { readonly code: string } }>((resolve) =>
    socket.on("connect_error", (error) => resolve(error as Error & { data?: { code: string } })),
  );
  const closed = new Promise<string>((resolve) => socket.on("disconnect", resolve));
  const frame = (name: string): unknown => heard.find(([it]) => it === name)?.[1];
  return { socket, heard, refused, closed, frame };
}

describe("signing in", () => {
  test("gives a cookie that scripts cannot read and other sites cannot use", async () => {
    const url = await startConsole();
    const token = "anas-token-0123456789";
    const answer = await ask(url, "POST", "/api/session", { token });
    expect(answer.body).toMatchObject({ state: "signed-in", actor: { name: "ana" } });
    const cookie = answer.headers.get("set-cookie");
    expect(cookie).toMatch(/^leasehold_session_\d+=\S+; Path=\/; .*HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token);
    const origin = { LEASEHOLD_CONSOLE_ORIGIN: "https://console.example" };
    const behind = await ask(await startConsole(origin), "POST", "/api/session", { token });
    expect(behind.headers.get("set-cookie")).toMatch(/; Secure$/);
  });

  test("with a wrong token is refused, and after ten tries for a while with any", async () => {
    const url = await startConsole();
    for (let at = 0; at < 10; at++) {
      const { status, body } = await ask(url, "POST", "/api/session", { token: `wrong ${at}` });
      expect([status, body.code]).toEqual([401, "TOKEN_WRONG"]);
    }
    const token = "anas-token-0123456789";
    const { status, body } = await ask(url, "POST", "/api/session", { token });
    expect([status, body.code]).toEqual([429, "RATE_LIMITED"]);
  });

  test("takes no more than a token", async () => {
    const answer = await ask(await startConsole(), "POST", "/api/session", {
      token: "x".repeat(5000),
    });
    expect([answer.status, answer.body.code]).toEqual([413, "BODY_TOO_LARGE"]);
  });
});

describe("HTTP", () => {
  test("whoever reads too much waits, and nobody else does", async () => {
    const url = await startConsole();
    const [greedy, other] = [
      await signIn(url, "anas-token-0123456789"),
      await signIn(url, "sams-token-0123456789"),
    ];
    const look = (cookie: string) => ask(url, "GET", "/api/entity", undefined, cookie);
    const codes: string[] = [];
    while (codes.length < 2_000 && codes.at(-1) !== "RATE_LIMITED") {
      codes.push((await look(greedy)).body.code);
    }
    expect(codes.at(-1)).toBe("RATE_LIMITED");
    expect(codes.length).toBeGreaterThan(400);
    expect((await look(other)).body.code).toBe(codes[0]);
    expect((await ask(url, "GET", "/api/healthz")).status).toBe(200);
  });

  test("nobody reads or acts without a session", async () => {
    const url = await startConsole();
    for (const path of [
      "/api/daemons",
      "/api/entity?type=a&id=b",
      "/api/audit",
      "/api/tape/state",
    ]) {
      expect((await ask(url, "GET", path)).body, path).toMatchObject({ code: "SIGN_IN_REQUIRED" });
    }
    const act = await ask(url, "POST", "/api/command", { kind: "heal-all" });
    expect([act.status, act.body.code]).toEqual([401, "SIGN_IN_REQUIRED"]);
    expect((await ask(url, "GET", "/api/healthz")).status).toBe(200);
  });

  test("a viewer reads everything and does nothing, and each try is written down", async () => {
    const url = await startConsole();
    const sam = await signIn(url, "sams-token-0123456789");
    for (const command of everyCommand) {
      const { status, body } = await ask(url, "POST", "/api/command", command, sam);
      expect([status, body.code, body.executed], command.kind).toEqual([
        403,
        "ROLE_REQUIRED",
        "no",
      ]);
    }
    const load = await ask(url, "PUT", "/api/load", { targetPerSecond: 5 }, sam);
    expect(load.status).toBe(403);
    expect((await ask(url, "POST", "/api/anything", {}, sam)).status).toBe(403);
    const { body } = await ask(url, "GET", "/api/audit?actor=sam", undefined, sam);
    const refused = (body as AuditPage).actions.filter((it) => it.outcome?.result === "refused");
    expect(refused).toHaveLength(everyCommand.length + 2);
    expect(refused.every((it) => it.role === "viewer")).toBe(true);
  });

  test("an operator sets no fault, and whoever may gets as far as the cluster", async () => {
    const url = await startConsole();
    const fault = { kind: "fault", nodeId: "node-1", fault: { kind: "pause", ttlMs: 1000 } };
    const ana = await signIn(url, "anas-token-0123456789");
    expect((await ask(url, "POST", "/api/command", fault, ana)).body.code).toBe("ROLE_REQUIRED");
    const mira = await signIn(url, "miras-token-012345");
    expect((await ask(url, "POST", "/api/command", fault, mira)).body.code).toBe("NODE_UNKNOWN");
  });

  test("a session that has run out is told from none", async () => {
    const url = await startConsole({ LEASEHOLD_CONSOLE_SESSION_MS: "1000" });
    const sam = await signIn(url, "sams-token-0123456789");
    await vi.waitFor(async () => {
      const answer = await ask(url, "POST", "/api/command", { kind: "heal-all" }, sam);
      expect([answer.status, answer.body.code]).toEqual([401, "SESSION_EXPIRED"]);
    }, 5000);
  });

  test("a failure of the console's own is answered, and stands in its log", async () => {
    const url = await startConsole();
    const sam = await signIn(url, "sams-token-0123456789");
    vi.spyOn(AuditReader.prototype, "page").mockRejectedValueOnce(new Error("broken"));
    const { status, body } = await ask(url, "GET", "/api/audit", undefined, sam);
    expect([status, body.code, body.detail]).toEqual([500, "CONSOLE_FAILED", "broken"]);
    vi.spyOn(Access.prototype, "withToken").mockImplementationOnce(() => {
      throw new Error("broken");
    });
    const signedIn = await ask(url, "POST", "/api/session", { token: "any" });
    expect([signedIn.status, signedIn.body.code]).toEqual([500, "CONSOLE_FAILED"]);
    expect(logged).toEqual(["error: request failed", "error: sign-in failed"]);
  });

  test("another site's page is refused, signed in or not, and that is written down", async () => {
    const url = await startConsole();
    const ana = await signIn(url, "anas-token-0123456789");
    const response = await fetch(`${url}/api/command`, {
      method: "POST",
      headers: { ...headers, cookie: ana, origin: "http://evil.example" },
      body: JSON.stringify({ kind: "heal-all" }),
    });
    expect(response.status).toBe(403);
    const { body } = await ask(url, "GET", "/api/audit?actor=ana", undefined, ana);
    expect(body.actions[0]).toMatchObject({ outcome: { code: "REQUEST_REFUSED" } });
  });
});

describe("the socket", () => {
  test("is closed to who is not signed in, with the reason", async () => {
    const { refused, heard } = listen(await startConsole());
    expect((await refused).data).toEqual({ code: "SIGN_IN_REQUIRED" });
    expect(heard).toEqual([]);
  });

  test("says who one is, and ends with the session", async () => {
    const url = await startConsole({ LEASEHOLD_CONSOLE_SESSION_MS: "2000" });
    const page = listen(url, await signIn(url, "sams-token-0123456789"));
    expect(await page.closed).toBe("io server disconnect");
    expect(page.frame("you")).toMatchObject({ name: "sam", role: "viewer", isOpen: false });
    expect(page.frame("ended")).toEqual({ reason: "expired" });
  });

  test("ends with a sign-out, on every tab of that session and on no other", async () => {
    const url = await startConsole();
    const sam = await signIn(url, "sams-token-0123456789");
    const tabs = [listen(url, sam), listen(url, sam)];
    const other = listen(url, await signIn(url, "anas-token-0123456789"));
    for (const it of [...tabs, other])
      await vi.waitFor(() => expect(it.frame("you")).toBeDefined());
    await ask(url, "DELETE", "/api/session", undefined, sam);
    for (const it of tabs) {
      await it.closed;
      expect(it.frame("ended")).toEqual({ reason: "signed-out" });
    }
    expect(other.socket.connected).toBe(true);
    expect((await listen(url, sam).refused).data).toEqual({ code: "SIGN_IN_REQUIRED" });
  });

  test("takes nothing from browsers: one that talks is cut, and the others hear on", async () => {
    const url = await startConsole();
    const ana = await signIn(url, "anas-token-0123456789");
    const quiet = listen(url, ana);
    const loud = listen(url, ana);
    await vi.waitFor(() => expect(quiet.frame("you")).toBeDefined());
    await vi.waitFor(() => expect(loud.frame("you")).toBeDefined());
    for (const garbage of [
      null,
      { kind: "heal-all" },
      "x".repeat(1000),
      [[]],
      7,
      Buffer.alloc(9),
    ]) {
      loud.socket.emit("command", garbage, () => undefined);
    }
    await loud.closed;
    const flood = listen(url, ana);
    await vi.waitFor(() => expect(flood.frame("you")).toBeDefined());
    flood.socket.emit("x", "y".repeat(100_000));
    await flood.closed;
    const beats = quiet.heard.filter(([name]) => name === "hb").length;
    await vi.waitFor(
      () => expect(quiet.heard.filter(([name]) => name === "hb").length).toBeGreaterThan(beats),
      3000,
    );
    const { body } = await ask(url, "GET", "/api/audit", undefined, ana);
    expect(body.actions.map((it: { kind: string }) => it.kind)).toEqual(["sign-in"]);
  });
});
