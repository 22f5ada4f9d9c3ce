import { describe, expect, test } from "vitest";
import type { PlanAnswer } from "../http/plan-schemas.ts";
import { problem } from "../http/problems.ts";
import type { CliIo } from "./io.ts";
import { run } from "./run.ts";

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}

type Answer = { readonly status?: number; readonly body: unknown } | Error;

/** Runs one command against answers given in order; the last one repeats. */
async function cli(
  args: string,
  answers: readonly Answer[] = [],
  env: Record<string, string> = {},
) {
  const out: string[] = [];
  const err: string[] = [];
  const sent: Sent[] = [];
  let pauses = 0;
  const io: CliIo = {
    env,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    user: "ann",
    pause: async () => {
      pauses += 1;
      if (pauses > 50) throw new Error("The command waits for ever.");
    },
    fetch: async (input, init = {}) => {
      const { method = "GET", body } = init;
      sent.push({
        method,
        url: String(input),
        headers: new Headers(init.headers),
        body: typeof body === "string" ? JSON.parse(body) : null,
      });
      const answer = answers[Math.min(sent.length, answers.length) - 1];
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error("no answer");
      return Response.json(answer.body, { status: answer.status ?? 200 });
    },
  };
  const exitCode = await run(
    args.split(" ").filter((word) => word !== ""),
    io,
  );
  return { exitCode, out: out.join("\n"), err: err.join("\n"), sent };
}

const node = (nodeId: string, state: string, shards: number) => ({
  nodeId,
  incarnation: "i",
  state,
  cordoned: false,
  address: `http://${nodeId}`,
  zone: "",
  weight: 1,
  labels: {},
  shards,
  leaseAgeMs: 12,
});
const cluster = {
  cluster: "blue",
  history: "h",
  seq: 90,
  authorityAgeMs: 5,
  coordinator: { nodeId: "node-1", term: 3 },
  nodes: [node("node-1", "up", 3), node("node-2", "draining", 1)],
  shards: { total: 4, hosted: 3, starting: 0, unallocated: 0, handingOff: 1 },
};
const plan = (state: PlanAnswer["state"], done = 0): PlanAnswer => ({
  planId: "p/1",
  kind: "move",
  state,
  why: state === "stale" ? "shard 7 has moved" : null,
  by: "ann",
  node: null,
  undoes: null,
  basedOnSeq: 90,
  moves: [
    {
      group: "default",
      shard: 7,
      from: "node-1",
      to: "node-2",
      why: "asked for",
      state: done > 0 ? "done" : "pending",
      stateWhy: null,
      epoch: null,
    },
  ],
  done,
  total: 1,
  spreadBefore: 1,
  spreadAfter: 0,
});
const refusal = (code: string, detail: string) => ({
  status: 409,
  body: problem(code, detail, { retryable: false, executed: "no" }),
});

describe("exit codes", () => {
  test.each([
    "",
    "frobnicate",
    "status --frobnicate",
    "status extra",
    "status --node nonsense",
    "status --node ftp://x",
    "shards --state broken",
    "events --after -1",
    "events --after x",
    "plan",
    "plan shuffle",
    "plan drain",
    "plan move",
    "plan move 7",
    "plan move 7=",
    "plan rebalance --weight node-2=0",
    "plan rebalance --weight node-2",
    "plan rebalance --max-moves few",
    "plan move x/y=node-2",
    "cordon",
    "drain",
    "unpin 7",
    "scale",
    "scale mail",
    "scale mail -1",
    "scale mail 65537",
    "fault melt",
    "fault drop",
    "fault cut-link",
    "fault slow-postgres",
    "fault freeze --ttl-ms 99",
    "fault cut-postgres --direction up",
    "fault pause --peer node-2",
    "node --port x",
    "node",
    "node --frobnicate",
    "supervise --respawn-ms soon",
    "supervise",
    "migrate",
    "migrate --cluster Upper",
  ])("leasehold %s is wrong usage: 2, with a reason, and nothing is sent", async (args) => {
    const { exitCode, err, sent } = await cli(args);
    expect(exitCode).toBe(2);
    expect(err).not.toBe("");
    expect(sent).toEqual([]);
  });

  test.each(["--help", "node --help", "plan --help", "--version", "help"])(
    "leasehold %s is 0",
    async (args) => {
      const { exitCode, out } = await cli(args);
      expect(exitCode).toBe(0);
      expect(out).not.toBe("");
    },
  );

  test("a refusal is 1, with the node's words", async () => {
    const { exitCode, err } = await cli("drain node-9", [
      refusal("NODE_UNKNOWN", "There is no node node-9."),
    ]);
    expect(exitCode).toBe(1);
    expect(err).toBe("There is no such node: There is no node node-9. (NODE_UNKNOWN)");
  });

  test("a refusal with --json is the problem on stderr, and stdout stays empty", async () => {
    const { err, out } = await cli("cordon node-9 --json", [refusal("NODE_UNKNOWN", "no")]);
    expect(JSON.parse(err)).toMatchObject({ code: "NODE_UNKNOWN", executed: "no" });
    expect(out).toBe("");
  });

  test("no node, and something that is none, is 1", async () => {
    const refused = Object.assign(new TypeError("fetch failed"), {
      cause: { code: "ECONNREFUSED" },
    });
    const { exitCode, err } = await cli("status", [refused]);
    expect(exitCode).toBe(1);
    expect(err).toContain("No node answers at http://127.0.0.1:4101 (ECONNREFUSED).");
    const other = await cli("status", [{ status: 404, body: "hello" }]);
    expect(other).toMatchObject({ exitCode: 1 });
    expect(other.err).toContain("is a node of leasehold listening there?");
  });
});

