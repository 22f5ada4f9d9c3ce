import type { AskAnswer } from "@leasehold/sharding/client";
import { OverloadedError } from "@leasehold/sharding/client";
import { afterEach, describe, expect, test } from "vitest";
import { type LoadEndpoint, openLoadEndpoint } from "./load-endpoint.ts";
import { LoadStats } from "./load-stats.ts";
import { SampleLoad } from "./sample-load.ts";

const answer: AskAnswer = {
  result: 1,
  servedBy: { nodeId: "node-1", incarnation: "i", group: "default", shard: 1, epoch: 1 },
};
const clientThat = (ask: () => Promise<AskAnswer>) => ({ ask });

let load: SampleLoad | undefined;
let endpoint: LoadEndpoint | undefined;
afterEach(() => {
  load?.stop();
  endpoint?.close();
});

describe("the sample load", () => {
  test("sends about as many commands as it was told to", async () => {
    load = new SampleLoad(
      clientThat(async () => answer),
      1_000,
    );
    const startedMs = performance.now();
    load.start();
    await expect.poll(() => load?.report().ok, { message: "500 commands" }).toBeGreaterThan(500);
    const expected = performance.now() - startedMs;
    expect(load.report().ok).toBeGreaterThan(expected * 0.7);
    expect(load.report().ok).toBeLessThan(expected * 1.3);
  });

  test("leaves out what would be too much in flight, and says so", async () => {
    load = new SampleLoad(
      clientThat(() => new Promise(() => undefined)),
      2_000,
    );
    load.start();
    await expect
      .poll(() => load?.report().skipped, { message: "commands left out" })
      .toBeGreaterThan(0);
    expect(load.report().inFlight).toBe(512);
  });

  test("counts failures by their code", async () => {
    load = new SampleLoad(
      clientThat(async () => {
        throw new OverloadedError("full");
      }),
      500,
    );
    load.start();
    await expect.poll(() => load?.report().failed, { message: "a failure" }).toBeGreaterThan(0);
    expect(Object.keys(load.report().failedByCode)).toEqual(["OVERLOADED"]);
  });

  test("is read and steered over HTTP by who has the token", async () => {
    load = new SampleLoad(
      clientThat(async () => answer),
      0,
    );
    endpoint = await openLoadEndpoint(load, "secret", null);
    const { url } = endpoint;
    const ask = (method: string, body?: string, token = "secret") =>
      fetch(url, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body ? { body } : {}),
      });
    expect((await ask("GET", undefined, "wrong")).status).toBe(401);
    expect((await ask("PUT", `{"targetPerSecond":120}`)).status).toBe(200);
    expect(await (await ask("GET")).json()).toMatchObject({
      targetPerSecond: 120,
      ratePerSecond: 0,
      ok: 0,
      failed: 0,
      p50Ms: null,
    });
    for (const body of [
      `{"targetPerSecond":2001}`,
      `{"targetPerSecond":-1}`,
      `{"targetPerSecond":"9"}`,
      "{",
      "[]",
    ]) {
      expect((await ask("PUT", body)).status, body).toBe(422);
    }
    expect(load.report().targetPerSecond).toBe(120);
  });

  test("restarts the launcher's own Postgres, and nobody else's", async () => {
    load = new SampleLoad(
      clientThat(async () => answer),
      0,
    );
    let restarts = 0;
    for (const restart of [null, async () => void restarts++]) {
      endpoint = await openLoadEndpoint(load, "secret", restart);
      const url = `${endpoint.url}postgres`;
      const headers = { authorization: "Bearer secret" };
      expect((await fetch(url, { method: "POST" })).status).toBe(401);
      expect(await (await fetch(url, { headers })).json()).toEqual({ isOwn: restart !== null });
      const asked = await fetch(url, { method: "POST", headers });
      expect(asked.status).toBe(restart === null ? 409 : 200);
      endpoint.close();
    }
    expect(restarts).toBe(1);
  });
});

describe("the load's report", () => {
  test("looks three seconds back", () => {
    const stats = new LoadStats();
    for (let index = 1; index <= 300; index++) stats.succeeded(1_000 + index, index);
    const now = { targetPerSecond: 100, inFlight: 0 };
    expect(stats.report(2_000, now)).toMatchObject({
      ratePerSecond: 100,
      p50Ms: 151,
      p99Ms: 298,
      ok: 300,
    });
    expect(stats.report(9_000, now)).toMatchObject({ ratePerSecond: 0, p50Ms: null, ok: 300 });
  });
});
