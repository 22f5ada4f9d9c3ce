import { CommandError, defineDaemon, ShardingError, type ShardingNode } from "@leasehold/sharding";
import { Lot } from "./lot.ts";
import { Purse } from "./purse.ts";
import type { Sale } from "./rules.ts";

/**
 * Sees that every lot that was sold is paid for. One of it runs in the whole cluster; when its node dies, it is started
 * on another one.
 *
 * It keeps nothing: what is owed is what the journal says is closed and not settled, so each run begins by reading
 * that from the start. (A house with a long past would keep the cursor.)
 */
export const Settler = defineDaemon("settler", {
  workers: 1,
  // A turn may take as long as the asks of one sale are waited for.
  heartbeatMs: 5_000,
  run: async ({ node, ticks, beat }) => {
    const owed = new Map<string, Sale>();
    const following = await node.subscribe(
      { types: [Lot.type] },
      (events) => {
        for (const { entity, name, data } of events) {
          if (name === "closed" && data !== null) owed.set(entity.id, data as Sale);
          if (name === "settled") owed.delete(entity.id);
        }
      },
      { from: "start" },
    );
    const settling = async (): Promise<void> => {
      for await (const _ of ticks(200)) {
        for (const [lot, sale] of owed) {
          beat();
          await settle(node, lot, sale).catch(leaveIt);
        }
      }
    };
    await Promise.all([following.ended, settling()]);
  },
});

/** What the cluster could not do now is still owed, and tried again at the next tick. A bug ends this run. */
function leaveIt(error: unknown): void {
  if (!(error instanceof ShardingError)) throw error;
}

/**
 * Three steps on three entities, which may live on three nodes. Each is done once under its key, however often it
 * is asked for: whoever dies half-way, the next one does all of it again, and what was done stays as it was.
 */
export async function settle(
  node: Pick<ShardingNode, "entity">,
  lot: string,
  { winner, seller, price }: Sale,
): Promise<void> {
  const once = { key: `settle-${lot}`, deadlineMs: 1_000 };
  const transfer = { amount: price, lot };
  try {
    await node.entity(Purse, winner, once).pay(transfer);
  } catch (error) {
    if (!(error instanceof CommandError && error.code === "INSUFFICIENT_FUNDS")) throw error;
    await node.entity(Lot, lot, once).settle({ paid: false });
    return;
  }
  await node.entity(Purse, seller, once).deposit(transfer);
  await node.entity(Lot, lot, once).settle({ paid: true });
}
