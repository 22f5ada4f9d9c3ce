import type { Server as HttpServer } from "node:http";
import type { LogEntry } from "@leasehold/sharding/observe";
import { toClusterJson } from "@leasehold/sharding/observe";
import { Server, type Socket } from "socket.io";
import { z } from "zod";
import type { Access } from "../access/access.ts";
import type { LabFrame } from "../wire/lab.ts";
import {
  type ActedFrame,
  type RelayAuth,
  type RelayFrames,
  relayPath,
} from "../wire/relay-frames.ts";
import { packSnapshot } from "../wire/snapshot.ts";
import type { AuthorityChange } from "./authority.ts";
import type { Guard } from "./guard.ts";
import { guardSockets, socketLimits } from "./guard-sockets.ts";
import type { Hub } from "./hub.ts";

/** At most 20 batches a second. @unit milliseconds */
const batchEveryMs = 50;
const heartbeatEveryMs = 1000;
/** How much of the past a snapshot carries. */
const recentEntries = 2000;
/** A gap of more entries than this is cheaper to bridge by a snapshot. */
const resumeLimit = 20_000;

/** The room of those who have been brought up to the last batch. */
const followers = "followers";
/** How many actions a browser that comes hears of. */
const actedKept = 20;

const auth = z.object({ history: z.string().nullable(), seq: z.int().min(0) });

type Frames = { [Name in keyof RelayFrames]: (frame: RelayFrames[Name]) => void };
type Browser = Socket<Record<string, never>, Frames>;

/**
 * The relay's side towards browsers. Everybody gets the same batches, serialized once; a browser that
 * comes is brought to the last batch first, so that what follows is contiguous for it too.
 */
export class Gateway {
  readonly #hub: Hub;
  readonly #io: Server<Record<string, never>, Frames>;
  #unsent: LogEntry[] = [];
  #oldestUnsentMs: number | null = null;
  #isReplaced = false;
  #meta = "";
  #acted: readonly { readonly frame: ActedFrame; readonly atMs: number }[] = [];
  #lab: LabFrame | null = null;
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  constructor(hub: Hub, http: HttpServer, guard: Guard, access: Access) {
    this.#hub = hub;
    this.#io = new Server(http, {
      path: relayPath,
      transports: ["websocket"],
      serveClient: false,
      ...socketLimits,
      // Next.js answers upgrades of its own on the same server.
      destroyUpgrade: false,
      allowRequest: (request, answer) => {
        const reason = guard.refuse(request);
        answer(reason, reason === null);
      },
    });
    guardSockets(this.#io, access);
    this.#io.on("connection", (socket) => this.#welcome(socket));
    hub.listen((change) => this.#note(change));
  }

  start(): void {
    this.#timers.push(setInterval(() => this.#flush(), batchEveryMs));
    this.#timers.push(setInterval(() => this.#beat(), heartbeatEveryMs));
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#io.close();
  }

  tellPast(entries: readonly LogEntry[]): void {
    const history = this.#hub.authority.state?.history;
    if (history === undefined || entries.length === 0) return;
    this.#hub.authority.tail.prepend(entries);
    this.#io.emit("past", { history, entries });
  }

  /** Tells everybody what somebody did; who comes later hears of the last ones. */
  tellActed(frame: ActedFrame): void {
    this.#acted = [...this.#acted.slice(1 - actedKept), { frame, atMs: this.#hub.nowMs() }];
    this.#io.emit("acted", [frame]);
  }

  /** Everybody, and whoever comes later. */
  tellLab(frame: LabFrame): void {
    this.#lab = frame;
    this.#io.emit("lab", frame);
  }

  #note(change: AuthorityChange): void {
    if (change.tag === "replaced") {
      this.#isReplaced = true;
      this.#unsent = [];
      return;
    }
    this.#oldestUnsentMs ??= this.#hub.nowMs();
    for (const entry of change.entries) this.#unsent.push(entry);
  }

  #welcome(socket: Browser): void {
    // Brings everybody else to the same place, so that the newcomer can join at it. What they are told
    // here must not reach it: without the snapshot that is about to come it would find a gap.
    this.#flush();
    socket.emit("meta", this.#hub.meta());
    this.#bringUp(socket, auth.safeParse(socket.handshake.auth).data ?? { history: null, seq: 0 });
    const nowMs = this.#hub.nowMs();
    const acted = this.#acted.map(({ frame, atMs }) => ({ ...frame, ageMs: nowMs - atMs }));
    socket.emit("acted", acted);
    socket.emit("hb", this.#heartbeat());
    if (this.#lab !== null) socket.emit("lab", this.#lab);
    void socket.join(followers);
  }

  #bringUp(socket: Browser, at: RelayAuth): void {
    const { state, tail } = this.#hub.authority;
    const nodes = this.#hub.sightings.all(this.#hub.nowMs());
    if (state === null) {
      socket.emit("beliefs", { nodes });
      return;
    }
    const missing = at.history === state.history && at.seq <= state.seq ? tail.after(at.seq) : null;
    const isHere = at.history === state.history && at.seq === state.seq;
    if (isHere || (missing !== null && missing.length <= resumeLimit)) {
      socket.emit("log", { history: state.history, entries: isHere ? [] : (missing ?? []) });
      socket.emit("beliefs", { nodes });
      return;
    }
    this.#tellWhole(socket, state);
  }

  #tellWhole(to: Pick<Browser, "emit">, state: NonNullable<Hub["authority"]["state"]>): void {
    const nodes = this.#hub.sightings.all(this.#hub.nowMs());
    const tail = this.#hub.authority.tail.entries.slice(-recentEntries);
    const { frame, past } = packSnapshot({ cluster: toClusterJson(state), nodes }, tail);
    to.emit("snapshot", frame);
    if (past.length > 0) to.emit("past", { history: state.history, entries: past });
  }

  #flush(): void {
    const { state } = this.#hub.authority;
    if (this.#isReplaced && state !== null) {
      this.#isReplaced = false;
      this.#unsent = [];
      this.#tellWhole(this.#io.to(followers), state);
    } else if (this.#unsent.length > 0 && state !== null) {
      this.#io.to(followers).emit("log", { history: state.history, entries: this.#unsent });
      this.#unsent = [];
    }
    this.#oldestUnsentMs = null;
    const nodes = this.#hub.sightings.takeUnsent(this.#hub.nowMs());
    if (nodes.length > 0) this.#io.to(followers).emit("beliefs", { nodes });
  }

  #beat(): void {
    this.#io.emit("hb", this.#heartbeat());
    const meta = this.#hub.meta();
    const text = JSON.stringify(meta);
    if (text !== this.#meta) this.#io.emit("meta", meta);
    this.#meta = text;
  }

  #heartbeat(): RelayFrames["hb"] {
    const { authority } = this.#hub;
    const nowMs = this.#hub.nowMs();
    return {
      history: authority.state?.history ?? null,
      seq: authority.state?.seq ?? 0,
      nowMs,
      lagMs: this.#oldestUnsentMs === null ? 0 : nowMs - this.#oldestUnsentMs,
      authorityAgeMs: authority.ageMs(nowMs),
      postgres: this.#hub.postgres(),
      nodes: this.#hub.linksForPages(),
    };
  }
}
