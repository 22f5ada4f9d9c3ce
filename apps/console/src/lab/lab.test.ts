import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { readConfig } from "../relay/config.ts";
import { Hub } from "../relay/hub.ts";
import { type FakeCluster, startFakeCluster } from "../testing/fake-run.ts";
import type { LabFrame, LabRun, ParamValues, ScenarioId } from "../wire/lab.ts";
import { Lab } from "./lab.ts";
import { answerLab } from "./lab-api.ts";

/** The engine over an invented cluster, which has no Postgres: S4 is never observed there. */
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface World {
  readonly cluster: FakeCluster;
  readonly lab: Lab;
}

async function startLab(): Promise<World> {
  const cluster = await startFakeCluster({ shards: 24, leaseTtlMs: 1000 });
  const hub = new Hub(readConfig({ LEASEHOLD_NODES: cluster.seeds.join(",") }), () => {});
  const lab = new Lab({ hub, log: () => {}, store: null, position: () => 7 });
  hub.start();
  closers.push(
    () => cluster.stop(),
    () => hub.stop(),
    () => lab.stop(),
  );
  await vi.waitFor(
    () => {
      expect(hub.links().filter((it) => it.hello !== null)).toHaveLength(3);
      expect(hub.authority.state?.shards.get("default")?.every((it) => it.state === "hosted")).toBe(
        true,
      );
    },
    { timeout: 8000 },
  );
  return { cluster, lab };
}

const by = (name: string) => ({ name, asker: { token: undefined, by: name } });

const order = (scenario: ScenarioId, params: ParamValues = {}) => ({
  ...{ run: randomUUID(), scenario, params },
});

/** Runs it to its end. */
async function play(lab: Lab, scenario: ScenarioId, params: ParamValues = {}): Promise<LabRun> {
  const wanted = order(scenario, params);
  await lab.begin(wanted, by("mira"));
  return await ended(lab, wanted.run);
}

async function ended(lab: Lab, id: string): Promise<LabRun> {
  return await vi.waitFor(
    async () => {
      const run = await lab.find(id);
      if (run?.state !== "ended") throw new Error("The run goes on.");
      return run;
    },
    { timeout: 25_000, interval: 50 },
  );
}

const verdictOf = (run: LabRun, id: string) => run.invariants.find((it) => it.id === id)?.verdict;

describe("a run", { timeout: 40_000 }, () => {
  test("goes through its steps, heals, and says what it did not see: never a pass", async () => {
    const { cluster, lab } = await startLab();
    const run = await play(lab, "X2", { forMs: 2600 });
    expect(run.steps.map((it) => [it.id, it.state])).toEqual(
      ["warm", "cut", "stopped", "taken", "rest", "heal", "rejoined-node-2", "settled"].map(
        (id) => [id, "done"],
      ),
    );
    for (const id of ["S1", "S2", "S5", "S7", "S8", "L1", "L2"]) {
      expect([id, verdictOf(run, id)]).toEqual([id, "holds"]);
    }
    expect(run.verdict).toEqual({
      tag: "not-observed",
      reasons: [expect.stringContaining("S4 stale writes fenced was not observed")],
    });
    expect(run.figures.takeoverMs).toBeLessThan(2000);
    expect(run.healed).toEqual({ healed: 1, residual: 0 });
    expect(cluster.nodes.flatMap((it) => it.faults)).toEqual([]);
    expect(run.tape).toEqual({ firstPos: 7, lastPos: 7 });
  });

  test("fails with S1 where the cut owner serves on", async () => {
    const { cluster, lab } = await startLab();
    const [, zombie] = cluster.nodes;
    if (zombie === undefined) throw new Error("There is no second node.");
    zombie.isZombie = true;
    const run = await play(lab, "X2", { shard: "default/1", forMs: 6000 });
    expect(run.verdict?.tag).toBe("fail");
    expect(run.verdict?.reasons[0]).toMatch(/^S1 one server per shard: .*node-2/);
  });

  test("fails with S5 where an acknowledged deposit is lost", async () => {
    const { cluster, lab } = await startLab();
    const wanted = order("X1", { shard: "default/1" });
    await lab.begin(wanted, by("mira"));
    await vi.waitFor(() => expect(cluster.authority.accounts.size).toBeGreaterThan(5), 5000);
    for (const deposits of cluster.authority.accounts.values()) deposits.shift();
    const run = await ended(lab, wanted.run);
    expect(run.verdict?.reasons[0]).toMatch(/^S5 .* was acknowledged and is lost/);
  });

  test("fails with L4 where a shard has moved, and the step that waited for it has failed", async () => {
    const { cluster, lab } = await startLab();
    const wanted = order("X6", { times: 1, everyMs: 200 });
    await lab.begin(wanted, by("mira"));
    await vi.waitFor(() => expect(cluster.nodes.flatMap((it) => it.faults)).not.toEqual([]), 5000);
    const { authority, nodes } = cluster;
    const [, other] = nodes;
    if (other === undefined) throw new Error("There is no second node.");
    authority.commit(authority.assignment({ group: "default", shard: 0 }, other.ref, "handoff"));
    const run = await ended(lab, wanted.run);
    expect([run.verdict?.tag, verdictOf(run, "L4")]).toEqual(["fail", "violated"]);
    const { state, note } = run.steps.find((it) => it.id === "still") ?? {};
    expect([state, note]).toEqual(["failed", "default/0 was at node-1 before"]);
  });

  test("that was to kill a node and did not says so: nothing ended, nothing crashed", async () => {
    const { lab } = await startLab();
    const wanted = order("X8");
    await lab.begin(wanted, by("mira"));
    const waiting = { id: "crashed", state: "running" };
    await vi.waitFor(
      async () => {
        const steps = (await lab.find(wanted.run))?.steps;
        expect(steps).toContainEqual(expect.objectContaining(waiting));
      },
      { timeout: 10_000 },
    );
    const run = await lab.end(wanted.run, "mira");
    expect(run.faults).toMatchObject([{ kind: "crash-at", how: "healed" }]);
    expect(run.healed).toEqual({ healed: 1, residual: 0 });
    expect(run.marks.map((it) => it.words)).not.toContain("crash");
  });

  test("is stopped: everything is healed at once, and nothing is claimed", async () => {
    const { cluster, lab } = await startLab();
    const wanted = order("X3", { forMs: 60_000 });
    await lab.begin(wanted, by("mira"));
    await vi.waitFor(() => expect(cluster.nodes.some((it) => it.has("pause"))).toBe(true), 5000);
    const run = await lab.end(wanted.run, "mira");
    expect(cluster.nodes.flatMap((it) => it.faults)).toEqual([]);
    expect(run).toMatchObject({
      state: "ended",
      verdict: { tag: "not-observed", reasons: expect.arrayContaining(["mira stopped it."]) },
    });
    await expect(lab.end(wanted.run, "mira")).rejects.toMatchObject({ code: "RUN_ENDED" });
  });

  test("is stopped between two of its faults: the second is not set any more", async () => {
    const { cluster, lab } = await startLab();
    const wanted = order("X2", { forMs: 60_000, links: "are cut" });
    await lab.begin(wanted, by("mira"));
    const isCut = () => cluster.nodes.some((it) => it.has("cut-postgres"));
    await vi.waitFor(() => expect(isCut()).toBe(true), { timeout: 5000, interval: 5 });
    const run = await lab.end(wanted.run, "mira");
    // Long enough for whatever goes on behind the ended run's back.
    await play(lab, "X10", { forMs: 1500 });
    expect(cluster.nodes.flatMap((it) => it.faults)).toEqual([]);
    expect(run.faults.map((it) => it.kind)).toEqual(["cut-postgres"]);
  });

  test("is one at a time, and the same one twice is one", async () => {
    const { lab } = await startLab();
    const wanted = order("X10", { forMs: 1500 });
    expect((await lab.begin(wanted, by("mira"))).isNew).toBe(true);
    expect((await lab.begin(wanted, by("mira"))).isNew).toBe(false);
    await expect(lab.begin(order("X1"), by("tom"))).rejects.toMatchObject({
      code: "RUN_ACTIVE",
      message: expect.stringContaining(wanted.run),
    });
    await ended(lab, wanted.run);
  });

  test("is told to those who watch while it goes on, and at its end", async () => {
    const { lab } = await startLab();
    const frames: LabFrame[] = [];
    lab.listen((frame) => frames.push(frame));
    const run = await play(lab, "X10", { forMs: 1500 });
    expect(frames.length).toBeGreaterThan(4);
    expect(frames[0]?.run?.state).toBe("running");
    expect(frames.at(-1)?.run).toEqual(run);
  });
});

