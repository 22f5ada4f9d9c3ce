import {
  AdminRefusedError,
  CommandInvalidError,
  command,
  DeadlineExceededError,
  defineEntity,
  OutcomeUnknownError,
  StoreUnavailableError,
} from "@leasehold/sharding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFakeFaults, type FakeFaults } from "../testing/fake-faults.ts";
import { createHttpUnderTest, type HttpUnderTest } from "../testing/http-service.ts";

let http: HttpUnderTest;
let faults: FakeFaults;

beforeEach(async () => {
  faults = createFakeFaults();
  http = await createHttpUnderTest({ faults });
});
afterEach(async () => {
  await http.close();
});

async function call(method: "GET" | "POST" | "DELETE", url: string, body?: unknown, headers = {}) {
  const response = await http.app.inject({
    method,
    url,
    headers: { host: "localhost:80", ...headers },
    ...(body === undefined ? {} : { payload: body as object }),
  });
  return { status: response.statusCode, headers: response.headers, body: response.json() };
}

const plan = (planId: string) =>
  ({
    type: "plan-proposed",
    planId,
    kind: "move",
    by: "ann",
    node: null,
    undoes: null,
    basedOnSeq: 10,
    moves: [
      {
        group: "default",
        shard: 0,
        from: { nodeId: "node-1", incarnation: "a" },
        to: { nodeId: "node-2", incarnation: "b" },
        epoch: 1,
        why: "asked for",
      },
    ],
    spreadBefore: 1,
    spreadAfter: 0.5,
  }) as const;

describe("health", () => {
  test("the process is alive before it has joined, and not ready", async () => {
    http.joined = false;
    expect((await call("GET", "/livez")).body).toEqual({ status: "alive" });
    const ready = await call("GET", "/readyz");
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ code: "NODE_NOT_READY", retryable: true, executed: "no" });
    expect(ready.headers["retry-after"]).toBe("1");
  });

  test("ready means joined, with a lease, and not leaving", async () => {
    expect((await call("GET", "/readyz")).status).toBe(200);
    http.node.ready = false;
    http.node.leaseState = "lost";
    expect((await call("GET", "/readyz")).body.detail).toBe("Its lease is lost.");
    http.node.ready = true;
    http.leaving = true;
    expect((await call("GET", "/readyz")).body.detail).toBe("This node is leaving.");
    expect((await call("GET", "/livez")).status).toBe(200);
  });

  test("a proxy that reaches no node with shards says that it is not ready for this", async () => {
    http.node.role = "proxy";
    expect((await call("GET", "/readyz")).status).toBe(200);
    expect((await call("GET", "/v1/self")).body.role).toBe("proxy");
    http.node.ready = false;
    expect((await call("GET", "/readyz")).body).toMatchObject({
      code: "NODE_NOT_READY",
      detail: "This node is a proxy, and no node that hosts shards is connected to it.",
    });
  });

  test("answers close their connection while the node leaves, and only then", async () => {
    expect((await call("GET", "/v1/cluster")).headers.connection).toBe("keep-alive");
    http.leaving = true;
    const answer = await call("POST", "/v1/entities/counter/c/get");
    expect(answer.status).toBe(200);
    expect(answer.headers.connection).toBe("close");
  });
});

describe("GET /v1/cluster", () => {
  test("shows nodes, coordinator and shard counts from the node's copy", async () => {
    http.node.leases.set("node-2", 480);
    const { status, body } = await call("GET", "/v1/cluster");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      cluster: "test",
      seq: 10,
      authorityAgeMs: 7,
      coordinator: { nodeId: "node-1", term: 3 },
      shards: { total: 4, hosted: 1, starting: 1, unallocated: 1, handingOff: 1 },
      nodes: [
        { nodeId: "node-1", state: "up", cordoned: false, shards: 2, leaseAgeMs: 12 },
        {
          nodeId: "node-2",
          state: "up",
          shards: 1,
          leaseAgeMs: 480,
          address: "http://127.0.0.1:4102",
        },
      ],
    });
    expect(body.history).toBe(http.node.authority().state.history);
  });

  test("a live lease without a row is a node that joins; an old one is nobody", async () => {
    http.node.leases.set("node-3", 100).set("node-4", 10_001);
    const { body } = await call("GET", "/v1/cluster");
    expect(
      body.nodes.map((node: { nodeId: string; state: string }) => [node.nodeId, node.state]),
    ).toEqual([
      ["node-1", "up"],
      ["node-2", "up"],
      ["node-3", "joining"],
    ]);
  });

  test("this node joins while the authority knows another life of it", async () => {
    http.node.life = "00000000-0000-4000-8000-000000000000";
    const { body } = await call("GET", "/v1/cluster");
    expect(body.nodes[0]).toMatchObject({
      nodeId: "node-1",
      state: "joining",
      incarnation: http.node.life,
      shards: 2,
    });
  });

  test("is not there before the node has joined", async () => {
    http.joined = false;
    expect(await call("GET", "/v1/cluster")).toMatchObject({
      status: 503,
      body: { code: "NODE_NOT_READY" },
    });
  });
});

