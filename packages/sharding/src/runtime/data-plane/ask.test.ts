import { describe, expect, it } from "vitest";
import { shardOf } from "../../core/hash.ts";
import type { ShardRef } from "../../core/ids.ts";
import { HandExecutor, Mesh, type PairedNode } from "../../testkit/data-plane-pair.ts";
import type { AskCall, AskPorts, AskResult } from "./ask.ts";

const shards = 8;
const ref: ShardRef = { group: "default", shard: shardOf("default", "cart", "c-1", shards) };
const call = (input: unknown, more: Partial<AskCall> = {}): AskCall => ({
  group: "default",
  shards,
  namespace: "default",
  type: "cart",
  id: "c-1",
  command: "add",
  input,
  deadlineMs: 1000,
  ...more,
});

/** Two nodes; `home` serves the shard at epoch 1, and both logs say so. */
function pair(limits?: AskPorts["limits"]) {
  const mesh = new Mesh<HandExecutor>();
  const home = mesh.join("home", new HandExecutor(), limits);
  const sender = mesh.join("sender", new HandExecutor(), limits);
  home.hosts(ref, "serving", 1);
  for (const node of [home, sender]) node.moves(ref, home.self, 1);
  return { mesh, home, sender, clock: mesh.clock };
}

/** How an ask ended, or "open". */
function watch(asked: Promise<AskResult>): { end: unknown } {
  const watched: { end: unknown } = { end: "open" };
  asked.then(
    (result) => {
      watched.end = result.result;
    },
    (error: { code: string }) => {
      watched.end = error.code;
    },
  );
  return watched;
}
const ask = (node: PairedNode, input: unknown, more?: Partial<AskCall>) =>
  watch(node.plane.ask(call(input, more)));
