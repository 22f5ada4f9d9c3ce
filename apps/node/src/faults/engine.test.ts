import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { readProcStat } from "../proc-stat.ts";

const program = fileURLToPath(new URL("./fixtures/faulty-node.ts", import.meta.url));
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
});

async function startNode(tokens: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ...tokens },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { child, ...(JSON.parse(String(line)) as { url: string; healUrl: string }) };
}

const fault = async (url: string, kind: string, ttlMs: number) => {
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ kind, ttlMs }) });
  return (await response.json()) as { id: string; expiresInMs: number };
};
const answersWithin = (url: string, timeoutMs: number): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).then(
    (response) => response.ok,
    () => false,
  );
const listed = async (url: string) =>
  (await (await fetch(url)).json()) as { id: string; kind: string }[];
const heal = (healUrl: string, path = "/faults", headers: Record<string, string> = {}) =>
  fetch(healUrl + path, { method: "DELETE", headers });

const stateOf = (child: ChildProcess) => readProcStat(child.pid ?? 0)?.state;

describe.skipIf(process.platform !== "linux")("a process with faults on", () => {
  test("answers the request for a freeze, then nobody until its ttl is over", async () => {
    const { url } = await startNode();
    const startedMs = performance.now();
    const { expiresInMs } = await fault(url, "freeze", 800);
    expect(expiresInMs).toBe(800);
    expect(await answersWithin(url, 300)).toBe(false);
    expect(await listed(url), "the freeze is still listed after it ended").toEqual([]);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(790);
  });

  test("ends a freeze at once when the helper is asked to", async () => {
    const { url, healUrl } = await startNode();
    const { id } = await fault(url, "freeze", 60_000);
    expect(await answersWithin(url, 300)).toBe(false);
    expect(await (await heal(healUrl, `/faults/${id}`)).json()).toEqual({ healed: [id] });
    expect(await answersWithin(url, 2_000)).toBe(true);
    expect(
      await (await heal(healUrl, `/faults/${id}`)).json(),
      "healing again is no error",
    ).toEqual({
      healed: [],
    });
  });

  test("is stopped by a pause until the helper is asked to heal it", async () => {
    const { child, url, healUrl } = await startNode();
    const { id } = await fault(url, "pause", 60_000);
    await expect.poll(() => stateOf(child), { message: "not stopped" }).toBe("T");
    const seen = (await (await fetch(`${healUrl}/faults`)).json()) as { faults: { id: string }[] };
    expect(seen.faults.map((one) => one.id)).toEqual([id]);
    await heal(healUrl, "");
    expect(await answersWithin(url, 2_000)).toBe(true);
    await expect.poll(() => listed(url), { message: "still listed" }).toEqual([]);
  });

  test("runs again after a pause's ttl without being asked", async () => {
    const { child, url } = await startNode();
    await fault(url, "pause", 500);
    await expect.poll(() => stateOf(child), { message: "not stopped" }).toBe("T");
    expect(await answersWithin(url, 5_000)).toBe(true);
  });

  test("is gone after a crash, and its helper with it", async () => {
    const { child, url, healUrl } = await startNode();
    const exited = once(child, "exit");
    await fault(url, "crash", 1_000);
    expect(await exited).toEqual([null, "SIGKILL"]);
    await expect
      .poll(() => answersWithin(`${healUrl}/faults`, 500), { message: "helper left" })
      .toBe(false);
  });

  test("leaves no helper behind when it is killed while paused", async () => {
    const { child, url, healUrl } = await startNode();
    await fault(url, "pause", 60_000);
    await expect.poll(() => stateOf(child), { message: "not stopped" }).toBe("T");
    child.kill("SIGKILL");
    await expect
      .poll(() => answersWithin(`${healUrl}/faults`, 500), { message: "helper left" })
      .toBe(false);
  });

  test("heals only for operators and those above them, where it has tokens", async () => {
    const { url, healUrl } = await startNode({
      LEASEHOLD_TOKEN: "secret",
      LEASEHOLD_TOKEN_VIEWER: "looks-only",
      LEASEHOLD_TOKEN_OPERATOR: "operates",
    });
    await fault(url, "freeze", 60_000);
    expect((await heal(healUrl)).status).toBe(401);
    const as = (token: string) => ({ authorization: `Bearer ${token}` });
    expect((await heal(healUrl, "/faults", as("wrong"))).status).toBe(401);
    expect((await heal(healUrl, "/faults", as("looks-only"))).status).toBe(403);
    const list = await fetch(`${healUrl}/faults`, { headers: as("looks-only") });
    expect(list.status).toBe(200);
    expect(await answersWithin(url, 300)).toBe(false);
    expect((await heal(healUrl, "/faults", as("operates"))).status).toBe(200);
    expect(await answersWithin(url, 2_000)).toBe(true);
    expect((await heal(healUrl, "/faults", as("secret"))).status).toBe(200);
  });

  test("refuses a foreign Origin where it has no token", async () => {
    const { healUrl } = await startNode();
    expect((await heal(healUrl, "/faults", { origin: "http://evil.example" })).status).toBe(403);
  });
});
