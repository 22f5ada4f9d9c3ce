import type { Command } from "../wire/commands.ts";

/** One of each kind: a new command does not compile without a row. */
const byKind: { readonly [Kind in Command["kind"]]: Extract<Command, { kind: Kind }> } = {
  preview: { kind: "preview", request: { kind: "drain", node: "node-1" } },
  plan: { kind: "plan", planId: "p", verb: "apply" },
  node: { kind: "node", nodeId: "node-1", verb: "cordon" },
  unpin: { kind: "unpin", group: "default", shard: 1 },
  scale: { kind: "scale", daemon: "d", workers: 2 },
  fault: { kind: "fault", nodeId: "node-1", fault: { kind: "crash" } },
  heal: { kind: "heal", nodeId: "node-1", faultId: "f" },
  "heal-all": { kind: "heal-all" },
};

/** What somebody may ask for: each kind of command once. */
export const everyCommand: readonly Command[] = Object.values(byKind);