test("--help of node lists every setting with its default", async () => {
  const { out } = await cli("node --help");
  const text = out.replaceAll(/\s+/g, " ");
  for (const part of [
    "--lease-ttl-ms",
    "LEASEHOLD_LEASE_TTL_MS",
    "[default: 5000]",
    "milliseconds",
    "--migrate",
  ]) {
    expect(text).toContain(part);
  }
});

describe("a client command", () => {
  test("asks the node named by flag or variable, with its token, as the user", async () => {
    const env = { LEASEHOLD_URL: "http://one:1", LEASEHOLD_TOKEN: "from-env" };
    const [first] = (await cli("status", [{ body: cluster }], env)).sent;
    expect(first?.url).toBe("http://one:1/v1/cluster");
    expect(first?.headers.get("authorization")).toBe("Bearer from-env");
    expect(first?.headers.get("leasehold-by")).toBe("ann");
    const flags = "--node http://two:2 --token from-flag";
    const [second] = (await cli(`status ${flags}`, [{ body: cluster }], env)).sent;
    expect(second?.url).toBe("http://two:2/v1/cluster");
    expect(second?.headers.get("authorization")).toBe("Bearer from-flag");
    const [third] = (await cli("status", [{ body: cluster }])).sent;
    expect(third?.headers.has("authorization")).toBe(false);
  });
});

describe("status and shards", () => {
  test("status shows nodes and counts", async () => {
    const { out } = await cli("status", [{ body: cluster }]);
    expect(out).toContain("cluster blue, coordinator node-1, term 3, seq 90");
    expect(out).toMatch(/node-2 +draining +1 +12 ms +http:\/\/node-2/);
    expect(JSON.parse((await cli("status --json", [{ body: cluster }])).out)).toEqual(cluster);
  });

  test("shards reads all pages, with its filters", async () => {
    const shard = (index: number) => ({
      group: "default",
      shard: index,
      state: "hosted",
      owner: "node-1",
      incarnation: "i",
      epoch: 2,
      pinned: false,
      to: null,
    });
    const pages = [
      { body: { seq: 9, authorityAgeMs: 1, shards: [shard(0)], next: "default/0" } },
      { body: { seq: 9, authorityAgeMs: 1, shards: [shard(1)], next: null } },
    ];
    const { out, sent } = await cli("shards --json --owner node-1 --state hosted", pages);
    expect(JSON.parse(out)).toEqual({ seq: 9, shards: [shard(0), shard(1)] });
    expect(sent.map(({ url }) => new URL(url).search)).toEqual([
      "?limit=1000&owner=node-1&state=hosted",
      "?limit=1000&owner=node-1&state=hosted&after=default%2F0",
    ]);
    expect((await cli("shards", pages)).out).toMatch(/default\/1 +hosted +node-1 +2/);
  });
});

