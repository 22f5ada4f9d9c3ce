import type { DeathProof, LogEntry } from "@leasehold/sharding/observe";
import type { NodeView } from "./node-row.ts";
import { duration, type Sentence, say } from "./say.ts";

/**
 * Why a node is marked, from its own words about its lease and Postgres and from what the log says of it. Empty where
 * nothing is wrong. Ages count from when the node was heard.
 */
export function whyNode(node: NodeView, entries: readonly LogEntry[]): readonly Sentence[] {
  if (node.condition === "ready") return [];
  return [
    ...reasonOf(node, entries),
    ...leaseOf(node),
    ...faultsOf(node),
    ...takenFrom(node, entries),
  ];
}

/** It still speaks, and the log has ended this life of it already: others have its shards. */
function takenFrom(node: NodeView, entries: readonly LogEntry[]): readonly Sentence[] {
  if (node.condition === "dead") return [];
  const death = entries.findLast(
    (it): it is Death => it.type === "node-dead" && it.incarnation === node.incarnation,
  );
  if (death === undefined) return [];
  return [
    say`The log ended this life of it in event ${death.seq} and gave its shards away: ${proofs[death.proof]}.`,
  ];
}

type Death = Extract<LogEntry, { type: "node-dead" }>;

function reasonOf(node: NodeView, entries: readonly LogEntry[]): readonly Sentence[] {
  const { nodeId } = node;
  switch (node.condition) {
    case "cut":
      return [
        node.postgresOkMsAgo === null
          ? say`${nodeId} says that Postgres has never answered it.`
          : say`${nodeId} says that Postgres has not answered it for ${duration(node.postgresOkMsAgo)}.`,
      ];
    case "reconnecting":
      return [
        say`${nodeId} lives and speaks, but holds no lease: its lease is ${leaseWord(node)}.`,
      ];
    case "unknown":
      return [
        node.heardMsAgo === null
          ? say`${nodeId} has not been heard since this console began to listen.`
          : say`${nodeId} was last heard ${duration(node.heardMsAgo)} ago. What it does since is not observed.`,
      ];
    case "dead":
    case "evicted":
    case "drained":
    case "draining":
    case "cordoned":
      return [logged(node, entries)];
    case "faulted":
    case "ready":
      return [];
    default:
      return node.condition satisfies never;
  }
}

const leaseWord = ({ leaseState }: NodeView): string => leaseState ?? "not known";

function leaseOf({ nodeId, leaseState, leaseLeftMs, leaseTtlMs }: NodeView): readonly Sentence[] {
  if (leaseLeftMs === null || leaseState === null) return [];
  if (leaseState === "lost")
    return [say`By its own clock its lease has run out: it serves nothing.`];
  if (leaseLeftMs === 0)
    return [
      say`By its own clock the lease that it spoke of has run out since: then it serves nothing.`,
    ];
  return [
    say`By its own clock its lease of ${duration(leaseTtlMs)} ends in ${duration(leaseLeftMs)}; until then ${nodeId} may serve.`,
  ];
}

const faultsOf = ({ nodeId, faults }: NodeView): readonly Sentence[] =>
  faults.map(
    ({ kind, detail, expiresInMs }) =>
      say`A fault is set on ${nodeId}: ${[kind, ...Object.values(detail)].join(" ")}, for ${duration(expiresInMs)} more.`,
  );

const proofs: Readonly<Record<DeathProof, string>> = {
  released: "it released its lease itself, as it left",
  watched: "its renewals stood still for longer than its lease lasts",
  host: "the process table of its machine proves that its process is gone",
  waiter: "the process that waits for it says that it has exited",
  refused: "its address refuses connections",
  superseded: "a new life of it has taken its lease",
};

/** What the log says of this life. */
function logged(node: NodeView, entries: readonly LogEntry[]): Sentence {
  const { nodeId, incarnation, condition } = node;
  const last = entries.findLast(
    (it) => wanted[condition]?.includes(it.type) === true && "nodeId" in it && it.nodeId === nodeId,
  );
  switch (last?.type) {
    case "node-dead":
      return last.incarnation === incarnation
        ? say`Its lease was declared over in event ${last.seq}: ${proofs[last.proof]}.`
        : say`An earlier life of ${nodeId} was declared dead in event ${last.seq}.`;
    case "node-evicted":
      return say`Most nodes could not reach it: ${last.unreachedBy.join(", ")} said so, and it was evicted in event ${last.seq}.`;
    case "node-draining":
      return say`It gives its shards away since event ${last.seq}, and gets none.`;
    case "node-drained":
      return say`It was drained: since event ${last.seq} it owns nothing, and gets none until it is uncordoned.`;
    case "node-cordoned":
      return say`It was cordoned in event ${last.seq}: it keeps its shards and gets none.`;
    default:
      return say`It is ${condition} by the log; the entry that says why lies before those that this page keeps.`;
  }
}

const wanted: Partial<Readonly<Record<NodeView["condition"], readonly LogEntry["type"][]>>> = {
  dead: ["node-dead"],
  evicted: ["node-evicted"],
  drained: ["node-drained"],
  draining: ["node-draining"],
  cordoned: ["node-cordoned"],
};
