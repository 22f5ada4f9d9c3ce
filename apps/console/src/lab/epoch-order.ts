/** An answer of the cluster: between these two instants of this console's clock, `nodeId` served the shard. */
export interface ServedCall {
  readonly shard: string;
  readonly nodeId: string;
  readonly epoch: number;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** How many calls overlap at most; older ones say no more than the newest of them. */
const remembered = 512;

/**
 * S1 by answers. Two answers prove something about each other only where one was asked for after the other had arrived:
 * then, whatever clocks and ways there are, the second was served later. If the later one was served under the lower
 * epoch, its server still served when somebody else had already begun: two nodes served one shard.
 *
 * Never wrong, and it sees overlaps as short as a call. It says nothing about what nobody asked for.
 */
export class EpochOrder {
  /** Per shard: answers in the order of their arrival. */
  readonly #answers = new Map<string, ServedCall[]>();
  checks = 0;
  breach: string | null = null;

  note(call: ServedCall): void {
    const answers = this.#answers.get(call.shard) ?? [];
    this.#answers.set(call.shard, answers);
    const before = answers.filter((it) => it.answeredMs < call.sentMs);
    const newest = before.reduce<ServedCall | null>(
      (best, it) => (best === null || it.epoch > best.epoch ? it : best),
      null,
    );
    if (newest !== null) {
      this.checks++;
      if (newest.epoch > call.epoch) this.breach ??= breachOf(newest, call);
      if (newest.epoch === call.epoch && newest.nodeId !== call.nodeId) {
        this.breach ??= `Shard ${call.shard} was served by ${newest.nodeId} and by ${call.nodeId}, both under epoch ${call.epoch}.`;
      }
    }
    answers.push(call);
    if (answers.length > remembered) this.#forget(answers, newest);
  }

  /** What happened before most others is only worth its epoch. */
  #forget(answers: ServedCall[], newest: ServedCall | null): void {
    const kept = answers.slice(-remembered / 2);
    answers.splice(0, answers.length, ...(newest === null ? [] : [newest]), ...kept);
  }
}

const breachOf = (newer: ServedCall, call: ServedCall): string =>
  `Shard ${call.shard} was served twice: ${newer.nodeId} answered under epoch ${newer.epoch} at ${seconds(newer.answeredMs)}, ` +
  `and ${call.nodeId} still answered under epoch ${call.epoch} what was asked at ${seconds(call.sentMs)}.`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
