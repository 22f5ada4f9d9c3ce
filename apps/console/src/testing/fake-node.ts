import { randomUUID } from "node:crypto";
import { createServer, type Server as HttpServer } from "node:http";
import {
  type ActiveFault,
  type Belief,
  findShard,
  type LogEntry,
  ownerOf,
  type ShardBelief,
  type ShardRef,
  sameNode,
  shardKey,
  toClusterJson,
} from "@leasehold/sharding/observe";
import { Server } from "socket.io";
import { fakeBelief, fakeHeat } from "./fake-belief.ts";
import type { FakeAuthority } from "./fake-cluster.ts";
import { answerHttp } from "./fake-http.ts";
import { FakeObservers } from "./fake-observers.ts";

/** The pace of a real node. @unit milliseconds */
const heartbeatMs = 1000;
const coalesceMs = 50;

/**
 * One invented node: it serves what the authority gave it, says so in `ObservationFrames`, and suffers
 * faults. It is what the console is developed and tested against.
 */
export class FakeNode {
  readonly nodeId: string;
  incarnation: string = randomUUID();
  readonly authority: FakeAuthority;
  readonly shards = new Map<string, ShardBelief>();
  faults: (ActiveFault & { readonly untilMs: number })[] = [];
  /** Serves on after its lease has ended: what must never happen, for pages that show it. */
  isZombie = false;
  isCrashed = false;
  isLost = false;
  address = "";
  readonly peers: FakeNode[] = [];
  /** What it answers about daemons; null: as a node that is older than they are. */
  daemons: unknown = null;
  renewedAtMs = Date.now();
  seq = 0;
  #http: HttpServer | null = null;
  #io: Server | null = null;
  #changed = new Map<string, ShardBelief>();
  #gone = new Map<string, ShardRef>();
  #lastFrameMs = 0;
  #lastHeatMs = 0;
  readonly #observers = new FakeObservers();
  readonly #due: { readonly atMs: number; readonly run: () => void }[] = [];
  readonly zone: string;

  constructor(nodeId: string, zone: string, authority: FakeAuthority) {
    this.nodeId = nodeId;
    this.zone = zone;
    this.authority = authority;
  }

  /** Takes what the authority has given it already, and follows it from here. */
  begin(): void {
    const { state } = this.authority;
    this.seq = state.seq;
    for (const [group, rows] of state.shards) {
      for (const [shard, row] of rows.entries()) {
        if (ownerOf(row)?.incarnation !== this.incarnation) continue;
        const { epoch } = row;
        if (row.state === "starting") this.#start({ group, shard }, epoch);
        else this.#believe({ group, shard, epoch, serving: true, phase: "serving" });
      }
    }
    this.authority.listen((entries) => this.#hear(entries));
  }

  get ref(): { readonly nodeId: string; readonly incarnation: string } {
    return { nodeId: this.nodeId, incarnation: this.incarnation };
  }

  get leaseLeftMs(): number {
    const age = Date.now() - this.renewedAtMs;
    return Math.max(0, this.authority.options.leaseTtlMs * 0.9 - age);
  }

  has(kind: string): boolean {
    return this.faults.some((it) => it.kind === kind);
  }

  /** How many consoles have the log from it. */
  get logFollowers(): number {
    return this.#observers.logFollowers;
  }

  async open(port: number): Promise<void> {
    const http = createServer((request, response) => answerHttp(this, request, response));
    const io = new Server(http, { transports: ["websocket"], serveClient: false });
    io.on("connection", (socket) => {
      const { history, seq, log } = socket.handshake.auth as {
        readonly history?: string;
        readonly seq?: number;
        readonly log?: boolean;
      };
      socket.emit("hello", this.#hello());
      const { state, entries } = this.authority;
      const isKnown = history === state.history && seq !== undefined && seq <= state.seq;
      if (isKnown && log !== false) {
        socket.emit("log", { history, entries: entries.slice(seq), authorityAgeMs: this.#age() });
      } else if (log !== false) {
        socket.emit("snapshot", { cluster: toClusterJson(state), authorityAgeMs: this.#age() });
      }
      this.#observers.add(socket, log === false ? Number.POSITIVE_INFINITY : state.seq);
      socket.emit("belief", { belief: this.belief(), shards: [...this.shards.values()] });
    });
    await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
    const bound = http.address();
    const actual = typeof bound === "object" && bound !== null ? bound.port : port;
    this.address = `http://127.0.0.1:${actual}`;
    this.#http = http;
    this.#io = io;
  }

  async close(): Promise<void> {
    await this.#io?.close();
    this.#http?.closeAllConnections();
    this.#io = null;
  }

  /** A life ends at once, as by SIGKILL. */
  crash(): void {
    this.isCrashed = true;
    const dead = this.ref;
    const port = Number(new URL(this.address).port);
    this.shards.clear();
    this.faults = [];
    this.close().catch(() => {});
    this.#after(250, () => this.authority.bury(dead, "waiter"));
    const { respawnMs } = this.authority.options;
    if (respawnMs > 0) {
      this.#after(respawnMs, () => {
        this.isCrashed = false;
        this.open(port).then(
          () => this.rejoin(),
          () => {},
        );
      });
    }
  }

  rejoin(): void {
    this.incarnation = randomUUID();
    this.isLost = false;
    this.renewedAtMs = Date.now();
    for (const key of [...this.shards.keys()]) this.#drop(key);
    const { nodeId, incarnation, address, zone } = this;
    this.authority.commit({
      type: "node-joined",
      nodeId,
      incarnation,
      address,
      zone,
      weight: 1,
      labels: {},
    });
  }

  /** Lets the time since the last step pass. */
  step(): void {
    const now = Date.now();
    while ((this.#due[0]?.atMs ?? Number.POSITIVE_INFINITY) <= now) this.#due.shift()?.run();
    if (this.isCrashed) return;
    if (this.faults.length > 0) {
      this.faults = this.faults
        .map((it) => ({ ...it, expiresInMs: it.untilMs - now }))
        .filter((it) => it.expiresInMs > 0);
    }
    if (this.has("pause")) {
      if (this.leaseLeftMs === 0) this.#bury();
      return;
    }
    this.#stepLease();
    // First what it believes, as a real node: the log of a busy cluster would leave no room for it.
    const waitMs = this.#changed.size + this.#gone.size > 0 ? coalesceMs : heartbeatMs;
    if (this.#observers.areIdle && now - this.#lastFrameMs >= waitMs) this.#tell(now);
    this.#tellLog();
  }

  belief(): Belief {
    return fakeBelief(this);
  }

  #stepLease(): void {
    if (!this.has("cut-postgres")) {
      if (this.isLost) this.rejoin();
      if (Date.now() - this.renewedAtMs > this.authority.options.leaseTtlMs / 6) {
        this.renewedAtMs = Date.now();
      }
      return;
    }
    if (this.leaseLeftMs > 0 || this.isLost) return;
    this.isLost = true;
    if (!this.isZombie) for (const key of [...this.shards.keys()]) this.#drop(key);
    this.#after(this.authority.options.leaseTtlMs * 0.12, () => this.#bury());
  }

  #bury(): void {
    const row = this.authority.state.nodes.get(this.nodeId);
    if (row?.state !== "dead" && row?.incarnation === this.incarnation) {
      this.isLost = true;
      this.authority.bury(this.ref, "watched");
    }
  }

  #hear(entries: readonly LogEntry[]): void {
    if (this.isCrashed) return;
    this.seq = entries.at(-1)?.seq ?? this.seq;
    for (const entry of entries) this.#hearOne(entry);
    this.#tellLog();
  }

  #hearOne(entry: LogEntry): void {
    if (entry.type === "shard-assigned") {
      const mine = entry.nodeId === this.nodeId && entry.incarnation === this.incarnation;
      if (mine) this.#start(entry, entry.epoch);
    }
    if (entry.type === "shard-hosted" && entry.nodeId !== this.nodeId && !this.isZombie) {
      this.#drop(shardKey(entry));
    }
    if (entry.type === "handoff-began" && entry.nodeId === this.nodeId) {
      this.#believe({ ...refOf(entry), epoch: entry.epoch, serving: true, phase: "draining" });
      this.#after(this.authority.options.phaseMs, () => this.#release(entry, entry.epoch));
    }
  }

  #start(ref: ShardRef, epoch: number): void {
    this.#believe({ ...refOf(ref), epoch, serving: false, phase: "starting" });
    this.#after(this.authority.options.phaseMs, () => {
      const row = findShard(this.authority.state, ref);
      if (row?.epoch !== epoch || this.isLost || this.isCrashed) return;
      this.#believe({ ...refOf(ref), epoch, serving: true, phase: "serving" });
      this.authority.say({ type: "shard-hosted", ...refOf(ref), ...this.ref, epoch });
    });
  }

