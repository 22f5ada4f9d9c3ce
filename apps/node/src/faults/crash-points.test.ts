import { readFile } from "node:fs/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { commitStatement } from "../../../../packages/sharding/src/adapters/postgres/sql/commit.ts";
import { raiseTerm } from "../../../../packages/sharding/src/adapters/postgres/sql/raise-term.ts";
import { encodeFrame } from "../../../../packages/sharding/src/adapters/websocket/frame.ts";
import { Counter } from "../entities/index.ts";
import { CrashPoints } from "./crash-points.ts";
import { crashSteps } from "./crash-steps.ts";
import { SharedFaults } from "./shared-faults.ts";

let did: string[];
let points: CrashPoints;
beforeEach(() => {
  did = [];
  points = new CrashPoints(() => void did.push("crashed"));
});

const frameOf = (...messages: object[]): Buffer => encodeFrame(messages);
const pass = (direction: "in" | "out", frame: Buffer): void =>
  points.watchFrames(direction, frame, () => void did.push("delivered"))();

describe("a crash point on frames", () => {
  const orders = frameOf({ tag: "log", entries: [] }, { term: 3, tag: "begin-handoffs" });

  test.each([
    ["sending:begin-handoffs", "out", ["crashed"]],
    ["sent:begin-handoffs", "out", ["delivered", "crashed"]],
    ["received:begin-handoffs", "in", ["crashed"]],
    ["received:begin-handoffs", "out", ["delivered"]],
    ["sending:begin-handoffs", "in", ["delivered"]],
    ["sending:handoffs-acked", "out", ["delivered"]],
  ] as const)("%s, on a frame that goes %s", (step, direction, expected) => {
    points.arm(step);
    pass(direction, orders);
    expect(did).toEqual(expected);
  });

  test("does not take a text for a message's name, and acts no more once disarmed", () => {
    const disarm = points.arm("sending:admin");
    pass("out", frameOf({ tag: "log", entries: ["admin"] }, { tag: "admin-answer" }));
    expect(did).toEqual(["delivered"]);
    disarm();
    pass("out", frameOf({ tag: "admin" }));
    expect(did).toEqual(["delivered", "delivered"]);
  });
});

describe("a crash point on statements", () => {
  const none = { count: 0, rows: [] };
  const nothing = {
    ...{ deaths: [], groups: [], nodes: [], newShards: none, shards: none, newPlans: [] },
    ...{ newMoves: none, plans: [], moves: none, channel: null, term: 3, after: 7 },
  };
  const bytesOf = (type: string): Buffer => {
    const events = { count: 1, rows: [{ type, body: {}, n: [1] }] };
    const { text, values } = commitStatement("leasehold", { ...nothing, events });
    return Buffer.from([text, ...values].join("\0"));
  };

  test("ends the node before a statement leaves, or when its answer arrives", () => {
    points.arm("committing:shard-hosted");
    points.arm("committed:handoff-began");
    const connection = points.watchStatements();
    const other = points.watchStatements();
    connection.leaving(bytesOf("handoff-began"));
    other.arrived(Buffer.from("Z"));
    expect(did).toEqual([]);
    connection.arrived(Buffer.from("Z"));
    expect(did).toEqual(["crashed"]);
    other.leaving(bytesOf("shard-hosted"));
    expect(did).toEqual(["crashed", "crashed"]);
  });

  test("knows the election, whose event is in the statement's text", () => {
    points.arm("committing:coordinator-elected");
    points.watchStatements().leaving(Buffer.from(raiseTerm("leasehold")));
    expect(did).toEqual(["crashed"]);
  });

  test("does not take another statement for a commit", () => {
    points.arm("committing:shard-hosted");
    points.watchStatements().leaving(Buffer.from('select * from log where "type":"shard-hosted"'));
    points.watchStatements().leaving(bytesOf("shard-assigned"));
    expect(did).toEqual([]);
  });
});

test("a crash point on an entity's start comes after its state and before its command", () => {
  const [watched] = points.watchEntities([
    { ...Counter, state: () => ({ value: did.push("state") }) },
  ]);
  watched?.state({ namespace: "default", id: "a" });
  points.arm("entity-started");
  watched?.state({ namespace: "default", id: "b" });
  expect(did).toEqual(["state", "state", "crashed"]);
});

test("a crash point on an entity's start, armed on the main thread, is one for what a lane watches", () => {
  const shared = new SharedFaults();
  const disarm = new CrashPoints(() => undefined, shared).arm("entity-started");
  const inLane = new CrashPoints(() => void did.push("crashed"), new SharedFaults(shared.memory));
  const [watched] = inLane.watchEntities([Counter]);
  watched?.state({ namespace: "default", id: "a" });
  expect(did).toEqual(["crashed"]);
  disarm();
  watched?.state({ namespace: "default", id: "b" });
  expect(did).toEqual(["crashed"]);
});

test("docs/faults.md lists every step", async () => {
  const page = await readFile(new URL("../../../../docs/faults.md", import.meta.url), "utf8");
  const listed = [...page.matchAll(/^\| `([a-z:-]+)` \|/gm)].map(([, name]) => name);
  const names = [...crashSteps.keys()].map((name) => name.split(":").at(-1));
  expect(new Set(listed.filter((name) => name?.includes(":") === false))).toEqual(new Set(names));
});
