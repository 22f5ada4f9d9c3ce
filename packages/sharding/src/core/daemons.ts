import type { GroupName } from "./ids.ts";

const prefix = "daemon:";

/** Each daemon has a shard group of its own, and worker i is its shard i. No entity type may name such a group. */
export const daemonGroup = (daemon: string): GroupName => `${prefix}${daemon}`;

/** The daemon whose group this is, or null. */
export const daemonOf = (group: GroupName): string | null =>
  group.startsWith(prefix) ? group.slice(prefix.length) : null;

/** Workers of one daemon, at most. */
export const workersLimit = 65_536;