describe("GET /v1/shards", () => {
  const shardsOf = (body: { shards: { group: string; shard: number }[] }): string[] =>
    body.shards.map(({ group, shard }) => `${group}/${shard}`);

  test("shows each shard with state, owner and epoch", async () => {
    const { body } = await call("GET", "/v1/shards");
    expect(body).toMatchObject({ seq: 10, authorityAgeMs: 7, next: null });
    expect(body.shards).toMatchObject([
      { group: "default", shard: 0, state: "hosted", owner: "node-1", epoch: 1, pinned: false },
      { shard: 1, state: "handing-off", owner: "node-2", epoch: 1, to: "node-1" },
      { shard: 2, state: "starting", owner: "node-1", epoch: 1, to: null },
      { shard: 3, state: "unallocated", owner: null, epoch: 0 },
    ]);
  });

  test("filters by group, owner and state", async () => {
    expect(shardsOf((await call("GET", "/v1/shards?owner=node-1")).body)).toEqual([
      "default/0",
      "default/2",
    ]);
    expect(shardsOf((await call("GET", "/v1/shards?state=hosted")).body)).toEqual(["default/0"]);
    expect(shardsOf((await call("GET", "/v1/shards?group=other")).body)).toEqual([]);
  });

  test("pages through all groups without a gap or a repetition", async () => {
    http.node.commit({ type: "group-created", group: "a/b", shards: 3, strategy: "rendezvous" });
    const seen: string[] = [];
    let after = "";
    for (let page = 0; page < 10; page += 1) {
      const { body } = await call("GET", `/v1/shards?limit=2${after}`);
      seen.push(...shardsOf(body));
      if (body.next === null) break;
      after = `&after=${encodeURIComponent(body.next)}`;
    }
    expect(seen).toEqual([
      "a/b/0",
      "a/b/1",
      "a/b/2",
      "default/0",
      "default/1",
      "default/2",
      "default/3",
    ]);
  });

  test.each(["limit=0", "limit=x", "limit=10001", "after=nonsense", "state=broken", "owner="])(
    "refuses ?%s",
    async (query) => {
      const { status, body } = await call("GET", `/v1/shards?${query}`);
      expect(status).toBe(400);
      expect(body.code).toBe("REQUEST_INVALID");
      expect(body.issues[0].path).toBe(query.split("=")[0]);
    },
  );
});

describe("GET /v1/self", () => {
  test("is the belief, with shards and faults", async () => {
    http.node.believe([{ group: "default", shard: 0, epoch: 1, serving: true, phase: "serving" }]);
    await call("POST", "/v1/faults", { kind: "cut-link", peer: "node-2" });
    const { body } = await call("GET", "/v1/self");
    expect(body).toMatchObject({
      nodeId: "node-1",
      pid: 4242,
      role: "coordinator",
      term: 3,
      lease: { state: "held", leftMs: 4200 },
      shards: [{ group: "default", shard: 0, epoch: 1, serving: true }],
      peers: [{ nodeId: "node-2", connected: true }],
      faults: [{ kind: "cut-link", detail: { peer: "node-2", direction: "both" } }],
      healUrl: "http://127.0.0.1:9/heal",
    });
  });
});

