import type { ClusterEvent } from "./log.ts";

/**
 * Whether somebody who routes by these events must hear of them at once. Only such commits notify:
 * in Postgres a notifying commit takes a lock that all of them share.
 */
export const changesOwnership = (events: readonly ClusterEvent[]): boolean =>
  events.some((event) => event.type === "shard-assigned" || event.type === "shard-vacated");
