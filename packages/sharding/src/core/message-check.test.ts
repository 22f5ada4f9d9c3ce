import { describe, expect, it, test } from "vitest";
import {
  eventMessageOf,
  fromCoordinatorOf,
  stateMessageOf,
  toCoordinatorOf,
} from "./message-check.ts";
import type { EventMessage, FromCoordinator, StateMessage, ToCoordinator } from "./messages.ts";

const node = { nodeId: "a", incarnation: "a-1" };
const grant = { group: "default", shard: 3, epoch: 7 };
const handoff = { ...grant, handoffId: "h-1-1" };

/** One of each. */
const toCoordinator: readonly ToCoordinator[] = [
  {
    tag: "register-region",
    node: { ...node, address: "http://a", zone: "", weight: 1, labels: { rack: "1" } },
    groups: [{ group: "default", shards: 16, strategy: "least-loaded" }],
  },
  { tag: "claim", term: 1, claims: [grant] },
  { tag: "shards-hosted", term: 1, shards: [grant] },
  { tag: "shards-stopped", term: 1, shards: [grant] },
  { tag: "handoffs-acked", term: 1, handoffs: [handoff] },
  { tag: "shards-released", term: 1, shards: [{ ...handoff, digest: "d", size: 9 }] },
  { tag: "handoffs-failed", term: 1, handoffs: [{ ...handoff, why: "busy" }] },
  { tag: "host-refused", term: 1, shards: [{ ...grant, why: "no state" }] },
  {
    ...{ tag: "shard-loads", term: 1, shards: [{ ...grant, requests: 40.5, busyMs: 12.25 }] },
    others: [{ group: "default", count: 3, requests: 0, busyMs: 0 }],
  },
  { tag: "admin", requestId: "r", command: { tag: "drain", by: "olga", nodeId: "a" } },
  {
    tag: "admin",
    requestId: "r",
    command: {
      ...{ tag: "plan", by: "olga" },
      request: { kind: "move", moves: [{ group: "default", shard: 0, to: "b" }] },
    },
  },
  {
    tag: "admin",
    requestId: "r",
    command: { tag: "preview", by: "olga", request: { kind: "undo", planId: "p-1-1" } },
  },
  {
    tag: "admin",
    requestId: "r",
    command: { tag: "plan-control", by: "olga", planId: "p-1-1", verb: "undo" },
  },
];

const { incarnation } = node;
const fromCoordinator: readonly FromCoordinator[] = [
  { tag: "region-registered", term: 1, incarnation, seq: 4 },
  { tag: "region-refused", term: 1, incarnation, code: "GROUP_MISMATCH", why: "17" },
  { tag: "host-shards", term: 1, incarnation, shards: [{ ...grant, carried: null }] },
  {
    ...{ tag: "begin-handoffs", term: 1, incarnation },
    handoffs: [{ ...handoff, to: node, toAddress: "http://b" }],
  },
  { tag: "stop-shards", term: 1, incarnation, shards: [grant] },
  {
    ...{ tag: "log", term: 1, timeline: 1, history: "h" },
    entries: [{ type: "node-drained", ...node, seq: 1, at: "", term: 1 }],
  },
  { tag: "admin-answer", requestId: "r", answer: { ok: true, seq: 4, planId: null } },
  {
    ...{ tag: "admin-answer", requestId: "r" },
    answer: { ok: false, code: "NODE_UNKNOWN", why: "no" },
  },
];

const states: readonly StateMessage[] = [
  {
    tag: "state-chunk",
    ...handoff,
    offset: 0,
    whole: { size: 2, digest: "d" },
    bytes: Uint8Array.of(1, 2),
  },
  { tag: "state-taken", handoffId: "h-1-1", received: 2 },
  {
    ...{ tag: "warm-state", ...grant },
    entities: [{ namespace: "default", type: "account", id: "a", state: 7, version: 3, unkept: 1 }],
  },
];

const aboutEvents: readonly EventMessage[] = [
  { tag: "follow-events" },
  { tag: "events-stored", shards: [{ group: "default", shard: 3 }] },
];

const overTheWire = (message: unknown): unknown => JSON.parse(JSON.stringify(message));