describe("events", () => {
  const page = (seqs: readonly number[], seq: number, history = "h") => ({
    body: {
      history,
      seq,
      authorityAgeMs: 1,
      events: seqs.map((one) => ({
        seq: one,
        at: "2026",
        term: 1,
        type: "node-dead",
        nodeId: "n",
        proof: null,
      })),
    },
  });

  test("begins with the last ones, and reads until the node has no more", async () => {
    const { out, sent } = await cli("events --json", [
      { body: cluster },
      page([71, 72], 73),
      page([73], 73),
    ]);
    expect(sent.slice(1).map(({ url }) => new URL(url).searchParams.get("after"))).toEqual([
      "70",
      "72",
    ]);
    expect(out.split("\n").map((line) => JSON.parse(line).seq)).toEqual([71, 72, 73]);
  });

  test("stops at an empty page, which a node without Postgres may give", async () => {
    const { exitCode, sent } = await cli("events --after 3", [page([], 9)]);
    expect(exitCode).toBe(0);
    expect(sent).toHaveLength(1);
  });

  test("--follow goes on, waits for a node that is away, and begins again after a restore", async () => {
    const away = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
    const { out, err } = await cli("events --after 1 --follow", [
      page([2], 2),
      away,
      away,
      page([3], 3),
      page([], 0, "other"),
      page([1], 1, "other"),
      { status: 410, body: problem("EVENTS_GONE", "gone", { retryable: false, executed: "no" }) },
    ]);
    expect(out.split("\n").map((line) => Number(line.trim().split(" ")[0]))).toEqual([2, 3, 1]);
    expect(err.match(/Waiting for it/g)).toHaveLength(1);
    expect(err).toContain("The log is another one");
    expect(err).toContain("EVENTS_GONE");
  });
});

describe("plan", () => {
  test("shows what it would move, and applies nothing", async () => {
    const { out, sent, exitCode } = await cli("plan move 7=node-2 other/8=node-3", [
      { body: plan("proposed") },
    ]);
    expect(exitCode).toBe(0);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.body).toEqual({
      kind: "move",
      moves: [
        { group: "default", shard: 7, to: "node-2" },
        { group: "other", shard: 8, to: "node-3" },
      ],
    });
    expect(out).toMatch(/default\/7 +node-1 +node-2 +pending +asked for/);
  });

  test("rebalance takes conditions that hold for it alone", async () => {
    const flags = "--cordon node-3 --cordon node-4 --weight node-2=0.5 --max-moves 9 --keep-hot";
    const { sent } = await cli(`plan rebalance ${flags}`, [{ body: plan("proposed") }]);
    expect(sent[0]?.body).toEqual({
      kind: "rebalance",
      whatIf: {
        ...{ cordon: ["node-3", "node-4"], weights: { "node-2": 0.5 } },
        ...{ maxMoves: 9, keepHot: true },
      },
    });
  });

  test("--apply applies it and waits until it is done", async () => {
    const answers = [plan("proposed"), plan("applying"), plan("applying"), plan("done", 1)];
    const { sent, exitCode, out } = await cli(
      "plan drain node-1 --apply --json",
      answers.map((body) => ({ body })),
    );
    expect(exitCode).toBe(0);
    expect(sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      "POST /v1/plans",
      "POST /v1/plans/p%2F1/apply",
      "GET /v1/plans/p%2F1",
      "GET /v1/plans/p%2F1",
    ]);
    expect(JSON.parse(out).state).toBe("done");
  });

  test.each(["stale", "failed", "cancelled", "paused"] as const)(
    "--apply of a plan that becomes %s is 1",
    async (state) => {
      const answers = [
        { body: plan("proposed") },
        { body: plan("applying") },
        { body: plan(state) },
      ];
      const { exitCode, err } = await cli("plan rebalance --apply", answers);
      expect(exitCode).toBe(1);
      expect(err).toContain(`is ${state}`);
    },
  );

  test("--apply of nothing to move applies nothing", async () => {
    const empty = { ...plan("proposed"), moves: [], total: 0 };
    const { exitCode, sent, out } = await cli("plan rebalance --apply", [{ body: empty }]);
    expect({ exitCode, count: sent.length }).toEqual({ exitCode: 0, count: 1 });
    expect(out).toContain("There is nothing to move.");
  });

  test.each(["pause", "resume", "cancel"])("%s is sent", async (verb) => {
    const { sent } = await cli(`plan ${verb} p/1`, [{ body: plan("paused") }]);
    expect(sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      `POST /v1/plans/p%2F1/${verb}`,
    ]);
  });
});