describe("GET /v1/events", () => {
  test("answers entries after a seq, oldest first", async () => {
    const { body } = await call("GET", "/v1/events?after=7&limit=2");
    expect(body).toMatchObject({ seq: 10, authorityAgeMs: 7 });
    expect(
      body.events.map((event: { seq: number; type: string }) => [event.seq, event.type]),
    ).toEqual([
      [8, "shard-hosted"],
      [9, "shard-hosted"],
    ]);
    expect(body.events[0]).toMatchObject({ shard: 0, nodeId: "node-1", term: 3 });
  });

  test("past retention it is 410 with the oldest seq", async () => {
    http.node.forget(4);
    expect(await call("GET", "/v1/events?after=3")).toMatchObject({
      status: 410,
      body: { code: "EVENTS_GONE", oldest: 5, retryable: false },
    });
    expect((await call("GET", "/v1/events?after=4")).status).toBe(200);
  });

  test("without Postgres it is an empty page with the age of the copy, not an error", async () => {
    http.node.ageMs = 60_000;
    http.node.beforeReadLog = async () => {
      throw new StoreUnavailableError("gone");
    };
    expect(await call("GET", "/v1/events?after=2")).toMatchObject({
      status: 200,
      body: { events: [], seq: 10, authorityAgeMs: 60_000 },
    });
  });

  test.each(["after=-1", "after=1.5", "limit=1001", "after=x"])("refuses ?%s", async (query) => {
    expect((await call("GET", `/v1/events?${query}`)).body.code).toBe("REQUEST_INVALID");
  });
});

describe("GET /v1/entities", () => {
  test("says where an entity lives and what is stored of it", async () => {
    http.node.stored = {
      ...{ version: 1, state: { n: 1 }, fault: null },
      events: [{ version: 1, type: "added", data: null }],
      timers: [
        { name: "t", dueAt: new Date(0), command: "get", comesAgain: false },
        { name: "s", dueAt: null, command: "get", comesAgain: true },
      ],
    };
    const { status, body } = await call("GET", "/v1/entities/counter/cart%2F42?namespace=eu");
    expect(status).toBe(200);
    expect(body).toEqual({
      ...{ group: "default", shard: 1, namespace: "eu", type: "counter", id: "cart/42" },
      ...{ home: null, epoch: 4 },
      stored: {
        ...{ version: 1, state: { n: 1 }, fault: null },
        events: [{ version: 1, type: "added", data: null }],
        timers: [
          { name: "t", dueAt: "1970-01-01T00:00:00.000Z", command: "get", comesAgain: false },
          { name: "s", dueAt: null, command: "get", comesAgain: true },
        ],
      },
    });
  });

  test("of a volatile one has nothing stored, and refuses more events than there may be", async () => {
    expect((await call("GET", "/v1/entities/counter/c")).body.stored).toBeNull();
    expect((await call("GET", "/v1/entities/counter/c?events=1001")).status).toBe(400);
  });
});