describe("the routes", { timeout: 40_000 }, () => {
  const ask = async (lab: Lab, method: string, path: string, body: unknown = null, query = {}) => {
    const answer = await answerLab(lab, {
      ...{ method, path, query, body, by: method === "GET" ? null : by("mira") },
    });
    if (answer === null) return [404, "NOT_FOUND"];
    return answer.ok
      ? [answer.status, answer.body]
      : [answer.problem.status, answer.problem.code, answer.problem.detail];
  };

  test("show ten scenarios with what they touch, and why X7 cannot be run here", async () => {
    const { lab } = await startLab();
    const [, view] = await ask(lab, "GET", "");
    expect(view).toMatchObject({
      running: null,
      notKept: "The console was given no DATABASE_URL.",
    });
    const { scenarios } = view as Awaited<ReturnType<Lab["view"]>>;
    expect(scenarios.map((it) => it.id)).toEqual(
      Array.from({ length: 10 }, (_, index) => `X${index + 1}`),
    );
    expect(scenarios[1]?.blast.sentence).toBe("8 of 24 shards, on node-2");
    expect(scenarios.filter((it) => !it.availability.available).map((it) => it.id)).toEqual(["X7"]);
  });

  test("refuse what cannot be run, naming what is wrong", async () => {
    const { lab } = await startLab();
    const run = randomUUID();
    expect(await ask(lab, "POST", "/runs", { run: "x", scenario: "X99", params: {} })).toEqual([
      ...[400, "BAD_RUN"],
      expect.stringContaining("scenario"),
    ]);
    expect(
      await ask(lab, "POST", "/runs", { run, scenario: "X5", params: { to: "node-1" } }),
    ).toEqual([422, "BAD_PARAMS", "From and to have to be two nodes."]);
    expect(await ask(lab, "POST", "/runs", { run, scenario: "X7", params: {} })).toEqual([
      ...[409, "SCENARIO_UNAVAILABLE"],
      expect.stringContaining("cannot restart your Postgres"),
    ]);
    expect(await ask(lab, "GET", `/runs/${run}`)).toEqual([
      ...[404, "RUN_UNKNOWN"],
      `There is no run ${run}.`,
    ]);
    expect(await ask(lab, "GET", "/preview", null, { scenario: "X2", forMs: "7" })).toEqual([
      ...[422, "BAD_PARAMS"],
      expect.stringContaining("forMs: it has to be"),
    ]);
    expect(await ask(lab, "DELETE", "/runs")).toEqual([404, "NOT_FOUND"]);
  });
});
