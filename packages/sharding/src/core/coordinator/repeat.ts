import type { NodeRef } from "../ids.ts";
import type { HandoffOrder, HostOrder } from "../messages.ts";
import { abortHandoff } from "./handoff.ts";
import type { Turn } from "./turn.ts";
import type { OpenOrder } from "./work.ts";

/**
 * Orders are given by the log, which every node follows. What is not answered in time is repeated as
 * a message of its own: the log may have reached the node late, or the answer may have been lost.
 */
export function repeatOrders(turn: Turn): void {
  const hosts = new Batches<HostOrder>();
  const handoffs = new Batches<HandoffOrder>();
  for (const order of turn.work.orders.values()) {
    if (turn.nowMs < order.repeatAtMs) continue;
    if (order.state === "handing-off") repeatHandoff(turn, order, handoffs);
    else repeatHost(turn, order, hosts);
  }
  const { term } = turn.cluster;
  for (const [to, shards] of hosts) {
    turn.send(to, { tag: "host-shards", term, incarnation: to.incarnation, shards });
  }
  for (const [to, list] of handoffs) {
    turn.send(to, { tag: "begin-handoffs", term, incarnation: to.incarnation, handoffs: list });
  }
}

function repeatHost(turn: Turn, order: OpenOrder, batches: Batches<HostOrder>): void {
  const row = turn.cluster.row(order);
  if (row.state !== "starting") return;
  const { group, shard, epoch } = order;
  batches.add(row.owner, { group, shard, epoch, carried: row.carried });
  turn.work.repeated(order, turn.nowMs);
}

function repeatHandoff(turn: Turn, order: OpenOrder, batches: Batches<HandoffOrder>): void {
  const row = turn.cluster.row(order);
  if (row.state !== "handing-off") return;
  if (turn.nowMs - order.sinceMs > turn.options.handoffTimeoutMs) {
    abortHandoff(turn, order, `not released within ${turn.options.handoffTimeoutMs} ms`);
    return;
  }
  const { group, shard, epoch } = order;
  const { id: handoffId, to } = row.handoff;
  const toAddress = turn.cluster.nodes.get(to.nodeId)?.address ?? "";
  batches.add(row.owner, { group, shard, epoch, handoffId, to, toAddress });
  turn.work.repeated(order, turn.nowMs);
}

/** Orders by the node they go to: one message each. */
class Batches<T> implements Iterable<[NodeRef, readonly T[]]> {
  readonly #byNode = new Map<string, [NodeRef, T[]]>();

  add(to: NodeRef, order: T): void {
    const batch = this.#byNode.get(to.incarnation);
    if (batch === undefined) this.#byNode.set(to.incarnation, [to, [order]]);
    else batch[1].push(order);
  }

  [Symbol.iterator](): Iterator<[NodeRef, readonly T[]]> {
    return this.#byNode.values();
  }
}