describe("POST /v1/entities", () => {
  test("runs the command and says who served it", async () => {
    const { status, body } = await call("POST", "/v1/entities/counter/cart%2F42/add?namespace=eu", {
      by: 1,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      result: { echo: { by: 1 } },
      servedBy: { nodeId: "node-2", group: "default", shard: 1, epoch: 4 },
    });
    expect(http.node.asked[0]).toMatchObject({
      type: "counter",
      id: "cart/42",
      command: "add",
      namespace: "eu",
      input: { by: 1 },
    });
    expect(http.node.asked[0]).not.toHaveProperty("deadlineMs");
  });

  test("takes no body, an announced empty body, and any JSON value", async () => {
    const json = { "content-type": "application/json" };
    await call("POST", "/v1/entities/counter/c/get");
    await http.app.inject({
      method: "POST",
      url: "/v1/entities/counter/c/get",
      headers: { ...json, host: "localhost" },
      payload: "",
    });
    await http.app.inject({
      method: "POST",
      url: "/v1/entities/counter/c/set",
      headers: { ...json, host: "localhost" },
      payload: "[1]",
    });
    expect(http.node.asked.map(({ namespace, input }) => [namespace, input])).toEqual([
      ["default", undefined],
      ["default", undefined],
      ["default", [1]],
    ]);
  });

  test("a result of nothing is null, and a big integer is text", async () => {
    const { servedBy } = await http.node.onAsk({ type: "", id: "", command: "", input: null });
    http.node.onAsk = async () => ({ result: undefined, servedBy });
    expect((await call("POST", "/v1/entities/counter/c/get")).body.result).toBeNull();
    http.node.onAsk = async () => ({ result: { n: 2n ** 60n }, servedBy });
    expect((await call("POST", "/v1/entities/counter/c/get")).body.result).toEqual({
      n: "1152921504606846976",
    });
  });

  test("passes the deadline, and refuses one that makes no sense", async () => {
    await call("POST", "/v1/entities/counter/c/get", undefined, { "leasehold-deadline-ms": "250" });
    expect(http.node.asked[0]?.deadlineMs).toBe(250);
    for (const wrong of ["0", "-5", "soon", "60001", "1.5"]) {
      const answer = await call("POST", "/v1/entities/counter/c/get", undefined, {
        "leasehold-deadline-ms": wrong,
      });
      expect(answer, wrong).toMatchObject({
        status: 400,
        body: { code: "REQUEST_INVALID", issues: [{ path: "leasehold-deadline-ms" }] },
      });
    }
    expect(http.node.asked).toHaveLength(1);
  });

  test("takes an idempotency key of 255 characters, and refuses a longer one, over the wire too", async () => {
    const url = `${await http.listen()}/v1/entities/counter/c/add`;
    const send = async (key: string) => {
      const answer = await fetch(url, { method: "POST", headers: { "idempotency-key": key } });
      return { status: answer.status, body: (await answer.json()) as object };
    };
    expect((await send("k".repeat(255))).status).toBe(200);
    expect(http.node.asked.map(({ key }) => key)).toEqual(["k".repeat(255)]);
    for (const length of [256, 10_240]) {
      expect(await send("k".repeat(length))).toMatchObject({
        status: 400,
        body: {
          ...{ code: "REQUEST_INVALID", executed: "no", retryable: false },
          issues: [{ path: "idempotency-key", message: "1 to 255 printable characters" }],
        },
      });
    }
    // More than all headers may have.
    expect(await send("k".repeat(20_000))).toMatchObject({
      ...{ status: 431, body: { code: "HEADERS_TOO_LARGE", executed: "no" } },
    });
    expect(http.node.asked).toHaveLength(1);
  });

  test("runs a repetition only for a durable entity, and under its key", async () => {
    const definition = { state: () => ({}), commands: { add: command(() => null) } };
    http.node.entityTypes.set("counter", defineEntity("counter", definition));
    const durable = { ...definition, events: { added: (state: object) => state } };
    http.node.entityTypes.set("account", defineEntity("account", durable));
    const send = (type: string, headers: object) =>
      call("POST", `/v1/entities/${type}/c/add`, undefined, {
        ...{ "leasehold-repeat": "true" },
        ...headers,
      });
    const key = { "idempotency-key": "k" };
    const refused = { code: "REPEAT_REFUSED", executed: "no", retryable: false };
    expect(await send("counter", key)).toMatchObject({ status: 409, body: refused });
    expect(await send("account", {})).toMatchObject({ status: 409, body: refused });
    expect(http.node.asked).toEqual([]);
    expect((await send("account", key)).status).toBe(200);
    expect((await send("account", { ...key, "leasehold-repeat": "2" })).status).toBe(400);
    expect(http.node.asked).toMatchObject([{ type: "account", key: "k" }]);
  });

  test("an invalid command is 422 with its issues", async () => {
    http.node.onAsk = async () => {
      throw new CommandInvalidError("by: not a number", [{ path: "by", message: "not a number" }]);
    };
    expect(await call("POST", "/v1/entities/counter/c/add", { by: "x" })).toMatchObject({
      status: 422,
      body: { code: "COMMAND_INVALID", executed: "no", issues: [{ path: "by" }] },
    });
  });

  test("a deadline is 504 and surely not executed, an unknown outcome 502 and perhaps", async () => {
    http.node.onAsk = async () => {
      throw new DeadlineExceededError("late");
    };
    expect(await call("POST", "/v1/entities/counter/c/add")).toMatchObject({
      status: 504,
      body: { executed: "no", retryable: true },
    });
    http.node.onAsk = async () => {
      throw new OutcomeUnknownError("who knows");
    };
    expect(await call("POST", "/v1/entities/counter/c/add")).toMatchObject({
      status: 502,
      body: { executed: "unknown", retryable: false },
    });
  });

  test("an id beyond any sense is refused before it is routed", async () => {
    expect((await call("POST", `/v1/entities/counter/${"x".repeat(1025)}/get`)).status).toBe(400);
    expect((await call("POST", `/v1/entities/counter/${"x".repeat(5000)}/get`)).body.code).toBe(
      "URL_MALFORMED",
    );
    expect(http.node.asked).toEqual([]);
  });

  test.each([
    ["10 kB", "k".repeat(10_000)],
    ["nothing", ""],
    ["letters that a header has no code for", "\u00e9"],
  ])("an idempotency key of %s is refused before it is routed", async (_what, key) => {
    const { statusCode, body } = await http.app.inject({
      ...{ method: "POST", url: "/v1/entities/counter/c/get" },
      headers: { host: "localhost", "idempotency-key": key },
    });
    expect(statusCode).toBe(400);
    expect(JSON.parse(body)).toMatchObject({
      ...{ code: "REQUEST_INVALID", executed: "no", retryable: false },
      issues: [{ path: "idempotency-key", message: "1 to 255 printable characters" }],
    });
    expect(http.node.asked).toEqual([]);
  });
});

