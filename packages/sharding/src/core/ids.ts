/**
 * The names that everything else is keyed by. Plain strings and numbers: they are wire format and
 * table columns, so their meaning is fixed here once.
 */

/** A node's configured name, for instance `node-1`. Stable over restarts. */
export type NodeId = string;

/** A uuid, new at each start of a node and after each lost lease. */
export type Incarnation = string;

/** One life of one node. Fences compare both: a name alone says nothing about which life it was. */
export interface NodeRef {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
}

/** The name of a shard group; `default` unless an entity type says otherwise. */
export type GroupName = string;

/** One shard: index `shard` of group `group`, 0 <= shard < shards of the group. */
export interface ShardRef {
  readonly group: GroupName;
  readonly shard: number;
}

/** A shard's fencing token. Grows with every assignment; 0 before the first one. A safe integer. */
export type Epoch = number;

/** The coordinator's fencing token. Grows with every take-over; 0 before the first one. */
export type Term = number;

/** Position in the cluster log: 1, 2, 3 ... without a gap, in commit order. */
export type Seq = number;

export const sameNode = (a: NodeRef, b: NodeRef): boolean =>
  a.nodeId === b.nodeId && a.incarnation === b.incarnation;

/** A map key for a shard. */
export const shardKey = (ref: ShardRef): string => `${ref.group}/${ref.shard}`;
