import { createServer, type Server } from "node:http";
import { io, type Socket } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Access } from "../access/access.ts";
import { ClusterMirror } from "../live/mirror.ts";
import { summarize } from "../live/summary.ts";
import { type FakeCluster, startFakeCluster } from "../testing/fake-run.ts";
import type { HealReport } from "../wire/commands.ts";
import type {
  BeliefsFrame,
  Heartbeat,
  LogFrame,
  PastFrame,
  SnapshotFrame,
} from "../wire/relay-frames.ts";
import { unpackSnapshot } from "../wire/snapshot.ts";
import { runCommand } from "./commands.ts";
import { readConfig } from "./config.ts";
import { lookAtDaemons } from "./daemons.ts";
import { Gateway } from "./gateway.ts";
import { Guard } from "./guard.ts";
import { Hub } from "./hub.ts";

const isDead = ({ state }: { readonly state: string }): boolean => state === "dead";
const asker = { token: undefined, by: "ana" };
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Console {
  readonly cluster: FakeCluster;
  readonly hub: Hub;
  readonly url: string;
}

async function startConsole(changesPerSecond = 0): Promise<Console> {
  const cluster = await startFakeCluster({ shards: 24, leaseTtlMs: 1000, changesPerSecond });
  const config = readConfig({ LEASEHOLD_NODES: cluster.seeds.join(",") });
  const hub = new Hub(config, () => {});
  const http: Server = createServer();
  const gateway = new Gateway(hub, http, new Guard(config), new Access(config));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  hub.start();
  gateway.start();
  closers.push(
    () => cluster.stop(),
    () => hub.stop(),
    () => gateway.stop(),
  );
  return { cluster, hub, url: `http://127.0.0.1:${address.port}` };
}

const once = (socket: Socket, name: string): Promise<unknown[]> =>
  new Promise((resolve) => socket.once(name, (...frames: unknown[]) => resolve(frames)));

/** What a browser keeps, without the browser. */
function openBrowser(url: string) {
  const mirror = new ClusterMirror();
  const frames: string[] = [];
  const beats: Heartbeat[] = [];
  const now = (): number => performance.now();
  const socket: Socket = io(url, {
    path: "/relay",
    transports: ["websocket"],
    forceNew: true,
    auth: (give) =>
      give({ history: mirror.cluster?.history ?? null, seq: mirror.cluster?.seq ?? 0 }),
  });
  socket.on("snapshot", (frame: SnapshotFrame) => {
    frames.push("snapshot");
    const { snapshot, nodes } = unpackSnapshot(frame);
    mirror.applySnapshot(snapshot, now());
    mirror.applyBeliefs(nodes, now());
  });
  socket.on("past", (frame: PastFrame) => mirror.applyPast(frame.history, frame.entries));
  socket.on("log", (frame: LogFrame) => {
    frames.push(mirror.applyLog(frame.history, frame.entries, now()));
  });
  socket.on("beliefs", (frame: BeliefsFrame) => mirror.applyBeliefs(frame.nodes, now()));
  socket.on("hb", (beat: Heartbeat) => beats.push(beat));
  closers.push(() => void socket.close());
  const timer = setInterval(() => mirror.tick(now()), 100);
  closers.push(() => clearInterval(timer));
  return { mirror, frames, beats, socket, view: () => summarize(mirror, now()) };
}

const until = (what: () => void) => vi.waitFor(what, { timeout: 8000, interval: 25 });