describe("a message", () => {
  it.each(toCoordinator)("to a coordinator passes as it is: $tag", (message) => {
    expect(toCoordinatorOf(overTheWire(message))).toEqual(message);
    expect(fromCoordinatorOf(message)).toBeNull();
  });

  it.each(fromCoordinator)("of a coordinator passes as it is: $tag", (message) => {
    expect(fromCoordinatorOf(overTheWire(message))).toEqual(message);
    expect(toCoordinatorOf(message)).toBeNull();
  });

  it.each(states)("between two regions passes as it is: $tag", (message) => {
    expect(stateMessageOf(message)).toBe(message);
    expect(toCoordinatorOf(message) ?? fromCoordinatorOf(message)).toBeNull();
  });

  it.each(aboutEvents)("about events passes as it is: $tag", (message) => {
    expect(eventMessageOf(overTheWire(message))).toEqual(message);
    expect(
      toCoordinatorOf(message) ?? fromCoordinatorOf(message) ?? stateMessageOf(message),
    ).toBeNull();
  });

  test("may have fields of a later version", () => {
    expect(toCoordinatorOf({ ...toCoordinator[1], since: 3 })).not.toBeNull();
  });

  test("about a plan's conditions has each of them or not, and none of another type", () => {
    const whatIf = { cordon: ["a"], weights: { b: 0.5 }, maxMoves: 3, keepHot: true };
    const asked = (conditions: unknown) => ({
      ...{ tag: "admin", requestId: "r" },
      command: { tag: "plan", by: "olga", request: { kind: "rebalance", whatIf: conditions } },
    });
    for (const good of [whatIf, {}, undefined, { keepHot: false }])
      expect(toCoordinatorOf(asked(good))).not.toBeNull();
    const wrong = [[], 3, { cordon: "a" }, { weights: { b: 0 } }, { weights: { b: -1 } }];
    for (const bad of [...wrong, { maxMoves: -1 }, { maxMoves: 1.5 }, { keepHot: "yes" }])
      expect(toCoordinatorOf(asked(bad)), JSON.stringify(bad)).toBeNull();
  });

  test("with a preview has all of it", () => {
    const moves = {
      groups: ["default"],
      nodes: [node],
      reasons: ["a has 4"],
      rows: [3, 1, 0, 0, 0, 0],
    };
    const preview = {
      ...{ planId: "p-1-1", kind: "rebalance", by: "olga", node: null, undoes: null },
      ...{ basedOnSeq: 4, moves, spreadBefore: 1.5, spreadAfter: 0.5 },
      blocked: [{ group: "default", shard: 4, on: "a", code: "pinned", why: "it is pinned" }],
      ...{ blockedTotal: 1, leftOut: 0, movesInFlight: 16, notes: ["none"] },
      nodes: [{ ...node, weight: 0.5, before: 4, after: 3, why: "weight 0.5" }],
    };
    const answered = (given: unknown) => ({
      ...{ tag: "admin-answer", requestId: "r" },
      answer: { ok: true, seq: 4, planId: null, preview: given },
    });
    expect(fromCoordinatorOf(answered(preview))).not.toBeNull();
    for (const broken of mutants(preview, new Set(["node", "undoes"])))
      expect(fromCoordinatorOf(answered(broken)), JSON.stringify(broken)).toBeNull();
    for (const rows of [
      [3, 1, 0, 0, 0],
      [3, 1, 1, 0, 0, 0],
      [3, 1, 0, 0, 1, 0],
      [3, 1, 0, 0, 0, 1],
    ])
      expect(fromCoordinatorOf(answered({ ...preview, moves: { ...moves, rows } }))).toBeNull();
  });

  test("without any one of its fields is none, nor with one of another type", () => {
    for (const message of [...toCoordinator, ...fromCoordinator, ...states, ...aboutEvents]) {
      const check = (value: unknown) =>
        toCoordinatorOf(value) ??
        fromCoordinatorOf(value) ??
        stateMessageOf(value) ??
        eventMessageOf(value);
      const free = message.tag === "log" ? ofEntries : [];
      for (const broken of mutants(message, new Set(["rack", "state", ...free]))) {
        expect(check(broken), JSON.stringify(broken)).toBeNull();
      }
    }
  });

  test.each([null, 3, "claim", [], {}, { tag: "toString" }, { tag: "__proto__" }, { tag: 1 }])(
    "is not %j",
    (value) => {
      expect(toCoordinatorOf(value)).toBeNull();
      expect(fromCoordinatorOf(value)).toBeNull();
      expect(stateMessageOf(value)).toBeNull();
      expect(eventMessageOf(value)).toBeNull();
    },
  );
});

/** The message with one field, however deep, missing or of another type. */
function* mutants(value: unknown, free: ReadonlySet<string>): Generator<unknown> {
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, inner] of Object.entries(value)) {
    const put = (changed: unknown): unknown =>
      isList
        ? value.map((item, i) => (String(i) === key ? changed : item))
        : { ...value, [key]: changed };
    if (!free.has(key)) {
      if (!isList) yield put(undefined);
      yield put(typeof inner === "number" ? "1" : -1);
    }
    for (const mutant of mutants(inner, free)) yield put(mutant);
  }
}

/** What only the reducer reads: a log entry that does not fit is found by it. */
const ofEntries = ["at", "nodeId", "incarnation"];
