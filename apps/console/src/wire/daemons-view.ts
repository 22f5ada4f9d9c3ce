/** The daemons of the cluster, put together from what each node says: what `GET /api/daemons` answers. */
export interface DaemonsView {
  /** The nodes that said what they run. */
  readonly answered: number;
  /** The others; nothing is known of what they run. */
  readonly unanswered: readonly { readonly nodeId: string; readonly why: string }[];
  readonly daemons: readonly DaemonView[];
}

export interface DaemonView {
  readonly daemon: string;
  /** The shard group whose shard i is worker i. */
  readonly group: string;
  /** How many there have to be. */
  readonly workers: number;
  /** By index. Those beyond `workers` have been told to stop and have not ended yet. */
  readonly items: readonly WorkerView[];
}

/** One index of a daemon: where the log has it, and what its home says of it. */
export interface WorkerView {
  readonly index: number;
  readonly state: WorkerState;
  /** Its home by the log; for one that is not needed any more, where it still runs. */
  readonly nodeId: string | null;
  readonly fence: number;
  /** How long it has been in this state; null where its home does not say. @unit milliseconds */
  readonly forMs: number | null;
  /** Since its last sign of life; null before the first. @unit milliseconds */
  readonly beatAgeMs: number | null;
  /** As far as its home and the log remember. */
  readonly failures: number;
  readonly lastFailure: {
    /** Where; null where the log does not go back so far. */
    readonly nodeId: string | null;
    readonly words: string;
  } | null;
  /** Of a homeless one: why, in the log's words, as far as it is kept. */
  readonly whyHomeless: string | null;
  /** Nodes that say that they still run it, and are not its home. */
  readonly alsoAt: readonly { readonly nodeId: string; readonly fence: number }[];
}

export type WorkerState =
  | "running"
  /** It has a home, which has not begun it yet. */
  | "starting"
  /** It is handed from one node to another. */
  | "moving"
  /** It was told to stop and has not ended yet. */
  | "stopping"
  /** It has failed; after a pause its home gives it up. */
  | "waiting"
  /** No node has it. */
  | "homeless"
  /** Its home did not say. Never to be taken for well. */
  | "unknown";