describe("relay", { timeout: 20_000 }, () => {
  test("finds all nodes from one seed and shows their agreement to a browser", async () => {
    const { hub, url } = await startConsole();
    const browser = openBrowser(url);
    await until(() => expect(hub.links().filter((it) => it.hello !== null)).toHaveLength(3));
    await until(() => expect(browser.view()?.cells).toMatchObject({ stable: 24, unknown: 0 }));
    await until(() => expect(browser.beats.length).toBeGreaterThan(1));
  });

  test("gives a browser that comes into a busy stream its snapshot before anything of the stream", async () => {
    const { url } = await startConsole(500);
    for (let turn = 0; turn < 5; turn++) {
      const browser = openBrowser(url);
      await until(() => expect(browser.frames.length).toBeGreaterThan(3));
      const [first, ...rest] = browser.frames;
      expect([first, ...new Set(rest)]).toEqual(["snapshot", "applied"]);
    }
  });

  test("brings what a page shows first in one small frame, and the log before it in the next", async () => {
    const { hub, url } = await startConsole(500);
    await until(() => expect(hub.authority.tail.entries.length).toBeGreaterThan(600));
    const browser = openBrowser(url);
    const frames = [once(browser.socket, "snapshot"), once(browser.socket, "past")];
    const [[shown], [earlier]] = (await Promise.all(frames)) as [unknown[], unknown[]];
    const { snapshot, nodes } = unpackSnapshot(shown as SnapshotFrame);
    expect([snapshot.recent.length, nodes.length]).toEqual([100, 3]);
    expect(snapshot.changed?.length, "each shard once").toBeLessThanOrEqual(24);
    const { entries } = earlier as PastFrame;
    const seqs = [...entries, ...snapshot.recent].map((it) => it.seq);
    expect(seqs.length).toBeGreaterThan(500);
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
    expect(seqs.at(-1)).toBe(snapshot.cluster.seq);
    await until(() => expect(browser.mirror.log.entries[0]?.seq).toBe(seqs[0]));
  });

  test("hears what each node believes, however much its log has to say", async () => {
    const { cluster, hub } = await startConsole(500);
    await until(() => expect(hub.sightings.all(hub.nowMs())).toHaveLength(3));
    const { seq } = cluster.authority.state;
    await until(() => expect(cluster.authority.state.seq).toBeGreaterThan(seq + 1500));
    for (const { nodeId, ageMs } of hub.sightings.all(hub.nowMs())) {
      expect(ageMs, nodeId).toBeLessThan(1000);
    }
  });

  test("has the log from three nodes of many, and from others when those are gone", async () => {
    const cluster = await startFakeCluster({ shards: 24, nodes: 6, respawnMs: 0 });
    const hub = new Hub(readConfig({ LEASEHOLD_NODES: cluster.seeds.join(",") }), () => {});
    closers.push(
      () => cluster.stop(),
      () => hub.stop(),
    );
    hub.start();
    const tellers = () => cluster.nodes.filter((it) => it.logFollowers > 0);
    await until(() => {
      expect(hub.sightings.all(hub.nowMs())).toHaveLength(6);
      expect(tellers()).toHaveLength(3);
    });
    for (const it of tellers()) it.crash();
    await until(() => {
      const dead = [...(hub.authority.state?.nodes.values() ?? [])].filter(isDead);
      expect(dead).toHaveLength(3);
      expect(hub.authority.state?.seq).toBe(cluster.authority.state.seq);
    });
  });

  test("resumes a browser that was away without a gap and without a snapshot", async () => {
    const { cluster, url } = await startConsole();
    const browser = openBrowser(url);
    await until(() => expect(browser.view()?.cells.stable).toBe(24));
    browser.socket.disconnect();
    cluster.authority.commit({ type: "node-cordoned", nodeId: "node-1" });
    cluster.authority.commit({ type: "node-uncordoned", nodeId: "node-1" });
    browser.frames.length = 0;
    browser.socket.connect();
    await until(() => expect(browser.mirror.cluster?.seq).toBe(cluster.authority.state.seq));
    expect(browser.frames).not.toContain("snapshot");
    expect(browser.frames).not.toContain("gap");
  });

  test("shows a node that is cut from Postgres: at risk, then stopped, then replaced, then well", async () => {
    const { hub, url } = await startConsole();
    const browser = openBrowser(url);
    await until(() => expect(browser.view()?.cells.stable).toBe(24));
    const cut = { kind: "cut-postgres", direction: "both", ttlMs: 60_000 } as const;
    await runCommand(hub, { kind: "fault", nodeId: "node-2", fault: cut }, asker);
    await until(() => {
      const node = browser.view()?.nodes.find((it) => it.nodeId === "node-2");
      expect(node).toMatchObject({ condition: "cut" });
      expect(node?.faults).toHaveLength(1);
    });
    await until(() => {
      const node = browser.view()?.nodes.find((it) => it.nodeId === "node-2");
      expect(node?.owned ?? 0).toBe(0);
      expect(browser.view()?.cells.stable).toBe(24);
    });
    const healed = await runCommand(hub, { kind: "heal-all" }, asker);
    const report = healed.ok ? (healed.body as HealReport) : null;
    expect(report).toMatchObject({ healed: 1, notConfirmed: [] });
    await until(() => {
      expect(browser.view()?.faults).toEqual([]);
      expect(browser.view()?.nodes.filter((it) => it.condition === "ready")).toHaveLength(3);
    });
  });

  test("heals a paused node through the process beside it", async () => {
    const { cluster, hub } = await startConsole();
    await until(() => expect(hub.sightings.get("node-3")).toBeDefined());
    await runCommand(
      hub,
      {
        kind: "fault",
        nodeId: "node-3",
        fault: { kind: "pause", ttlMs: 60_000 },
      },
      asker,
    );
    const node = cluster.nodes[2];
    await until(() => expect(node?.has("pause")).toBe(true));
    const answer = await runCommand(hub, { kind: "heal-all" }, asker);
    expect(answer.ok && (answer.body as HealReport).notConfirmed).toEqual([]);
    expect(node?.faults).toEqual([]);
  });

  test("says which node did not confirm instead of calling all well", async () => {
    const { cluster, hub } = await startConsole();
    await until(() => expect(hub.authority.state?.nodes.size).toBe(3));
    await cluster.nodes[1]?.close();
    const answer = await runCommand(hub, { kind: "heal-all" }, asker);
    const report = answer.ok ? (answer.body as HealReport) : null;
    expect(report?.notConfirmed.map((it) => it.nodeId)).toEqual(["node-2"]);
  });

  test("carries a plan to the cluster and its progress back", async () => {
    const { hub, url } = await startConsole();
    const browser = openBrowser(url);
    await until(() => expect(browser.view()?.cells.stable).toBe(24));
    const asked = await runCommand(
      hub,
      { kind: "preview", request: { kind: "drain", node: "node-3" } },
      asker,
    );
    const planId = asked.ok ? (asked.body as { planId: string }).planId : "";
    expect(planId).not.toBe("");
    expect(browser.view()?.plans).toEqual([]);
    await runCommand(hub, { kind: "plan", planId, verb: "apply" }, asker);
    await until(() => expect(browser.view()?.plans[0]).toMatchObject({ planId, state: "done" }));
    expect(browser.mirror.owned.of("node-3")).toEqual([]);
    expect(browser.view()?.invariants.every((it) => it.verdict !== "violated")).toBe(true);
  });

  test("asks each node for its workers, and says who did not tell and why", async () => {
    const { cluster, hub } = await startConsole();
    await until(() => expect(hub.authority.state?.nodes.size).toBe(3));
    const [first, , third] = cluster.nodes;
    if (first === undefined || third === undefined) throw new Error("There are three nodes.");
    const item = { index: 0, state: "hosted", nodeId: "node-3", incarnation: "x", epoch: 2 };
    const settler = { daemon: "settler", group: "daemon:settler", workers: 1, items: [item] };
    first.daemons = { seq: 9, authorityAgeMs: 1, daemons: [{ ...settler, here: [] }] };
    await third.close();
    const older = { nodeId: "node-2", why: "older than daemons, and runs none" };
    const view = await lookAtDaemons(hub);
    expect(view.unanswered).toEqual([older, { nodeId: "node-3", why: "not reached" }]);
    expect(view.daemons).toMatchObject([{ daemon: "settler", items: [{ state: "unknown" }] }]);
    first.daemons = { seq: 9, daemons: [{ ...settler, here: "nonsense" }] };
    const [unread] = (await lookAtDaemons(hub)).unanswered;
    expect(unread).toEqual({ nodeId: "node-1", why: "the answer cannot be read" });
  });

  test("carries a number of workers to a node", async () => {
    const { cluster, hub } = await startConsole();
    await until(() => expect(hub.authority.state?.nodes.size).toBe(3));
    for (const it of cluster.nodes) it.daemons = {};
    const answer = await runCommand(hub, { kind: "scale", daemon: "settler", workers: 4 }, asker);
    expect(answer).toMatchObject({ ok: true, body: { daemon: "settler", workers: 4 } });
  });

  test("passes a node's problem through", async () => {
    const { hub } = await startConsole();
    await until(() => expect(hub.authority.state).not.toBeNull());
    const answer = await runCommand(hub, { kind: "plan", planId: "p_none", verb: "apply" }, asker);
    expect(answer).toMatchObject({ ok: false, problem: { status: 404, code: "PLAN_UNKNOWN" } });
  });
});