describe("plans", () => {
  test("are made by the coordinator and answered with moves and reasons, not applied", async () => {
    http.node.onAdmin = async () => {
      http.node.commit(plan("p-1"));
      return { seq: 11, planId: "p-1" };
    };
    const body = { kind: "move", moves: [{ shard: 0, to: "node-2" }] };
    const answer = await call("POST", "/v1/plans", body, { "leasehold-by": "ann" });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      planId: "p-1",
      basedOnSeq: 10,
      state: "proposed",
      moves: [
        {
          group: "default",
          shard: 0,
          from: "node-1",
          to: "node-2",
          why: "asked for",
          state: "pending",
        },
      ],
      done: 0,
      total: 1,
      spreadBefore: 1,
      spreadAfter: 0.5,
    });
    expect(http.node.commands).toEqual([
      {
        tag: "plan",
        by: "ann",
        request: { kind: "move", moves: [{ group: "default", shard: 0, to: "node-2" }] },
      },
    ]);
  });

  const request = {
    kind: "rebalance",
    whatIf: { cordon: ["node-3"], weights: { "node-2": 0.5 }, maxMoves: 9, keepHot: true },
  } as const;

  test("are previewed under conditions, and nothing is written down", async () => {
    const { type: _, ...proposal } = plan("p-7");
    http.node.onAdmin = async () => ({
      ...{ seq: 10, planId: null },
      preview: {
        ...{ ...proposal, kind: "rebalance", blockedTotal: 1, leftOut: 2, movesInFlight: 16 },
        blocked: [
          { group: "default", shard: 4, on: "node-1", code: "pinned", why: "it is pinned" },
        ],
        nodes: [
          { nodeId: "node-1", incarnation: "a", weight: 1, before: 9, after: 8, why: null },
          { nodeId: "node-2", incarnation: "b", weight: 0.5, before: 1, after: 2, why: "weight" },
        ],
        notes: ["Nobody measures."],
      },
    });
    const answer = await call("POST", "/v1/plans/preview", request, { "leasehold-by": "ann" });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        ...{ planId: "p-7", kind: "rebalance", basedOnSeq: 10, blockedTotal: 1, leftOut: 2 },
        moves: [{ shard: 0, from: "node-1", to: "node-2", why: "asked for", epoch: 1 }],
        blocked: [{ shard: 4, on: "node-1", code: "pinned", why: "it is pinned" }],
        nodes: [{ nodeId: "node-1" }, { incarnation: "b", weight: 0.5, before: 1, after: 2 }],
        notes: ["Nobody measures."],
      },
    });
    expect(http.node.commands).toEqual([{ tag: "preview", by: "ann", request }]);
    expect(await call("GET", "/v1/plans/p-7")).toMatchObject({ status: 404 });
  });

  test.each([
    [{ kind: "rebalance", whatIf: { weights: { "node-2": 0 } } }, "whatIf.weights.node-2"],
    [{ kind: "rebalance", whatIf: { maxMoves: -1 } }, "whatIf.maxMoves"],
    [{ kind: "rebalance", whatIf: { cordon: "node-2" } }, "whatIf.cordon"],
    [{ kind: "rebalance", whatIf: { pinAll: true } }, "whatIf"],
    [{ kind: "undo" }, "planId"],
  ])("are not previewed from %j", async (body, path) => {
    expect(await call("POST", "/v1/plans/preview", body)).toMatchObject({
      status: 400,
      body: { code: "REQUEST_INVALID", issues: [{ path }] },
    });
    expect(http.node.commands).toEqual([]);
  });

  test("show their progress", async () => {
    http.node.commit(
      plan("p-1"),
      { type: "plan-state-changed", planId: "p-1", state: "applying", why: null },
      { type: "move-state-changed", planId: "p-1", index: 0, state: "done", why: null, epoch: 2 },
    );
    expect(await call("GET", "/v1/plans/p-1")).toMatchObject({
      status: 200,
      body: { state: "applying", done: 1, total: 1, moves: [{ state: "done", epoch: 2 }] },
    });
    expect(await call("GET", "/v1/plans/p-2")).toMatchObject({
      status: 404,
      body: { code: "PLAN_UNKNOWN" },
    });
  });

  test.each(["apply", "pause", "resume", "cancel"] as const)(
    "%s is carried to the coordinator",
    async (verb) => {
      http.node.commit(plan("p-1"));
      http.node.onAdmin = async () => ({ seq: 11, planId: null });
      expect((await call("POST", `/v1/plans/p-1/${verb}`)).body.planId).toBe("p-1");
      expect(http.node.commands).toEqual([
        { tag: "plan-control", by: "http", planId: "p-1", verb },
      ]);
    },
  );

  test("undo answers the plan that takes it back", async () => {
    http.node.commit(plan("p-1"));
    http.node.onAdmin = async () => {
      http.node.commit({ ...plan("p-2"), kind: "undo", undoes: "p-1" });
      return { seq: 12, planId: "p-2" };
    };
    expect((await call("POST", "/v1/plans/p-1/undo")).body).toMatchObject({
      planId: "p-2",
      kind: "undo",
      undoes: "p-1",
    });
  });

  test.each([
    ["PLAN_STALE", 409],
    ["PLAN_STATE", 409],
    ["PLAN_UNKNOWN", 404],
    ["NODE_UNKNOWN", 404],
    ["NODE_NOT_UP", 409],
    ["SHARD_UNKNOWN", 404],
    ["MOVE_INVALID", 422],
  ] as const)("a refusal with %s is %i", async (code, status) => {
    http.node.onAdmin = async () => {
      throw new AdminRefusedError(code, "no");
    };
    expect(await call("POST", "/v1/plans/p-1/apply")).toMatchObject({
      status,
      body: { code, detail: "no", executed: "no", retryable: false },
    });
  });

  test.each([
    [{ kind: "shuffle" }],
    [{ kind: "drain" }],
    [{ kind: "move", moves: [] }],
    [{ kind: "move", moves: [{ shard: -1, to: "node-2" }] }],
    [{ kind: "rebalance", now: true }],
    [[]],
    [undefined],
  ])("a body of %j is refused and nothing is asked", async (body) => {
    const answer = await call("POST", "/v1/plans", body);
    expect(answer).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
    expect(http.node.commands).toEqual([]);
  });

  test("an unknown verb is refused", async () => {
    expect((await call("POST", "/v1/plans/p-1/rewind")).status).toBe(400);
  });
});

