import type { Belief, ClusterState } from "@leasehold/sharding/observe";
import {
  type NodeLink,
  type NodeObservation,
  type PostgresLink,
  type RelayMeta,
  relayProtocol,
} from "../wire/relay-frames.ts";
import { Authority, type AuthorityChange } from "./authority.ts";
import type { ConsoleConfig } from "./config.ts";
import type { Hello } from "./frame-schemas.ts";
import type { Log } from "./log.ts";
import { LogTellers, type Teller } from "./log-tellers.ts";
import { type NodeLinkEvents, type NodeLinkHandle, openNodeLink } from "./node-link.ts";
import { lookerOf } from "./node-tokens.ts";
import { Sightings } from "./sightings.ts";

/**
 * The middle of the console: one merged authority, one set of beliefs, one link to every node that the
 * seeds or the cluster itself have named. Browsers and commands read from here; nothing here waits for
 * them.
 */
export class Hub {
  readonly authority: Authority;
  readonly sightings = new Sightings();
  readonly config: ConsoleConfig;
  readonly #logTellers = new LogTellers();
  readonly #links = new Map<string, NodeLinkHandle>();
  readonly #listeners = new Set<(change: AuthorityChange) => void>();
  readonly #beliefListeners = new Set<(it: NodeObservation) => void>();
  readonly #nowMs: () => number;
  readonly #log: Log;
  #postgres: { state: PostgresLink["state"]; sinceMs: number };

  constructor(config: ConsoleConfig, log: Log, nowMs: () => number = () => performance.now()) {
    this.config = config;
    this.#log = log;
    this.#nowMs = nowMs;
    this.#postgres = { state: config.databaseUrl === undefined ? "off" : "down", sinceMs: nowMs() };
    this.authority = new Authority((change) => this.#adopted(change));
  }

  start(): void {
    for (const seed of this.config.seeds) this.#open(seed);
  }

  stop(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  nowMs(): number {
    return this.#nowMs();
  }

  listen(listener: (change: AuthorityChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells what a node says, as it says it, with an age of 0. */
  listenBeliefs(listener: (it: NodeObservation) => void): () => void {
    this.#beliefListeners.add(listener);
    return () => this.#beliefListeners.delete(listener);
  }

  notePostgres(isUp: boolean): void {
    const state = isUp ? "up" : "down";
    if (state !== this.#postgres.state) this.#postgres = { state, sinceMs: this.#nowMs() };
  }

  postgres(): PostgresLink {
    return { state: this.#postgres.state, forMs: this.#nowMs() - this.#postgres.sinceMs };
  }

  links(): readonly NodeLinkHandle[] {
    return [...this.#links.values()];
  }

  linksForPages(): NodeLink[] {
    return this.links().map((it) => ({
      address: it.address,
      nodeId: it.hello?.nodeId ?? null,
      state: it.state,
      why: it.why,
      forMs: this.#nowMs() - it.sinceMs,
    }));
  }

  meta(): RelayMeta {
    const hellos = this.links().flatMap((it) => (it.hello === null ? [] : [it.hello]));
    const { databaseUrl, historyHours, historyMegabytes, auditDays } = this.config;
    return {
      protocol: relayProtocol,
      environment: this.config.environment,
      cluster: hellos[0]?.cluster ?? this.config.cluster,
      leaseTtlMs: hellos[0]?.leaseTtlMs ?? 0,
      faultsOn: hellos.some((it) => it.faultsOn),
      hasLoad: this.config.loadUrl !== undefined,
      keeps: databaseUrl === undefined ? null : { historyHours, historyMegabytes, auditDays },
    };
  }

  #open(address: string): void {
    if (this.#links.has(address)) return;
    this.#links.set(
      address,
      openNodeLink(address, lookerOf(this.config.tokens).token, this.#nowMs, this.#linkEvents()),
    );
  }

  #linkEvents(): NodeLinkEvents {
    return {
      auth: ({ address }) => ({
        history: this.authority.state?.history ?? null,
        seq: this.authority.state?.seq ?? 0,
        log: this.#logTellers.choose(this.#tellers(), address, this.#nowMs()),
      }),
      hello: (link, frame) => this.#greet(link, frame),
      snapshot: (cluster, ageMs) => this.authority.offerSnapshot(cluster, ageMs, this.#nowMs()),
      log: (history, entries, ageMs) =>
        this.authority.offerEntries(history, entries, ageMs, this.#nowMs()),
      belief: (link, frame) => {
        if (link.hello === null) return;
        const belief = this.sightings.recognize(frame.belief);
        this.sightings.whole(link.hello, belief, frame.shards, this.#nowMs());
        this.#tellBelief(link.hello, belief, {
          changed: frame.shards,
          gone: [],
          whole: true,
        });
      },
      delta: (link, frame) => {
        if (link.hello === null) return;
        const { changed, gone, hot = null } = frame;
        const belief = this.sightings.recognize(frame.belief);
        this.sightings.delta(link.hello, belief, changed, gone, this.#nowMs(), hot);
        this.#tellBelief(link.hello, belief, {
          ...{ changed, gone, whole: false },
          ...(hot === null ? {} : { hot }),
        });
        this.#noteCurrent(belief.seq, frame.authorityAgeMs);
        this.#checkTellers();
      },
      state: (link) =>
        this.#log("info", "node link", {
          address: link.address,
          state: link.state,
          why: link.why,
        }),
      refused: (link, event, error) =>
        this.#log("warn", "frame refused", { address: link.address, event, error: String(error) }),
    };
  }

  #tellBelief(
    { nodeId, faultsOn, leaseTtlMs }: Hello,
    { peers, ...belief }: Belief,
    shards: Pick<NodeObservation, "changed" | "gone" | "whole" | "hot">,
  ): void {
    const it = { nodeId, faultsOn, leaseTtlMs, belief, peers, ageMs: 0, ...shards };
    for (const listener of this.#beliefListeners) listener(it);
  }

  /** A node whose copy is as far as ours vouches for ours. */
  #noteCurrent(seq: number, ageMs: number): void {
    const state = this.authority.state;
    if (state !== null && seq >= state.seq) {
      this.authority.offerEntries(state.history, [], ageMs, this.#nowMs());
    }
  }

  #checkTellers(): void {
    const seq = this.authority.state?.seq ?? 0;
    this.#logTellers.check(() => this.#tellers(), seq, this.#nowMs());
  }

  #tellers(): Teller[] {
    return this.links().map((link) => ({
      address: link.address,
      isConnected: link.state === "connected",
      seq: this.sightings.get(link.hello?.nodeId ?? "")?.belief.seq ?? null,
      reconnect: () => link.reconnect(),
    }));
  }

  #greet(link: NodeLinkHandle, frame: Hello): void {
    if (frame.cluster === this.config.cluster) return;
    // A port may have gone to another cluster since: its log must not be mixed into this one.
    this.#log("error", "node of another cluster", {
      address: link.address,
      cluster: frame.cluster,
    });
    link.close();
  }

  #adopted(change: AuthorityChange): void {
    if (change.tag === "replaced") this.#openAll(change.state);
    else if (change.entries.some((entry) => entry.type === "node-joined")) {
      const state = this.authority.state;
      if (state !== null) this.#openAll(state);
    }
    for (const listener of this.#listeners) listener(change);
  }

  #openAll(state: ClusterState): void {
    for (const node of state.nodes.values()) {
      if (node.state !== "dead") this.#open(node.address.replace(/\/+$/, ""));
    }
  }
}