/** Promise callbacks run; no time passes. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("an ask", () => {
  it("is answered by the shard's home, with who served it under which epoch", async () => {
    const { mesh, home, sender } = pair();
    home.executor.echoes = true;
    const asked = sender.plane.ask(call(7));
    mesh.deliver();
    expect(await asked).toEqual({
      result: 7,
      servedBy: { ...home.self, ...ref, epoch: 1 },
    });
    expect(sender.plane.counters()).toEqual({ requests: 1, failures: 0, forwarded: 1, pending: 0 });
  });

  it("to a shard of its own node does not touch the wire", async () => {
    const { home } = pair();
    home.executor.echoes = true;
    expect((await home.plane.ask(call(7))).result).toBe(7);
    expect(home.outbox).toEqual([]);
    expect(home.plane.counters().forwarded).toBe(0);
  });

  it("to its own node is answered across a lost lease, and what was held follows to the next home", async () => {
    const { mesh, home, sender } = pair();
    const asked = ask(home, 1);
    home.self = { nodeId: "home", incarnation: "home-2" };
    sender.hosts(ref, "serving", 2);
    home.moves(ref, sender.self, 2);
    ask(home, 2);
    mesh.deliver();
    // Request 1 may still run here; its order holds.
    expect(sender.executor.inputs).toEqual([]);
    const error = {
      code: "OUTCOME_UNKNOWN",
      message: "",
      retryable: false,
      executed: "unknown",
    } as const;
    home.executor.answer(home.executor.started[0], { ok: false, error });
    mesh.deliver();
    await settled();
    expect(asked.end).toBe("OUTCOME_UNKNOWN");
    expect(sender.executor.inputs).toEqual([2]);
  });

  it("waits when the log still names this node's former life", () => {
    const { mesh, home } = pair();
    home.self = { nodeId: "home", incarnation: "home-2" };
    ask(home, 1);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([]);
    home.hosts(ref, "serving", 2);
    home.moves(ref, home.self, 2);
    expect(home.executor.inputs).toEqual([1]);
  });

  it("carries the handler's error", async () => {
    const { mesh, home, sender } = pair();
    const asked = ask(sender, 1);
    mesh.deliver();
    const error = {
      code: "OUT_OF_STOCK",
      message: "none left",
      retryable: false,
      executed: "yes",
    } as const;
    home.executor.answer(home.executor.started[0], { ok: false, error });
    mesh.deliver();
    await settled();
    expect(asked.end).toBe("OUT_OF_STOCK");
    expect(sender.plane.counters().failures).toBe(1);
  });

  it("waits for a home, and goes out in order once the log names one", () => {
    const { mesh, home, sender } = pair();
    sender.moves(ref, null, 1);
    for (const n of [1, 2, 3]) ask(sender, n);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([]);
    sender.moves(ref, home.self, 1);
    ask(sender, 4);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1, 2, 3, 4]);
  });

  it("is refused as overloaded, unexecuted, when too much waits for its shard", async () => {
    const { sender } = pair({ heldMessages: 2 });
    sender.moves(ref, null, 1);
    const asked = [1, 2, 3].map((n) => ask(sender, n));
    await settled();
    expect(asked.map((a) => a.end)).toEqual(["open", "open", "OVERLOADED"]);
  });

  it("is refused as overloaded when the queue to its home is full", async () => {
    const { sender } = pair();
    sender.refuses = "full";
    const asked = ask(sender, 1);
    await settled();
    expect(asked.end).toBe("OVERLOADED");
    expect(sender.plane.counters().pending).toBe(0);
  });
});

describe("order", () => {
  it("holds across a handoff: bounced requests go first, then what was held", () => {
    const { mesh, home, sender } = pair();
    const target = mesh.join("target", new HandExecutor());
    for (const n of [1, 2, 3]) ask(sender, n);
    mesh.deliver();
    home.hosts(ref, "draining", 1);
    home.executor.answer(home.executor.started[0], { ok: true, value: 1 });
    for (const n of [1, 2])
      home.executor.answer(home.executor.started[n], { ok: false, bounce: "not-hosting" });
    mesh.deliverOne(home);
    mesh.deliverOne(home);
    ask(sender, 4);
    target.hosts(ref, "serving", 2);
    sender.moves(ref, target.self, 2);
    // Request 3 has not come back yet.
    expect(sender.outbox).toEqual([]);
    mesh.deliver();
    expect(target.executor.inputs).toEqual([2, 3, 4]);
  });

  it("holds when the home opens between two requests of which it bounced the first", () => {
    const { mesh, home, sender, clock } = pair();
    home.hosts(ref, "none", 0);
    ask(sender, 1);
    ask(sender, 2);
    mesh.deliverOne(sender);
    home.hosts(ref, "serving", 1);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([]);
    clock.advance(20);
    mesh.deliver();
    clock.advance(20);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1, 2]);
  });

  it("holds when a handoff is given up while a handler goes on", () => {
    const { mesh, home, sender } = pair();
    for (const n of [1, 2]) ask(sender, n);
    mesh.deliver();
    home.hosts(ref, "draining", 1);
    home.executor.answer(home.executor.started[1], { ok: false, bounce: "not-hosting" });
    home.executor.emit({ tag: "capture-failed", ...ref, epoch: 1, handoffId: "h", why: "stuck" });
    home.hosts(ref, "serving", 2);
    mesh.deliver();
    ask(sender, 3);
    sender.moves(ref, home.self, 2);
    mesh.deliver();
    // Request 1 still runs; the shard is not stopped for it.
    expect(home.executor.inputs).toEqual([1, 2, 2, 3]);
  });

  it("holds when a request reaches a home whose executor may still bounce an earlier one", () => {
    const { mesh, home, sender } = pair();
    for (const n of [1, 2]) ask(sender, n);
    mesh.deliverOne(sender);
    home.hosts(ref, "serving", 2);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1]);
  });
});

describe("a home", () => {
  it("that is behind the request's epoch catches up, and takes the request when asked again", () => {
    const { mesh, home, sender, clock } = pair();
    sender.moves(ref, home.self, 2);
    ask(sender, 1);
    mesh.deliver();
    expect(home.behind).toBe(1);
    expect(sender.behind).toBe(0);
    home.hosts(ref, "serving", 2);
    clock.advance(5);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1]);
  });

  it("that does not host the shard makes its sender catch up", () => {
    const { mesh, home, sender } = pair();
    home.hosts(ref, "none", 1);
    ask(sender, 1);
    mesh.deliver();
    expect(sender.behind).toBe(1);
  });

  it("runs a request of a sender that is behind, under its own epoch", () => {
    const { mesh, home, sender } = pair();
    home.hosts(ref, "serving", 3);
    ask(sender, 1);
    mesh.deliver();
    expect(home.executor.started.map((request) => request.epoch)).toEqual([3]);
  });

  it("parks requests while it starts and runs them in order when it serves", () => {
    const { mesh, home, sender } = pair();
    home.hosts(ref, "starting", 1);
    for (const n of [1, 2]) ask(sender, n);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([]);
    ask(sender, 3);
    home.hosts(ref, "serving", 1);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1, 2, 3]);
  });

  it("sends parked requests back when it does not become the home", () => {
    const { mesh, home, sender } = pair();
    home.hosts(ref, "starting", 1);
    const asked = ask(sender, 1);
    mesh.deliver();
    home.hosts(ref, "none", 1);
    mesh.deliver();
    const target = mesh.join("target", new HandExecutor());
    target.hosts(ref, "serving", 2);
    sender.moves(ref, target.self, 2);
    mesh.deliver();
    expect(target.executor.inputs).toEqual([1]);
    expect(asked.end).toBe("open");
  });

  it("answers overloaded when too much is parked", async () => {
    const { mesh, home, sender } = pair({ parkedMessages: 1 });
    home.hosts(ref, "starting", 1);
    const asked = [ask(sender, 1), ask(sender, 2)];
    mesh.deliver();
    await settled();
    expect(asked.map((a) => a.end)).toEqual(["open", "OVERLOADED"]);
  });

  it("answers a parked request at its deadline and counts it as expired", async () => {
    const { mesh, home, sender, clock } = pair();
    home.hosts(ref, "starting", 1);
    ask(sender, 1, { deadlineMs: 50 });
    mesh.deliver();
    clock.advance(70);
    mesh.deliver();
    expect(home.dropped("request", "expired")).toBe(1);
    expect(sender.plane.counters().pending).toBe(0);
  });

  it("keeps the order of replies when the transport is full for a moment", async () => {
    const { mesh, home, sender, clock } = pair();
    home.executor.echoes = true;
    const asked = [ask(sender, 1), ask(sender, 2)];
    home.refuses = "full";
    mesh.deliver();
    home.refuses = null;
    ask(sender, 3);
    mesh.deliver();
    expect(home.outbox).toEqual([]);
    clock.advance(5);
    mesh.deliver();
    await settled();
    expect(asked.map((a) => a.end)).toEqual([1, 2]);
    expect(sender.plane.counters().pending).toBe(0);
  });
});

describe("deadlines and cancellation", () => {
  it("end a waiting request as not executed", async () => {
    const { mesh, home, sender, clock } = pair();
    sender.moves(ref, null, 1);
    const controller = new AbortController();
    const late = ask(sender, 1, { deadlineMs: 50 });
    const aborted = ask(sender, 2, { signal: controller.signal });
    controller.abort();
    clock.advance(70);
    await settled();
    expect([late.end, aborted.end]).toEqual(["DEADLINE_EXCEEDED", "CANCELLED"]);
    sender.moves(ref, home.self, 1);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([]);
  });

  it("end a sent request as unknown and cancel it at its home", async () => {
    const { mesh, home, sender, clock } = pair();
    const controller = new AbortController();
    const late = ask(sender, 1, { deadlineMs: 50 });
    const aborted = ask(sender, 2, { signal: controller.signal });
    mesh.deliver();
    controller.abort();
    clock.advance(70);
    mesh.deliver();
    await settled();
    expect([late.end, aborted.end]).toEqual(["OUTCOME_UNKNOWN", "OUTCOME_UNKNOWN"]);
    expect(home.executor.cancelled.sort()).toEqual([1, 2]);
  });

  it("leave the slot of a sent request until its home has answered", () => {
    const { mesh, home, sender, clock } = pair();
    const target = mesh.join("target", new HandExecutor());
    ask(sender, 1, { deadlineMs: 50 });
    mesh.deliver();
    clock.advance(70);
    mesh.deliver();
    target.hosts(ref, "serving", 2);
    sender.moves(ref, target.self, 2);
    ask(sender, 2);
    mesh.deliver();
    expect(target.executor.inputs).toEqual([]);
    home.executor.answer(home.executor.started[0], { ok: true, value: 1 });
    mesh.deliver();
    expect(target.executor.inputs).toEqual([2]);
  });

  it("free the slot when the home has lost the reply", () => {
    const { mesh, home, sender, clock } = pair({ waitingReplies: 0 });
    ask(sender, 1, { deadlineMs: 50 });
    home.executor.echoes = true;
    mesh.deliverOne(sender);
    home.outbox.length = 0;
    clock.advance(70);
    expect(sender.plane.counters().pending).toBe(1);
    mesh.deliver();
    expect(sender.plane.counters().pending).toBe(0);
  });

  it("cancel again after a second when the first cancel met a full queue", () => {
    const { mesh, home, sender, clock } = pair();
    ask(sender, 1, { deadlineMs: 50 });
    mesh.deliver();
    sender.refuses = "full";
    clock.advance(70);
    sender.refuses = null;
    mesh.deliver();
    expect(home.executor.cancelled).toEqual([]);
    clock.advance(1020);
    mesh.deliver();
    expect(home.executor.cancelled).toEqual([1]);
  });

  it("refuse a call that comes too late or aborted", async () => {
    const { sender } = pair();
    const late = ask(sender, 1, { deadlineMs: 0 });
    const aborted = ask(sender, 2, { signal: AbortSignal.abort() });
    await settled();
    expect([late.end, aborted.end]).toEqual(["DEADLINE_EXCEEDED", "CANCELLED"]);
    expect(sender.outbox).toEqual([]);
  });
});

describe("a lost connection", () => {
  it("ends what was sent as unknown and keeps what was not, until the peer is back", async () => {
    const { mesh, home, sender } = pair();
    const sent = ask(sender, 1);
    mesh.deliver();
    mesh.disconnect(sender, home);
    const waiting = ask(sender, 2);
    await settled();
    expect([sent.end, waiting.end]).toEqual(["OUTCOME_UNKNOWN", "open"]);
    home.executor.answer(home.executor.started[0], { ok: true, value: 1 });
    expect(home.dropped("reply", "disconnected")).toBe(1);
    mesh.connect(sender, home);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1, 2]);
  });

  it("lets go of what was parked for it", () => {
    const { mesh, home, sender } = pair();
    home.hosts(ref, "starting", 1);
    ask(sender, 1);
    mesh.deliver();
    mesh.disconnect(sender, home);
    home.hosts(ref, "serving", 1);
    expect(home.executor.inputs).toEqual([]);
    expect(home.dropped("request", "disconnected")).toBe(1);
  });

  it("starts the numbering of bounces anew, on both sides", () => {
    const { mesh, home, sender } = pair();
    home.hosts(ref, "none", 1);
    ask(sender, 1);
    mesh.deliver();
    mesh.disconnect(sender, home);
    home.hosts(ref, "serving", 1);
    mesh.connect(sender, home);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1]);
  });

  it("to a dead incarnation is not taken for one to its next life", () => {
    const { mesh, home, sender } = pair();
    mesh.disconnect(sender, home);
    home.self = { nodeId: "home", incarnation: "home-2" };
    mesh.connect(sender, home);
    ask(sender, 1);
    expect(sender.outbox).toEqual([]);
    sender.moves(ref, home.self, 2);
    home.hosts(ref, "serving", 2);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1]);
  });
});

describe("what a peer sends", () => {
  it("is counted and answered when it is a request that cannot be read", () => {
    const { home, sender } = pair();
    home.plane.onData(sender.self, [1, 5, "default", -1]);
    expect(home.dropped("request", "delivery_failed")).toBe(1);
    expect(home.outbox).toMatchObject([
      { message: [2, 5, 1, 0, { code: "COMMAND_INVALID" }, 0, null] },
    ]);
  });

  it.each([
    ["request", "unroutable", [9, 1]],
    ["request", "unroutable", { tag: "unheard-of" }],
    ["request", "delivery_failed", [3, "x"]],
    ["reply", "delivery_failed", [2, null]],
    ["reply", "unroutable", [2, 77, 0, 1, null, 0]],
  ] as const)("is counted as %s %s: %j", (variant, reason, tuple) => {
    const { home, sender } = pair();
    home.plane.onData(sender.self, tuple);
    expect(home.dropped(variant, reason)).toBe(1);
  });

  it("ends an ask as unknown when it is a reply that cannot be read", async () => {
    const { sender, home } = pair();
    const asked = ask(sender, 1);
    sender.plane.onData(home.self, [2, 1, 99]);
    await settled();
    expect(asked.end).toBe("OUTCOME_UNKNOWN");
    expect(sender.dropped("reply", "delivery_failed")).toBe(1);
  });

  it("is no answer to what was asked of another node", async () => {
    const { mesh, sender } = pair();
    const stranger = mesh.join("stranger", new HandExecutor());
    const asked = ask(sender, 1);
    sender.plane.onData(stranger.self, [2, 1, 0, 1, "forged", 0]);
    await settled();
    expect(asked.end).toBe("open");
    expect(sender.dropped("reply", "misrouted")).toBe(1);
  });
});

describe("a home that leaves", () => {
  /** The asks 1 and 2 were read, and 2 was answered; 3 is on its way. */
  function leaving() {
    const { mesh, home, sender, clock } = pair();
    const next = mesh.join("next", new HandExecutor());
    next.executor.echoes = true;
    next.hosts(ref, "serving", 2);
    const asks = [ask(sender, 1), ask(sender, 2)];
    mesh.deliver();
    home.executor.answer(home.executor.started[1], { ok: true, value: 2 });
    asks.push(ask(sender, 3));
    let isOver = false;
    void home.plane.leave(2_000).then(() => {
      isOver = true;
    });
    const moves = (): void => sender.moves(ref, next.self, 2);
    const ends = () => asks.map(({ end }) => end);
    return { mesh, home, sender, next, clock, asks, moves, ends, isOver: () => isOver };
  }

  it("has what it did not read run at the next home, once, and answers what it did read", async () => {
    const { mesh, home, sender, next, moves, ends } = leaving();
    mesh.deliver();
    moves();
    mesh.deliver();
    // Request 1 runs: its order holds.
    expect([home.executor.inputs, next.executor.inputs]).toEqual([[1, 2], []]);
    home.executor.answer(home.executor.started[0], { ok: true, value: 1 });
    mesh.deliver();
    await settled();
    expect(ends()).toEqual([1, 2, 3]);
    expect([home.executor.inputs, next.executor.inputs]).toEqual([[1, 2], [3]]);
    expect(sender.plane.counters().pending).toBe(0);
  });

  it("leaves unknown only what it read and did not answer", async () => {
    const { mesh, home, sender, next, moves, ends } = leaving();
    mesh.deliver();
    mesh.disconnect(home, sender);
    moves();
    mesh.deliver();
    await settled();
    expect(ends()).toEqual(["OUTCOME_UNKNOWN", 2, 3]);
    expect(next.executor.inputs).toEqual([3]);
  });

  it("is asked nothing more, though it is still connected and the log still names it", async () => {
    const { mesh, home, sender, moves, asks, ends } = leaving();
    mesh.deliver();
    asks.push(ask(sender, 4));
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1, 2]);
    moves();
    home.executor.answer(home.executor.started[0], { ok: true, value: 1 });
    mesh.deliver();
    await settled();
    expect(ends()).toEqual([1, 2, 3, 4]);
  });

  it("has left when every peer has heard it, is gone, or two seconds have passed", async () => {
    const { mesh, home, sender, next, isOver } = leaving();
    mesh.deliverOne(home);
    mesh.deliverOne(sender);
    await settled();
    expect(isOver()).toBe(false);
    mesh.disconnect(home, next);
    mesh.deliver();
    await settled();
    expect(isOver()).toBe(true);
    const deaf = leaving();
    deaf.clock.advance(1_999);
    await settled();
    expect(deaf.isOver()).toBe(false);
    deaf.clock.advance(1);
    await settled();
    expect(deaf.isOver()).toBe(true);
  });

  it("tells it to who connects meanwhile, too", () => {
    const { mesh, home, sender } = leaving();
    mesh.deliver();
    mesh.disconnect(home, sender);
    mesh.connect(home, sender);
    mesh.deliver();
    ask(sender, 4);
    mesh.deliver();
    expect(home.executor.inputs).toEqual([1, 2]);
  });
});