describe("POST /v1/nodes", () => {
  test("cordon answers the node's state", async () => {
    http.node.onAdmin = async () => {
      http.node.commit({ type: "node-cordoned", nodeId: "node-2" });
      return { seq: 11, planId: null };
    };
    expect(await call("POST", "/v1/nodes/node-2/cordon")).toMatchObject({
      status: 200,
      body: { nodeId: "node-2", state: "up", cordoned: true, planId: null },
    });
    expect(http.node.commands).toEqual([{ tag: "cordon", by: "http", nodeId: "node-2" }]);
  });

  test("drain answers the plan that it applies", async () => {
    http.node.onAdmin = async () => ({ seq: 11, planId: "p-9" });
    expect((await call("POST", "/v1/nodes/node-2/drain")).body.planId).toBe("p-9");
  });

  test("an unknown node is 404", async () => {
    expect(await call("POST", "/v1/nodes/node-9/uncordon")).toMatchObject({
      status: 404,
      body: { code: "NODE_UNKNOWN" },
    });
  });

  test("unpin answers the shard", async () => {
    http.node.commit({ type: "shard-pinned", group: "default", shard: 1 });
    http.node.onAdmin = async () => {
      http.node.commit({ type: "shard-unpinned", group: "default", shard: 1 });
      return { seq: 12, planId: null };
    };
    expect(await call("POST", "/v1/shards/default/1/unpin")).toMatchObject({
      status: 200,
      body: { group: "default", shard: 1, pinned: false },
    });
    expect(http.node.commands[0]).toEqual({ tag: "unpin", by: "http", group: "default", shard: 1 });
  });
});

