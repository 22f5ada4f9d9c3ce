import type { NodeId, ShardRef } from "../../core/ids.ts";
import type { ClaimResult, Journal } from "../../ports/journal.ts";
import type { Shard } from "./shard.ts";

interface Waiting {
  readonly ref: ShardRef;
  readonly epoch: number;
  readonly incarnation: string;
  readonly resolve: (result: ClaimResult) => void;
  readonly reject: (why: unknown) => void;
}

/**
 * Claims the heads of shards, each once per epoch, when its first durable entity is needed: a shard
 * without any costs nothing. What is asked for in one turn is one statement, so that a node which takes
 * thousands of shards over claims them in a few.
 */
export class HeadClaims {
  readonly #journal: Pick<Journal, "claim">;
  readonly #nodeId: NodeId;
  #waiting: Waiting[] = [];

  constructor(journal: Pick<Journal, "claim">, nodeId: NodeId) {
    this.#journal = journal;
    this.#nodeId = nodeId;
  }

  /** Rejects when it is not known whether the head is claimed; asking again is harmless. */
  claim(shard: Shard): Promise<ClaimResult> {
    const { epoch, incarnation } = shard.fence;
    if (shard.head?.epoch === epoch) return shard.head.claim;
    const claim = new Promise<ClaimResult>((resolve, reject) => {
      this.#waiting.push({ ref: shard.ref, epoch, incarnation, resolve, reject });
      if (this.#waiting.length === 1) queueMicrotask(() => void this.#send());
    });
    const head = { epoch, claim, isClaimed: false };
    shard.head = head;
    const forget = () => {
      if (shard.head === head) shard.head = null;
    };
    claim.then((result) => {
      if (result === "claimed") head.isClaimed = true;
      else forget();
    }, forget);
    return claim;
  }

  /** It is known to be claimed, as far as this side knows. */
  has({ fence, head }: Shard): boolean {
    return head?.epoch === fence.epoch && head.isClaimed;
  }

  async #send(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    for (const incarnation of new Set(batch.map((one) => one.incarnation))) {
      const own = batch.filter((one) => one.incarnation === incarnation);
      try {
        const results = await this.#journal.claim(
          { nodeId: this.#nodeId, incarnation },
          own.map(({ ref, epoch }) => ({ group: ref.group, shard: ref.shard, epoch })),
        );
        for (const [index, { resolve }] of own.entries()) resolve(results[index] as ClaimResult);
      } catch (error) {
        for (const { reject } of own) reject(error);
      }
    }
  }
}