  #release(ref: ShardRef, epoch: number): void {
    const row = findShard(this.authority.state, ref);
    if (row?.state !== "handing-off" || row.epoch !== epoch || !sameNode(row.owner, this.ref))
      return;
    this.#believe({ ...refOf(ref), epoch, serving: false, phase: "frozen" });
    this.authority.say(this.authority.assignment(ref, row.handoff.to, "handoff"));
  }

  #believe(it: ShardBelief): void {
    this.shards.set(shardKey(it), it);
    this.#gone.delete(shardKey(it));
    this.#changed.set(shardKey(it), it);
  }

  #drop(key: string): void {
    const it = this.shards.get(key);
    if (it === undefined) return;
    this.shards.delete(key);
    this.#changed.delete(key);
    this.#gone.set(key, refOf(it));
  }

  #tellLog(): void {
    this.#observers.tellLog(this.authority, this.#age());
  }

  #tell(now: number): void {
    this.#lastFrameMs = now;
    const isHeatDue = now - this.#lastHeatMs >= 1000;
    if (isHeatDue) this.#lastHeatMs = now;
    this.#io?.emit("belief-delta", {
      belief: this.belief(),
      changed: [...this.#changed.values()],
      gone: [...this.#gone.values()],
      ...(isHeatDue ? { hot: fakeHeat(this) } : {}),
      authorityAgeMs: this.#age(),
    });
    this.#changed = new Map();
    this.#gone = new Map();
  }

  #age(): number {
    return this.has("cut-postgres") ? Date.now() - this.renewedAtMs : 40;
  }

  #hello() {
    const { nodeId, incarnation, address } = this;
    return {
      protocol: 1,
      cluster: this.authority.options.cluster,
      nodeId,
      incarnation,
      address,
      healUrl: `${address}/heal`,
      faultsOn: this.authority.options.faultsOn,
      leaseTtlMs: this.authority.options.leaseTtlMs,
    };
  }

  #after(ms: number, run: () => void): void {
    this.#due.push({ atMs: Date.now() + ms, run });
    this.#due.sort((a, b) => a.atMs - b.atMs);
  }
}

const refOf = ({ group, shard }: ShardRef): ShardRef => ({ group, shard });