describe("daemons", () => {
  beforeEach(() => {
    http.node.commit(
      {
        type: "group-created",
        group: "daemon:mail",
        shards: 2,
        workers: 2,
        strategy: "least-loaded",
      },
      {
        ...{ type: "shard-assigned", group: "daemon:mail", shard: 1, epoch: 3, cause: "allocated" },
        ...{ nodeId: "node-2", incarnation: "b", carried: null },
      },
    );
  });

  test("are listed with the homes of their workers", async () => {
    const { status, body } = await call("GET", "/v1/daemons");
    expect(status).toBe(200);
    expect(body.daemons).toEqual([
      {
        ...{ daemon: "mail", group: "daemon:mail", workers: 2, here: [] },
        items: [
          { index: 0, state: "unallocated", nodeId: null, incarnation: null, epoch: 0 },
          { index: 1, state: "starting", nodeId: "node-2", incarnation: "b", epoch: 3 },
        ],
      },
    ]);
  });

  test("are scaled; shards that they do not need are not counted", async () => {
    http.node.onAdmin = async () => {
      http.node.commit({ type: "group-scaled", group: "daemon:mail", workers: 1, added: 0 });
      return { seq: 12, planId: null };
    };
    const { total } = (await call("GET", "/v1/cluster")).body.shards;
    const scaled = await call("POST", "/v1/daemons/mail/scale", { workers: 1 });
    expect(scaled).toMatchObject({ status: 200, body: { daemon: "mail", workers: 1 } });
    expect(http.node.commands).toEqual([{ tag: "scale", by: "http", daemon: "mail", workers: 1 }]);
    expect((await call("GET", "/v1/cluster")).body.shards.total).toBe(total - 1);
  });

  test.each([{}, { workers: -1 }, { workers: 1.5 }, { workers: 65_537 }, { workers: "2" }])(
    "are not scaled to %o",
    async (body) => {
      const refused = await call("POST", "/v1/daemons/mail/scale", body);
      expect(refused).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
      expect(http.node.commands).toEqual([]);
    },
  );

  test("one that nobody knows is 404", async () => {
    http.node.onAdmin = async () => {
      throw new AdminRefusedError("DAEMON_UNKNOWN", "No such daemon.");
    };
    const refused = await call("POST", "/v1/daemons/mali/scale", { workers: 1 });
    expect(refused).toMatchObject({ status: 404, body: { code: "DAEMON_UNKNOWN" } });
  });
});

describe("faults", () => {
  test("are set with defaults, listed and healed", async () => {
    const set = await call("POST", "/v1/faults", { kind: "cut-postgres" });
    expect(set).toMatchObject({ status: 200, body: { id: "fault-1", expiresInMs: 30_000 } });
    expect(faults.requests).toEqual([{ kind: "cut-postgres", direction: "both", ttlMs: 30_000 }]);
    expect((await call("GET", "/v1/faults")).body.faults).toHaveLength(1);
    expect((await call("DELETE", "/v1/faults/fault-1")).body).toEqual({ healed: ["fault-1"] });
    await call("POST", "/v1/faults", { kind: "slow-postgres", delayMs: 5 });
    expect((await call("DELETE", "/v1/faults")).body.healed).toHaveLength(1);
    expect((await call("GET", "/v1/faults")).body).toEqual({ faults: [] });
    expect(http.faultChanges).toBe(4);
  });

  test("act only after the answer has left", async () => {
    await call("POST", "/v1/faults", { kind: "freeze", ttlMs: 1000 });
    // Resolves: the engine may act now.
    await faults.answered;
  });

  test.each(["drop", "duplicate", "delay"])("%s is not of this release", async (kind) => {
    expect(await call("POST", "/v1/faults", { kind, variant: "request" })).toMatchObject({
      status: 422,
      body: { code: "FAULT_KIND_UNSUPPORTED" },
    });
  });

  test.each([
    [{ kind: "melt" }],
    [{ kind: "cut-link" }],
    [{ kind: "freeze", ttlMs: 600_001 }],
    [null],
    [undefined],
  ])("a body of %j is refused", async (body) => {
    expect((await call("POST", "/v1/faults", body)).body.code).toBe("REQUEST_INVALID");
    expect(faults.requests).toEqual([]);
  });

  test("a step that does not exist is refused with those that do", async () => {
    const refused = await call("POST", "/v1/faults", { kind: "crash-at", step: "lunch" });
    expect(refused).toMatchObject({ status: 422, body: { code: "FAULT_STEP_UNKNOWN" } });
    expect(refused.body.steps).toContain("committed:handoff-began");
    expect((await call("POST", "/v1/faults", { kind: "crash-at" })).body.code).toBe(
      "REQUEST_INVALID",
    );
    expect(faults.requests).toEqual([]);
    const step = "sending:begin-handoffs";
    expect((await call("POST", "/v1/faults", { kind: "crash-at", step })).status).toBe(200);
  });

  test("a link to a node that nobody knows, or to itself, is refused", async () => {
    expect((await call("POST", "/v1/faults", { kind: "cut-link", peer: "node-9" })).body.code).toBe(
      "NODE_UNKNOWN",
    );
    expect((await call("POST", "/v1/faults", { kind: "cut-link", peer: "node-1" })).body.code).toBe(
      "REQUEST_INVALID",
    );
    expect(faults.requests).toEqual([]);
  });

  test("an unknown fault is 404", async () => {
    expect((await call("DELETE", "/v1/faults/fault-7")).body.code).toBe("FAULT_UNKNOWN");
  });

  test("every call is 403 on a node that was started without them", async () => {
    const without = await createHttpUnderTest();
    try {
      const headers = { host: "localhost" };
      const answers = await Promise.all([
        without.app.inject({ method: "GET", url: "/v1/faults", headers }),
        without.app.inject({
          method: "POST",
          url: "/v1/faults",
          headers,
          payload: { kind: "crash" },
        }),
        without.app.inject({
          method: "POST",
          url: "/v1/faults",
          headers,
          payload: { kind: "nonsense" },
        }),
        without.app.inject({ method: "DELETE", url: "/v1/faults", headers }),
        without.app.inject({ method: "DELETE", url: "/v1/faults/x", headers }),
      ]);
      for (const answer of answers) {
        expect(answer.json()).toMatchObject({ status: 403, code: "FAULTS_OFF" });
      }
    } finally {
      await without.close();
    }
  });
});

