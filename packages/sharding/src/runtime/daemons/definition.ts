import { workersLimit } from "../../core/daemons.ts";
import { OptionsError } from "../../errors.ts";
import type { ShardingNode } from "../../node-api.ts";

/** What {@link defineDaemon} takes. */
export interface DaemonSpec {
  /**
   * How many workers the cluster runs when it meets the daemon for the first time. From then on the number belongs to
   * the cluster and is changed with `scaleDaemon`: a program that says another one changes nothing, and says so in
   * its log.
   * @minimum 1 @maximum 65536
   */
  readonly workers: number;
  /**
   * A worker that gives no sign of life for so long is taken for stuck: its signal is aborted, and it is started
   * elsewhere. Signs are `beat()` and each turn of `ticks()`. Time in which the node's whole event loop stood still
   * does not count against it.
   * @unit milliseconds @default half the node's lease ttl @minimum 50
   */
  readonly heartbeatMs?: number;
  /**
   * The work. It goes on until its signal is aborted, and ends soon after that: where it does not, another worker
   * of the same index may run beside it. One that returns or throws before is given up and started elsewhere, with
   * pauses that grow from failure to failure, up to 30 seconds.
   */
  readonly run: (context: DaemonContext) => Promise<void> | void;
}

/** A daemon, checked. */
export interface DaemonDefinition {
  readonly name: string;
  readonly workers: number;
  /** null: half the node's lease ttl. @unit milliseconds */
  readonly heartbeatMs: number | null;
  readonly run: DaemonSpec["run"];
}

/**
 * What a worker may ask of its node. What it starts ends with it: asks and subscriptions get its signal. A subscription
 * that fails ends the worker, which is then given up like one that throws.
 */
export type DaemonNode = Pick<
  ShardingNode,
  "nodeId" | "entity" | "subscribe" | "latestVersion" | "publish" | "onMessage"
>;

/** What one run of a worker gets. */
export interface DaemonContext {
  readonly daemon: string;
  /** Which worker: 0 to `workers - 1`. At any moment one run of it at most has the right to. */
  readonly index: number;
  /** How many there are at this moment. It changes while workers run; nodes learn of it one after the other. */
  readonly workers: number;
  /** Aborted when the worker has to end: its shard moves, the daemon is scaled down, the lease is lost, it is stuck. */
  readonly signal: AbortSignal;
  /**
   * Higher for each new run of this index. Whoever is written to keeps the highest one it has seen and refuses what
   * carries a lower one: then a run that was frozen and wakes up late harms nothing.
   */
  readonly fence: number;
  readonly node: DaemonNode;
  /**
   * A sign of life. Asks the lease, by the clock: call it before anything that only one worker may do.
   *
   * @throws {WorkerOverError} the run is over.
   */
  beat(): void;
  /**
   * Turns that are so far apart at least, the first one at once, until the worker has to end. The pauses between
   * them are no silence; what happens inside a turn is.
   *
   * @param everyMs 0 or more.
   */
  ticks(everyMs: number): AsyncIterable<number>;
}

/**
 * Defines a daemon: work that goes on in exactly so many places of the cluster, whichever nodes come and go. With one
 * worker it is a singleton.
 *
 * @param name its name in logs, URLs and its shard group: a letter, then letters, digits, `.`, `_` or `-`; at most 64.
 * @throws {OptionsError} naming what is wrong.
 */
export function defineDaemon(name: string, spec: DaemonSpec): DaemonDefinition {
  if (typeof name !== "string" || !/^[a-zA-Z][a-zA-Z0-9._-]{0,63}$/.test(name)) {
    throw new OptionsError(
      `Bad daemon ${JSON.stringify(name)}: it must start with a letter and have at most 64 letters, digits, ".", "_" or "-".`,
    );
  }
  const { workers, heartbeatMs = null, run } = spec;
  if (!(Number.isSafeInteger(workers) && workers >= 1 && workers <= workersLimit)) {
    throw new OptionsError(
      `Daemon "${name}": workers is ${workers}; it must be a whole number from 1 to ${workersLimit}.`,
    );
  }
  if (heartbeatMs !== null && !(heartbeatMs >= 50 && heartbeatMs <= 86_400_000)) {
    throw new OptionsError(
      `Daemon "${name}": heartbeatMs is ${heartbeatMs}; it must be from 50 to 86400000.`,
    );
  }
  if (typeof run !== "function") throw new OptionsError(`Daemon "${name}": run is no function.`);
  return Object.freeze({ name, workers, heartbeatMs, run });
}
