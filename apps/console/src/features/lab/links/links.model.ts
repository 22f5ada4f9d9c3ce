import type { ActiveFault } from "@leasehold/sharding/observe";
import type { NodeView } from "../../../live/node-row.ts";

/**
 * The links of a cluster, one cell for each direction of each.
 *
 * Two facts stand beside one another and are never mixed: what somebody has *set* (a fault, as the node
 * that carries it says) and what is *seen* (whether the node at the row's end is connected). A cut link
 * stays connected until its ends miss a heartbeat, and a link may be down with nothing set on it.
 */
export interface LinkCell {
  readonly from: string;
  /** A node, or `postgres`. */
  readonly to: string;
  readonly state: LinkState;
  /** As `from` sees it; null where it was not heard lately, or does not know the other. */
  readonly isConnected: boolean | null;
  /** What is set on this direction, the one that ends last first. */
  readonly faults: readonly SetFault[];
  /** Added to each frame, where the link is slow. @unit milliseconds */
  readonly delayMs: number;
  /** What the state's word leaves out; empty where it leaves out nothing. */
  readonly note: string;
}

/** `cut` and `slow` are set on purpose; `up`, `down` and `unknown` are seen. */
export type LinkState = "cut" | "slow" | "up" | "down" | "unknown";

export interface SetFault {
  /** Who carries it, and ends it. */
  readonly nodeId: string;
  readonly id: string;
  readonly isCut: boolean;
  /** It acts on the other direction as well, and so does its heal. */
  readonly isBothWays: boolean;
  readonly delayMs: number;
  readonly expiresInMs: number;
}

/** The name of Postgres among the ends of links. No node can have it: it stands in no row. */
export const postgres = "postgres";

export function linkCell(from: NodeView, to: NodeView): LinkCell {
  const faults = [
    ...setOn(from, "-link", to.nodeId, ["out", "both"]),
    ...setOn(to, "-link", from.nodeId, ["in", "both"]),
  ];
  const seen = isHeard(from) ? from.peers.find((it) => it.nodeId === to.nodeId) : undefined;
  const isConnected = seen?.connected ?? null;
  const back = [
    ...setOn(from, "-link", to.nodeId, ["in", "both"]),
    ...setOn(to, "-link", from.nodeId, ["out", "both"]),
  ];
  const why = (): string => {
    if (back.some((it) => it.isCut)) return "The way back is cut.";
    return isHeard(to) ? "No fault says why." : `${to.nodeId} is not heard.`;
  };
  return cellOf(from, to.nodeId, faults, isConnected, why);
}

export function postgresCell(from: NodeView): LinkCell {
  const faults = setOn(from, "-postgres", null, ["in", "out", "both"]);
  const isConnected = isHeard(from) ? from.postgresReachable : null;
  return cellOf(from, postgres, faults, isConnected, () => "No fault says why.");
}

function cellOf(
  { nodeId, heardMsAgo }: NodeView,
  to: string,
  faults: readonly SetFault[],
  isConnected: boolean | null,
  whyDown: () => string,
): LinkCell {
  const sorted = faults.toSorted((a, b) => b.expiresInMs - a.expiresInMs);
  const link = { from: nodeId, to, isConnected, faults: sorted };
  if (sorted.some((it) => it.isCut)) {
    const note = isConnected === true ? "Still connected: a missed heartbeat will tell." : "";
    return { ...link, state: "cut", delayMs: 0, note };
  }
  if (sorted.length > 0) {
    const delayMs = sorted.reduce((sum, it) => sum + it.delayMs, 0);
    return { ...link, state: "slow", delayMs, note: isConnected === false ? "Not connected." : "" };
  }
  if (isConnected === null) {
    const note = heardMsAgo === null ? `${nodeId} was never heard.` : "";
    return { ...link, state: "unknown", delayMs: 0, note };
  }
  const state = isConnected ? "up" : "down";
  return { ...link, state, delayMs: 0, note: isConnected ? "" : whyDown() };
}

/** What a node carries for a peer, or for Postgres where `peer` is null. */
function setOn(
  node: NodeView,
  suffix: "-link" | "-postgres",
  peer: string | null,
  directions: readonly string[],
): SetFault[] {
  return node.faults.filter(isOf).map((it) => ({
    nodeId: node.nodeId,
    id: it.id,
    isCut: it.kind.startsWith("cut"),
    isBothWays: directionOf(it) === "both",
    delayMs: Number(it.detail["delayMs"] ?? 0),
    expiresInMs: it.expiresInMs,
  }));

  function isOf(it: ActiveFault): boolean {
    if (it.kind !== `cut${suffix}` && it.kind !== `slow${suffix}`) return false;
    return (peer === null || it.detail["peer"] === peer) && directions.includes(directionOf(it));
  }
}

const directionOf = (it: ActiveFault): string => String(it.detail["direction"] ?? "both");

export const isHeard = (it: NodeView): boolean =>
  it.heardMsAgo !== null && it.condition !== "unknown" && it.condition !== "dead";

/** `node-2 to node-3: cut`: how a cell is called. */
export const cellName = ({ from, to, state }: LinkCell): string =>
  `${from} to ${to === postgres ? "Postgres" : to}: ${state}`;
