import { io, type Socket } from "socket.io-client";
import type { LabFrame } from "../wire/lab.ts";
import {
  type ActedFrame,
  type BeliefsFrame,
  type EndedFrame,
  type Heartbeat,
  type LogFrame,
  type PastFrame,
  type RelayAuth,
  type RelayMeta,
  relayPath,
  relayProtocol,
  type SnapshotFrame,
  type YouFrame,
} from "../wire/relay-frames.ts";
import { unpackSnapshot } from "../wire/snapshot.ts";
import { type ConnectionEvent, initialConnection, stepConnection } from "./connection.ts";
import { FrameGate } from "./frame-gate.ts";
import { LoadHistory } from "./load-history.ts";
import { ClusterMirror, type MirrorListener } from "./mirror.ts";
import { session } from "./session.ts";
import { ShownMirror } from "./shown-mirror.ts";
import { createLiveStore, type Moment, type Paused } from "./store.ts";
import { summarize } from "./summary.ts";

/** React sees the cluster at most this often, and at least this often. @unit milliseconds */
const publishEvery = { minMs: 100, maxMs: 500 };
/** Of a hundred milliseconds, rendering may take about twelve: the rest is for painting the map. */
const renderShare = 8;
const tickEveryMs = 250;
/** So many of the last actions are remembered. */
const actedKept = 20;

/**
 * The page's line to the relay: frames go into the mirror at once, publications to React are paced.
 * One for the whole application; pages come and go above it.
 */
export class LiveCluster {
  readonly store = createLiveStore();
  readonly loads = new LoadHistory();
  readonly #present = new ClusterMirror();
  readonly #shown = new ShownMirror(this.#present);
  /** The moment that is shown; null: the present. */
  #past: Moment | null = null;
  readonly #gate = new FrameGate();
  #connection = initialConnection;
  #publishEveryMs = publishEvery.minMs;
  #socket: Socket | null = null;
  #publishTimer: ReturnType<typeof setTimeout> | null = null;
  #pausedAtMs: number | null = null;
  #tickTimer: ReturnType<typeof setInterval> | null = null;
  readonly #open: typeof io;

  /** @param open the line to the relay. */
  constructor(open: typeof io = io) {
    this.#open = open;
  }

  /** What the pages show: the cluster as it is, or as it was at a moment of the past. */
  get mirror(): ClusterMirror {
    return this.#shown.mirror;
  }

  /** Hears of cells that change in what the pages show, and when that is another mirror. */
  listen(listener: MirrorListener): () => void {
    return this.#shown.listen(listener);
  }

  /** The present, whatever the pages show. */
  get present(): ClusterMirror {
    return this.#present;
  }

