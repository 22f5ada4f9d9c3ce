import { randomBytes } from "node:crypto";
import type {} from "@leasehold/db/testing";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { type Environment, readConfig } from "./config/read-config.ts";
import { Account, Counter, Register } from "./entities/index.ts";
import { type Service, startService } from "./service.ts";

/** Two services over the real library and a real server. The ttl is 1 s. */
const cluster = `service-${randomBytes(4).toString("hex")}`;
const services: Service[] = [];

const start = async (nodeId: string, more: Environment = {}): Promise<Service> => {
  const env = {
    DATABASE_URL: inject("databaseUrl"),
    LEASEHOLD_CLUSTER: cluster,
    LEASEHOLD_NODE_ID: nodeId,
    LEASEHOLD_PORT: "0",
    LEASEHOLD_SHARDS: "16",
    LEASEHOLD_LEASE_TTL_MS: "1000",
    LEASEHOLD_FAULTS: "on",
    ...more,
  };
  const config = readConfig(env);
  const log = () => undefined;
  const service = await startService({
    config,
    entities: [Account, Counter, Register],
    daemons: [],
    module: new URL("./entities/index.ts", import.meta.url),
    migrate: true,
    log,
  });
  services.push(service);
  return service;
};

async function call(method: string, base: string, path: string, body?: unknown, key?: string) {
  const headers = {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(key === undefined ? {} : { "idempotency-key": key }),
  };
  const response = await fetch(`${base}${path}`, {
    ...{ method, headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers are checked by what the tests expect of them.
  return { status: response.status, body: (await response.json()) as any };
}

const until = async (what: string, check: () => Promise<boolean>): Promise<void> => {
  await vi.waitFor(async () => expect(await check(), what).toBe(true), {
    timeout: 10_000,
    interval: 50,
  });
};

let one: string;
let two: string;

beforeAll(async () => {
  one = (await start("node-1")).url;
  two = (await start("node-2")).url;
  await until("both nodes own half of the shards", async () => {
    const { body } = await call("GET", one, "/v1/cluster");
    return (
      body.shards.hosted === 16 && body.nodes.every((node: { shards: number }) => node.shards === 8)
    );
  });
}, 30_000);

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
});

describe("two nodes", () => {
  test("answer for one entity, whichever is asked", async () => {
    const first = await call("POST", one, "/v1/entities/counter/c/add", { by: 2 });
    const second = await call("POST", two, "/v1/entities/counter/c/add", { by: 3 });
    expect([first.body.result, second.body.result]).toEqual([2, 5]);
    expect(first.body.servedBy).toEqual(second.body.servedBy);
  });

  const ask = (via: string, entity: string, name: string, body?: unknown, key?: string) =>
    call("POST", via, `/v1/entities/${entity}/${name}`, body, key);

  test("keep a register, whichever is asked, and say its version", async () => {
    const unset = await ask(one, "register/r", "read");
    expect(unset.body).toMatchObject({ result: { value: null }, servedBy: { version: 0 } });
    const written = await ask(two, "register/r", "write", { value: { a: 1 } });
    expect(written.body).toMatchObject({ result: { value: { a: 1 } }, servedBy: { version: 1 } });
    const swapped = await ask(one, "register/r", "cas", { expect: { a: 1 }, value: 2 });
    expect(swapped.body).toMatchObject({
      result: { ok: true, value: 2 },
      servedBy: { version: 2 },
    });
    const refused = await ask(two, "register/r", "cas", { expect: 1, value: 3 });
    expect(refused.body).toMatchObject({ result: { ok: false, value: 2 } });
    expect(refused.body.servedBy.version).toBe(2);
  });

  test("answer the same under one idempotency key, a refusal included", async () => {
    const overdraw = { amount: 5 };
    for (const via of [one, two]) {
      const refused = await ask(via, "account/k", "withdraw", overdraw, "first");
      expect(refused.status).toBe(422);
      expect(refused.body).toMatchObject({
        code: "INSUFFICIENT_FUNDS",
        retryable: false,
        executed: "yes",
      });
      const deposited = await ask(via, "account/k", "deposit", { amount: 9 }, "second");
      expect(deposited.body).toMatchObject({ result: { balance: 9 }, servedBy: { version: 1 } });
    }
    expect((await ask(one, "account/k", "withdraw", overdraw, "third")).body.result).toEqual({
      balance: 4,
    });
  });

  test("refuse an idempotency key with another body", async () => {
    await ask(one, "account/r", "deposit", { amount: 1 }, "k");
    const refused = await ask(two, "account/r", "deposit", { amount: 2 }, "k");
    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED", executed: "no" });
    expect((await ask(one, "account/r", "balance")).body.result).toEqual({ balance: 1 });
  });

  test("take what cannot be stored for a mistake of its sender, and lose nothing by it", async () => {
    const neighbours = [1, 2, 3].map((n) => ask(one, `register/n${n}`, "write", { value: n }));
    const bad = await ask(one, "register/bad", "write", { value: "a\u0000b" });
    expect(bad.body).toMatchObject({ code: "COMMAND_INVALID", executed: "no" });
    expect((await ask(two, "register/bad%00", "read")).body).toMatchObject({
      code: "COMMAND_INVALID",
    });
    expect((await Promise.all(neighbours)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await ask(two, "register/bad", "read")).body.servedBy.version).toBe(0);
  });

  test("move a shard on request, and tell of it", async () => {
    const { body: before } = await call("GET", one, "/v1/shards?owner=node-1&limit=1");
    const [{ group, shard, epoch }] = before.shards;
    const moves = [{ group, shard, to: "node-2" }];
    const { body: plan } = await call("POST", two, "/v1/plans", { kind: "move", moves });
    expect(plan).toMatchObject({ state: "proposed", moves: [{ from: "node-1", to: "node-2" }] });
    await call("POST", two, `/v1/plans/${plan.planId}/apply`);
    await until("the plan is done", async () => {
      const { body } = await call("GET", one, `/v1/plans/${plan.planId}`);
      return body.state === "done";
    });
    const { body: after } = await call("GET", one, `/v1/events?after=${plan.basedOnSeq}`);
    expect(after.events).toContainEqual(
      expect.objectContaining({
        type: "shard-hosted",
        group,
        shard,
        nodeId: "node-2",
        epoch: epoch + 1,
      }),
    );
  });

  test("still tell what they know while Postgres is away, with its age", async () => {
    const { body: fault } = await call("POST", two, "/v1/faults", {
      kind: "cut-postgres",
      ttlMs: 20_000,
    });
    await until("the copy is old", async () => {
      const { body } = await call("GET", two, "/v1/cluster");
      return body.authorityAgeMs > 500;
    });
    for (const path of [
      "/v1/cluster",
      "/v1/shards",
      "/v1/events",
      "/v1/self",
      "/livez",
      "/metrics",
    ]) {
      expect((await fetch(two + path)).status, path).toBe(200);
    }
    await until("it believes that Postgres is away", async () => {
      const { body } = await call("GET", two, "/v1/self");
      return !body.postgres.reachable;
    });
    await call("DELETE", two, `/v1/faults/${fault.id}`);
    await until("both serve again", async () => {
      const { body } = await call("GET", one, "/v1/cluster");
      const ready = await fetch(`${two}/readyz`);
      return body.shards.hosted === 16 && ready.status === 200;
    });
  });

  test("hand everything over when one leaves", async () => {
    const [, leaving] = services;
    await leaving?.leave();
    const { body } = await call("GET", one, "/v1/shards?owner=node-1&state=hosted");
    expect(body.shards).toHaveLength(16);
    await expect(fetch(`${two}/livez`)).rejects.toThrow("fetch failed");
  });
});

test("a node with lanes has slow Postgres there, too, until the fault ends", async () => {
  const alone = {
    LEASEHOLD_CLUSTER: `${cluster}-lanes`,
    LEASEHOLD_LANES: "2",
    LEASEHOLD_LEASE_TTL_MS: "5000",
  };
  const { url } = await start("node-1", alone);
  const deposit = async (id: string): Promise<number> => {
    const startMs = performance.now();
    const { status } = await call("POST", url, `/v1/entities/account/${id}/deposit`, { amount: 1 });
    expect(status).toBe(200);
    return performance.now() - startMs;
  };
  // Of both lanes.
  const ids = Array.from({ length: 8 }, (_, index) => `a${index}`);
  await until("it serves", async () => (await call("GET", url, "/readyz")).status === 200);
  await Promise.all(ids.map(deposit));
  const delayMs = 400;
  const slow = await call("POST", url, "/v1/faults", { kind: "slow-postgres", delayMs });
  expect(slow.status).toBe(200);
  for (const tookMs of await Promise.all(ids.map(deposit)))
    expect(tookMs).toBeGreaterThanOrEqual(delayMs - 5);
  await call("DELETE", url, "/v1/faults");
  for (const tookMs of await Promise.all(ids.map(deposit))) expect(tookMs).toBeLessThan(delayMs);
}, 30_000);