describe("nodes and shards", () => {
  test.each(["cordon", "uncordon", "drain"])("%s answers the node's state", async (verb) => {
    const { out, sent } = await cli(`${verb} node-2`, [
      { body: { ...node("node-2", "draining", 1), planId: "p-1" } },
    ]);
    expect(new URL(sent[0]?.url ?? "").pathname).toBe(`/v1/nodes/node-2/${verb}`);
    expect(out).toBe("node-2 is draining, with 1 shards (plan p-1)");
  });

  test("drain --wait waits until it is drained, and fails when it is not", async () => {
    const began = { body: { ...node("node-2", "draining", 1), planId: "p-1" } };
    const drained = { body: { ...cluster, nodes: [node("node-2", "drained", 0)] } };
    const dead = { body: { ...cluster, nodes: [node("node-2", "dead", 0)] } };
    expect((await cli("drain node-2 --wait", [began, { body: cluster }, drained])).out).toContain(
      "is drained",
    );
    expect((await cli("drain node-2 --wait", [began, dead])).exitCode).toBe(1);
  });

  test("daemons are listed and scaled", async () => {
    const items = [
      { index: 0, state: "hosted", nodeId: "node-1", incarnation: "i", epoch: 4 },
      { index: 1, state: "unallocated", nodeId: null, incarnation: null, epoch: 0 },
    ];
    const view = { daemon: "mail", group: "daemon:mail", workers: 2, items, here: [] };
    const listed = await cli("daemons", [{ body: { daemons: [view] } }]);
    expect(listed.out.split("\n")).toEqual([
      "DAEMON  WORKER  NODE    STATE        FENCE",
      "mail         0  node-1  hosted           4",
      "mail         1  -       unallocated      0",
    ]);
    expect((await cli("daemons", [{ body: { daemons: [] } }])).out).toBe("no daemons");
    const scaled = await cli("scale mail 2", [{ body: view }]);
    expect(scaled.sent[0]).toMatchObject({ method: "POST", body: { workers: 2 } });
    expect(new URL(scaled.sent[0]?.url ?? "").pathname).toBe("/v1/daemons/mail/scale");
    expect(scaled.out).toBe("mail has 2 workers now");
  });

  test("unpin names the shard", async () => {
    const body = { group: "a/b", shard: 7, pinned: false };
    const { sent, out } = await cli("unpin a/b/7", [{ body }]);
    expect(new URL(sent[0]?.url ?? "").pathname).toBe("/v1/shards/a%2Fb/7/unpin");
    expect(out).toBe("a/b/7 is not pinned");
  });
});

describe("faults", () => {
  const self = { body: { healUrl: "http://127.0.0.1:9" } };
  const accepted = { body: { id: "f-1", expiresInMs: 500 } };

  test("are set with the defaults of the node's own schema", async () => {
    const { sent, out } = await cli("fault slow-link --peer node-2 --delay-ms 50", [
      self,
      accepted,
    ]);
    expect(sent[1]?.body).toEqual({
      kind: "slow-link",
      peer: "node-2",
      direction: "both",
      delayMs: 50,
      jitterMs: 0,
      ttlMs: 30_000,
    });
    expect(out).toBe("slow-link f-1, ends by itself in 500 ms");
  });

  test("that silence the node come with the way to heal it", async () => {
    const { out } = await cli("fault pause --ttl-ms 500", [self, accepted]);
    expect(out).toContain("leasehold heal --heal-url http://127.0.0.1:9");
  });

  test("are listed, and healed one by one, all, or through the helper", async () => {
    const faults = [{ id: "f-1", kind: "cut-link", detail: { peer: "node-2" }, expiresInMs: 9 }];
    expect((await cli("fault", [{ body: { faults } }])).out).toMatch(
      /f-1 +cut-link +peer=node-2 +9/,
    );
    const healed = { body: { healed: ["f-1"] } };
    const urls = await Promise.all(
      ["heal f-1", "heal", "heal --heal-url http://127.0.0.1:9"].map(async (args) => {
        const [sent] = (await cli(args, [healed])).sent;
        return `${sent?.method} ${sent?.url}`;
      }),
    );
    expect(urls).toEqual([
      "DELETE http://127.0.0.1:4101/v1/faults/f-1",
      "DELETE http://127.0.0.1:4101/v1/faults",
      "DELETE http://127.0.0.1:9/v1/faults",
    ]);
  });
});
