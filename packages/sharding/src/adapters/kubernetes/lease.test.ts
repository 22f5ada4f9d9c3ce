import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LeaseRecords } from "../../ports/lease.ts";
import { RecordLease } from "../../runtime/record-lease.ts";
import { leaseContract } from "../../testkit/contracts/lease.ts";
import { waitUntil } from "../../testkit/contracts/wait-until.ts";
import { systemClock } from "../system-clock.ts";
import { ApiServer } from "./fixtures/api-server.ts";
import { KubernetesLeaseRecords } from "./lease-records.ts";

const ttlMs = 1_000;
const at = { namespace: "shop", name: "leasehold" };
const never = new Promise<never>(() => undefined);

leaseContract("Kubernetes", async () => {
  const server = new ApiServer();
  await server.listen();
  // A busy machine answers late; the suite is not about that.
  const patientMs = 2_000;
  return {
    ttlMs: patientMs,
    nowMs: () => systemClock.monotonicMs(),
    until: (sentence, isTrue) => waitUntil(sentence, async () => await isTrue(), 20_000),
    candidate: async (holder) => {
      const behind = new KubernetesLeaseRecords(server.client(), at);
      let isCut = false;
      const records: LeaseRecords = {
        read: (...args) => (isCut ? never : behind.read(...args)),
        write: (...args) => (isCut ? never : behind.write(...args)),
      };
      const lease = new RecordLease({
        ...{ records, holder, ttlMs: patientMs, clock: systemClock },
      });
      return {
        lease,
        cut: () => {
          isCut = true;
        },
      };
    },
    close: () => server.close(),
  };
});

describe("a Kubernetes lease", () => {
  let server: ApiServer;
  beforeEach(async () => {
    server = new ApiServer();
    await server.listen();
  });
  afterEach(() => server.close());

  const leaseOf = (holder: string, api = server.client(), lastsMs = ttlMs) => {
    const records = new KubernetesLeaseRecords(api, at);
    return new RecordLease({ records, holder, ttlMs: lastsMs, clock: systemClock });
  };
  const specOf = () => server.lease("leasehold")?.spec;
  const renewals = () => server.requests.filter((request) => request === "PUT leasehold").length;

  it("has the fields that client-go and kubectl read", async () => {
    await (await leaseOf("node-1_life").acquire())?.release();
    await leaseOf("node-2_life").acquire();
    expect(specOf()).toMatchObject({
      ...{ holderIdentity: "node-2_life", leaseDurationSeconds: 1, leaseTransitions: 1 },
      acquireTime: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
      renewTime: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
    });
  });

  it("leaves what others wrote into the object as it was", async () => {
    server.put("leasehold", { holderIdentity: "", strategy: "theirs" });
    const grant = await leaseOf("a").acquire();
    await waitUntil("it is renewed", () => renewals() > 1, 5_000);
    expect(specOf()).toMatchObject({ holderIdentity: "a", strategy: "theirs" });
    await grant?.release();
    expect(specOf()).toMatchObject({ holderIdentity: "", strategy: "theirs" });
  });

  it("is waited for by the duration that its holder wrote, and by no clock but the own one", async () => {
    server.put("leasehold", {
      ...{ holderIdentity: "client-go", leaseDurationSeconds: 2 },
      renewTime: "2001-01-01T00:00:00.000000Z" as never,
    });
    const lease = leaseOf("a");
    const startMs = systemClock.monotonicMs();
    await waitUntil("it was taken", async () => (await lease.acquire()) !== null, 5_000);
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThan(2_000);
    expect(specOf()).toMatchObject({ holderIdentity: "a", leaseTransitions: 1 });
  });

  it("goes to one of two that create it at once", async () => {
    const grants = await Promise.all([leaseOf("a").acquire(), leaseOf("b").acquire()]);
    expect(grants.filter((grant) => grant !== null)).toHaveLength(1);
    expect(server.requests.filter((request) => request === "POST")).toHaveLength(2);
  });

  it.each([
    ["somebody else has written it", { holderIdentity: "b", leaseDurationSeconds: 1 }],
    ["it was deleted", null],
  ])("is lost at the next renewal when %s", async (_why, spec) => {
    const grant = await leaseOf("a").acquire();
    const losses: string[] = [];
    grant?.onLost((why) => losses.push(why));
    server.put("leasehold", spec);
    await waitUntil("it is lost", () => losses.length > 0, 5_000);
    expect(losses).toEqual(["somebody else has written its record"]);
    expect(grant?.checkAlive()).toBe(false);
    expect(specOf()?.holderIdentity).toBe(spec?.holderIdentity);
  });

  it.each([
    ["connections are dropped after the write", "done, connection dropped"],
    ["answers do not come though the write was done", "done, never answered"],
    ["the server is overloaded", { status: 503 }],
  ] as const)("outlives a while in which %s", async (_what, fate) => {
    // What is left of it when a renewal has failed is enough for a busy machine.
    const grant = await leaseOf("a", server.client(), 3 * ttlMs).acquire();
    server.let("PUT", fate);
    await waitUntil("a renewal has failed", () => renewals() > 0, 5_000);
    const failed = renewals();
    server.let("PUT", null);
    await waitUntil("it was renewed again", () => renewals() > failed + 1, 10_000);
    expect(grant?.checkAlive()).toBe(true);
    expect(specOf()).toMatchObject({ holderIdentity: "a", leaseTransitions: 0 });
    await grant?.release();
  });

  it("ends at its deadline, counted from the last renewal that was sent, when answers stop", async () => {
    const sentMs = systemClock.monotonicMs();
    const grant = await leaseOf("a").acquire();
    server.let("PUT", "swallowed");
    const losses: string[] = [];
    grant?.onLost((why) => losses.push(why));
    await waitUntil("it is lost", () => losses.length > 0, 5_000);
    expect(losses).toEqual(["it was not renewed in time"]);
    expect(systemClock.monotonicMs() - sentMs).toBeGreaterThanOrEqual(0.9 * ttlMs - 1);
    expect(systemClock.monotonicMs() - sentMs).toBeLessThan(1.5 * ttlMs);
  });

  it("is not taken where nobody may read it, and the caller hears why", async () => {
    await expect(leaseOf("a", server.client("wrong")).acquire()).rejects.toMatchObject({
      code: 401,
    });
    server.let("GET", "swallowed");
    await expect(leaseOf("a").acquire()).rejects.toThrow(/no answer within 333 ms|abort/);
  });

  it("that was taken by a write without an answer is this holder's when it asks again", async () => {
    server.let("POST", "done, connection dropped");
    const lease = leaseOf("a");
    await expect(lease.acquire()).rejects.toThrow();
    server.let("POST", null);
    expect((await lease.acquire())?.checkAlive()).toBe(true);
    expect(specOf()).toMatchObject({ holderIdentity: "a", leaseTransitions: 0 });
  });
});