  /**
   * The instant that the present is known of, by its mirror's clock. When the relay is silent it stands still: that
   * nobody was heard since then says something about the relay and nothing about the nodes.
   */
  get presentMs(): number {
    if (this.#pausedAtMs !== null) return this.#pausedAtMs;
    const { state, lastLiveMs } = this.#connection;
    return state === "stale" || state === "offline" ? (lastLiveMs ?? now()) : now();
  }

  /** Shows a mirror that stands at a moment. Call it again when either has changed. */
  showPast(mirror: ClusterMirror, moment: Moment): void {
    this.#past = moment;
    this.#shown.show(mirror);
    this.#publish();
  }

  showPresent(): void {
    this.#past = null;
    this.#shown.show(this.#present);
    this.#publish();
  }

  start(): void {
    if (this.#socket !== null) return;
    const socket = this.#open({
      path: relayPath,
      transports: ["websocket"],
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
      auth: (give) => give(this.#auth()),
    });
    this.#socket = socket;
    this.#listen(socket);
    this.#tickTimer = setInterval(() => this.#tick(), tickEveryMs);
  }

  stop(): void {
    this.#socket?.close();
    this.#socket = null;
    if (this.#tickTimer !== null) clearInterval(this.#tickTimer);
    if (this.#publishTimer !== null) clearTimeout(this.#publishTimer);
    this.#publishTimer = null;
  }

  /** Tries at once: while its next try waits, `connect` alone would leave it to that. */
  retryNow(): void {
    this.#socket?.disconnect().connect();
  }

  /** The page stands still from now on; what comes waits. */
  pause(): void {
    if (this.#gate.isHeld || this.#present.cluster === null) return;
    this.#gate.hold();
    this.#pausedAtMs = this.presentMs;
    this.#publish();
  }

  /** Shows what has waited. */
  resume(): void {
    if (!this.#gate.isHeld) return;
    this.#pausedAtMs = null;
    if (this.#gate.release() === "overfull") this.retryNow();
    this.#publish();
  }

  #auth(): RelayAuth {
    const cluster = this.#present.cluster;
    return { history: cluster?.history ?? null, seq: cluster?.seq ?? 0 };
  }

  #listen(socket: Socket): void {
    socket.on("connect", () => {
      this.#gate.restart();
      this.store.setState({ retryAtMs: null });
      this.#note({ tag: "opened" });
    });
    socket.on("disconnect", () => this.#note({ tag: "closed" }));
    socket.io.on("reconnect_attempt", () => this.store.setState({ retryAtMs: null }));
    socket.on("connect_error", (error: Error & { readonly data?: { readonly code?: string } }) => {
      const code = error.data?.code;
      if (code === "SESSION_EXPIRED") session.noteEnded("expired");
      if (code === "SIGN_IN_REQUIRED") session.noteEnded("signed-out");
      // socket.io does not tell its next delay; its bounds are ours, so the middle is close.
      this.store.setState({ retryAtMs: now() + 2500 });
      this.#note({ tag: "closed" });
    });
    socket.on("you", (frame: YouFrame) => session.noteYou(frame));
    socket.on("ended", (frame: EndedFrame) => session.noteEnded(frame.reason));
    socket.on("acted", (frames: readonly ActedFrame[]) => this.#noteActed(frames));
    socket.on("meta", (meta: RelayMeta) => this.store.setState({ meta }));
    this.#listenToFrames(socket);
    socket.on("lab", ({ run }: LabFrame) => this.store.setState({ labRun: run }));
    socket.on("hb", (heartbeat: Heartbeat) => {
      this.store.setState({ heartbeat });
      const { nowMs: relayNowMs, lagMs: relayLagMs } = heartbeat;
      // A paused page is not behind: it waits because it was told to.
      const seq = this.#gate.isHeld ? this.#connection.appliedSeq : heartbeat.seq;
      this.#note({ tag: "beat", seq, relayNowMs, relayLagMs });
    });
  }

  #listenToFrames(socket: Socket): void {
    socket.on("snapshot", (frame: SnapshotFrame) => this.#heardWhole(frame));
    socket.on("past", (frame: PastFrame) =>
      this.#gate.pass(0, () => {
        this.#present.applyPast(frame.history, frame.entries);
        this.#publishSoon();
      }),
    );
    socket.on("log", (frame: LogFrame) =>
      this.#gate.pass(frame.entries.length, () => this.#applyLog(socket, frame)),
    );
    socket.on("beliefs", (frame: BeliefsFrame) => {
      // A belief is as old as it is, however long it waits here.
      const heardMs = now();
      this.loads.hear(frame.nodes, heardMs);
      this.#gate.pass(0, () => {
        this.#present.applyBeliefs(frame.nodes, heardMs);
        this.#publishSoon();
      });
    });
  }

  #heardWhole(frame: SnapshotFrame): void {
    // Of another version, which the page says: what it means is not known.
    if (this.store.getState().meta?.protocol !== relayProtocol) return;
    const { snapshot, nodes } = unpackSnapshot(frame);
    const heardMs = now();
    this.loads.hear(nodes, heardMs);
    this.#gate.pass(0, () => {
      this.#present.applySnapshot(snapshot, now());
      this.#present.applyBeliefs(nodes, heardMs);
      this.#applied();
    });
  }

  #noteActed(frames: readonly ActedFrame[]): void {
    const news = new Set(frames.map((it) => it.action));
    const old = this.store.getState().acted.filter((it) => !news.has(it.action));
    const acted = frames.map((it) => ({ ...it, atMs: now() - it.ageMs }));
    this.store.setState({ acted: [...old, ...acted].slice(-actedKept) });
  }

  #applyLog(socket: Socket, frame: LogFrame): void {
    if (this.#present.applyLog(frame.history, frame.entries, now()) === "gap") {
      // Connecting again says where this page stands; the relay answers with the rest or a snapshot.
      socket.disconnect().connect();
      return;
    }
    this.#applied();
  }

  #applied(): void {
    this.#note({ tag: "applied", seq: this.#present.cluster?.seq ?? 0 });
  }

  #tick(): void {
    this.#note({ tag: "tick" });
    this.#present.tick(this.presentMs);
  }

  #note(event: ConnectionEvent): void {
    const before = this.#connection;
    this.#connection = stepConnection(before, event, now());
    // A new state is told at once; counters wait for the next publication.
    if (this.#connection.state !== before.state) this.#publish();
    else this.#publishSoon();
  }

  #publishSoon(): void {
    this.#publishTimer ??= setTimeout(() => this.#publish(), this.#publishEveryMs);
  }

  #publish(): void {
    if (this.#publishTimer !== null) clearTimeout(this.#publishTimer);
    this.#publishTimer = null;
    const nowMs = now();
    const { hasSnapshot } = this.#connection;
    const asOfMs = this.presentMs;
    const present = hasSnapshot ? summarize(this.#present, asOfMs) : null;
    const past = this.#past;
    this.store.setState({
      nowMs: past === null ? asOfMs : past.atMs,
      clockMs: nowMs,
      connection: this.#connection,
      paused: this.#paused(),
      moment: past,
      presentFaults: present?.faults ?? [],
      summary: past === null ? present : summarize(this.mirror, past.atMs),
    });
    // React renders what this changed in a microtask before this one.
    queueMicrotask(() => {
      const wanted = (now() - nowMs) * renderShare;
      this.#publishEveryMs = Math.min(publishEvery.maxMs, Math.max(publishEvery.minMs, wanted));
    });
  }

  #paused(): Paused | null {
    if (this.#pausedAtMs === null) return null;
    return { atMs: this.#pausedAtMs, waiting: this.#gate.waiting };
  }
}

const now = (): number => performance.now();