describe("descriptions", () => {
  test("/metrics has the node's counters, every drop pair, and HTTP by route", async () => {
    await call("POST", "/v1/entities/counter/c/get");
    const { payload, headers } = await http.app.inject({
      url: "/metrics",
      headers: { host: "localhost" },
    });
    expect(headers["content-type"]).toContain("text/plain");
    for (const line of [
      "leasehold_requests_total 11",
      "leasehold_request_failures_total 2",
      "leasehold_lease_losses_total 6",
      'leasehold_frames_dropped_total{variant="request",reason="full"} 3',
      "leasehold_shards_serving 9",
      "leasehold_handoff_states_out 14",
      "leasehold_handoff_states_in 15",
      "leasehold_log_seq 10",
      "leasehold_lease_left_seconds 4.2",
      'leasehold_lease_state{state="held"} 1',
      'leasehold_http_request_duration_seconds_count{method="POST",route="/v1/entities/:type/:id/:command",status="200"} 1',
    ]) {
      expect(payload).toContain(line);
    }
  });

  test("/metrics does not add up what the node counted before", async () => {
    const scrape = async (): Promise<string> =>
      (await http.app.inject({ url: "/metrics", headers: { host: "localhost" } })).payload;
    await scrape();
    expect(await scrape()).toContain("leasehold_requests_total 11\n");
  });

  test("/openapi.json describes every call of the contract, from the schemas that check it", async () => {
    const { body } = await call("GET", "/openapi.json");
    const calls = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method} ${path}`),
    );
    expect(calls.sort()).toEqual([
      "delete /v1/faults",
      "delete /v1/faults/{id}",
      "get /livez",
      "get /metrics",
      "get /readyz",
      "get /v1/cluster",
      "get /v1/daemons",
      "get /v1/entities/{type}/{id}",
      "get /v1/events",
      "get /v1/faults",
      "get /v1/plans/{id}",
      "get /v1/self",
      "get /v1/shards",
      "post /v1/daemons/{name}/scale",
      "post /v1/entities/{type}/{id}/{command}",
      "post /v1/faults",
      "post /v1/nodes/{id}/{verb}",
      "post /v1/plans",
      "post /v1/plans/preview",
      "post /v1/plans/{id}/{verb}",
      "post /v1/shards/{group}/{shard}/unpin",
    ]);
    expect(JSON.stringify(body.paths["/v1/faults"].post)).toContain("cut-postgres");
  });
});