it("a stopped node ends each ask once: unsent ones as not executed, sent ones as unknown", async () => {
  const { mesh, home, sender } = pair();
  const sent = ask(sender, 1);
  mesh.deliver();
  home.hosts(ref, "none", 1);
  const held = ask(sender, 2);
  mesh.deliver();
  sender.plane.close();
  home.executor.answer(home.executor.started[0], { ok: true, value: 1 });
  mesh.deliver();
  await settled();
  const late = ask(sender, 3);
  await settled();
  expect([sent.end, held.end, late.end]).toEqual([
    "OUTCOME_UNKNOWN",
    "NODE_NOT_READY",
    "NODE_NOT_READY",
  ]);
});

it("the load of the last second is what this node served as a home", () => {
  const { mesh, home, sender, clock } = pair();
  clock.advance(1000);
  for (let n = 0; n < 100; n += 1) ask(sender, n);
  mesh.deliver();
  clock.advance(8);
  for (const request of home.executor.started)
    home.executor.answer(request, { ok: true, value: 0 });
  expect(home.plane.load().requestsPerSecond).toBe(0);
  clock.advance(1000);
  const load = home.plane.load();
  expect(load).toMatchObject({ requestsPerSecond: 100, failedPerSecond: 0 });
  expect(load.p50Ms).toBeGreaterThanOrEqual(8);
  expect(load.p99Ms).toBeLessThanOrEqual(8 * 1.2);
  clock.advance(1000);
  expect(home.plane.load().requestsPerSecond).toBe(0);
});
