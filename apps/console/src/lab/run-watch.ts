import { toClusterJson } from "@leasehold/sharding/observe";
import { ClusterMirror } from "../live/mirror.ts";
import type { Hub } from "../relay/hub.ts";
import type { NodeObservation } from "../wire/relay-frames.ts";
import { laneOf } from "./lane-of.ts";
import { NodeLanes } from "./node-lanes.ts";
import { Seen } from "./seen.ts";
import { ServeWatch } from "./serve-watch.ts";
import { Excuses, Gaps } from "./windows.ts";

const tickEveryMs = 100;

/**
 * What one run sees of the cluster: a mirror of its own that is fed as the console hears, and beside it who served what,
 * what could not be seen, and what each node did.
 */
export class RunWatch {
  readonly mirror = new ClusterMirror();
  readonly serves = new ServeWatch();
  readonly gaps = new Gaps();
  readonly excuses = new Excuses();
  readonly lanes = new NodeLanes();
  readonly #hub: Hub;
  readonly #nodes: readonly string[];
  readonly #startedMs: number;
  /** Per stopped node: the life that the run stopped, and whether it may be heard again. */
  readonly #stopped = new Map<string, { readonly incarnation: string; mayReturn: boolean }>();
  readonly #unlisten: (() => void)[] = [];
  #lastTickMs: number;
  #timer: ReturnType<typeof setInterval> | null = null;

  /** @param nodes those that have to be heard. */
  constructor(hub: Hub, nodes: readonly string[]) {
    this.#hub = hub;
    this.#nodes = nodes;
    this.#startedMs = hub.nowMs();
    this.#lastTickMs = this.#startedMs;
  }

  /** On the run's clock. @unit milliseconds */
  nowMs(): number {
    return this.#hub.nowMs() - this.#startedMs;
  }

  start(): void {
    const { authority, sightings } = this.#hub;
    const nowMs = this.#hub.nowMs();
    if (authority.state !== null) {
      this.mirror.applySnapshot({ cluster: toClusterJson(authority.state), recent: [] }, nowMs);
    }
    this.mirror.applyBeliefs(sightings.all(nowMs), nowMs);
    this.#unlisten.push(
      this.#hub.listen((change) => {
        const at = this.#hub.nowMs();
        if (change.tag === "replaced") {
          this.gaps.logReplaced(this.nowMs());
          const cluster = toClusterJson(change.state);
          return this.mirror.applySnapshot({ cluster, recent: [] }, at);
        }
        const history = this.#hub.authority.state?.history ?? "";
        if (this.mirror.applyLog(history, change.entries, at) === "gap") {
          this.gaps.logReplaced(this.nowMs());
        }
      }),
      this.#hub.listenBeliefs((it) => this.#heard(it)),
    );
    this.#timer = setInterval(() => this.#tick(), tickEveryMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const stop of this.#unlisten.splice(0)) stop();
    this.#tick();
  }

  seen(): Seen {
    return new Seen(this.mirror, this.#hub.nowMs());
  }

  /** The run is about to keep this node from speaking. */
  willStop(nodeId: string): void {
    const incarnation = this.mirror.sights.get(nodeId)?.belief.incarnation ?? "";
    this.#stopped.set(nodeId, { incarnation, mayReturn: false });
    this.excuses.begin(nodeId, this.nowMs());
  }

  /** What kept it from speaking has been taken back. */
  mayReturn(nodeId: string): void {
    const stopped = this.#stopped.get(nodeId);
    if (stopped !== undefined) stopped.mayReturn = true;
  }

  #heard(it: NodeObservation): void {
    this.mirror.applyBeliefs([it], this.#hub.nowMs());
    const nowMs = this.nowMs();
    const stopped = this.#stopped.get(it.nodeId);
    const { incarnation } = it.belief;
    if (stopped !== undefined && (stopped.mayReturn || stopped.incarnation !== incarnation)) {
      this.#stopped.delete(it.nodeId);
      this.excuses.end(it.nodeId, nowMs);
    }
    const serving = new Map<string, number>();
    for (const one of this.mirror.sights.get(it.nodeId)?.shards.values() ?? []) {
      if (one.serving) serving.set(`${one.group}/${one.shard}`, one.epoch);
    }
    this.serves.heard({ nodeId: it.nodeId, incarnation }, serving, nowMs);
  }

  #tick(): void {
    const at = this.#hub.nowMs();
    const nowMs = this.nowMs();
    this.gaps.stall(at - this.#lastTickMs - tickEveryMs, nowMs);
    this.#lastTickMs = at;
    this.mirror.tick(at);
    const seen = this.seen();
    for (const nodeId of this.#nodes) {
      if (!this.excuses.isOpen(nodeId)) {
        this.gaps.silence(nodeId, seen.silentMs(nodeId) ?? nowMs, nowMs);
      }
      this.lanes.note(nodeId, laneOf(seen, nodeId), nowMs);
    }
  }
}
