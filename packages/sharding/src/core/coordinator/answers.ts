import { isProxy, type NodeRow } from "../cluster.ts";
import type { NodeId } from "../ids.ts";
import type { AdminAnswer, AdminErrorCode } from "../messages.ts";

export type Refusal = Extract<AdminAnswer, { ok: false }>;
export type Done = Extract<AdminAnswer, { ok: true }>;

/** What operators are answered. The log position is filled in when the whole turn is known (`Turn.answer`). */
export const done = (planId: string | null = null): Done => ({ ok: true, seq: 0, planId });
export const refuse = (code: AdminErrorCode, why: string): Refusal => ({ ok: false, code, why });
export const unknownPlan = (planId: string): Refusal =>
  refuse(
    "PLAN_UNKNOWN",
    `There is no plan ${planId}. A preview is kept for a while only: look again.`,
  );

export function refuseTarget(node: NodeRow | undefined, nodeId: NodeId): Refusal | null {
  const refusal = refuseNode(node, nodeId);
  if (refusal !== null || node === undefined) return refusal;
  const proxy = refuseProxy(node);
  if (proxy !== null) return proxy;
  if (!node.cordoned) return null;
  const why = `Node ${nodeId} is cordoned: it gets no shards. Uncordon it first.`;
  return refuse("NODE_NOT_UP", why);
}

export function refuseNode(node: NodeRow | undefined, nodeId: NodeId): Refusal | null {
  if (node === undefined) return refuse("NODE_UNKNOWN", `There is no node ${nodeId}.`);
  if (node.state === "up") return null;
  return refuse("NODE_NOT_UP", `Node ${nodeId} is ${node.state}.`);
}

export const refuseProxy = (node: NodeRow): Refusal | null =>
  isProxy(node)
    ? refuse("MOVE_INVALID", `Node ${node.nodeId} is a proxy: it hosts no shards.`)
    : null;
