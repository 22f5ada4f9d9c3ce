import {
  always,
  type Facts,
  forParam,
  heal,
  needNodes,
  nothingLost,
  patienceMs,
  rejoins,
  rest,
  type Scenario,
  type Step,
  seconds,
  servedOnce,
  shardOf,
  shardParam,
  takenOver,
  takeoverBoundMs,
  ttlOf,
  upNodes,
} from "./scenario.ts";

/** What can happen to the node that owns a shard: it dies, it hears Postgres no more, it stands still. */

function takeover(facts: Facts, shard: Facts["shards"][number]): Step {
  return {
    ...{
      id: "taken",
      tag: "wait",
      deadlineMs: patienceMs(facts),
      orElse: "L1",
    },
    words: `Another node serves ${shard.label}`,
    until: takenOver(shard.ref, shard.owner),
    takeover: { boundMs: takeoverBoundMs(facts) },
  };
}

const within = (facts: Facts, label: string): string =>
  `Another node serves ${label} within the lease's ttl + 1 s: ${seconds(takeoverBoundMs(facts))}.`;

const peersOf = (facts: Facts, nodeId: string): string[] =>
  upNodes(facts)
    .map((it) => it.nodeId)
    .filter((it) => it !== nodeId);

export const crashTheOwner: Scenario = {
  id: "X1",
  name: "Crash the owner",
  essential: always,
  params: (facts) => [shardParam(facts)],
  whyNot: (facts) => needNodes(facts, 2),
  plan(facts, values) {
    const shard = shardOf(facts, values);
    const { owner, label } = shard;
    return {
      sentence: `Kill ${owner}, the owner of shard ${label} (SIGKILL).`,
      hypothesis: [servedOnce, within(facts, label), nothingLost],
      nodes: [owner],
      shards: [shard.ref],
      steps: [
        {
          ...{ id: "crash", tag: "act", words: `Crash ${owner}`, mark: "crash", deadlineMs: 5000 },
          acts: [{ tag: "fault", nodeId: owner, fault: { kind: "crash" } }],
        },
        takeover(facts, shard),
      ],
    };
  },
};

export const zombieOwner: Scenario = {
  id: "X2",
  name: "Zombie owner",
  essential: always,
  params: (facts) => [
    shardParam(facts),
    forParam("Cut for", 2 * facts.leaseTtlMs, facts.leaseTtlMs),
    {
      ...{ name: "direction", label: "Bytes that stop", kind: "choice", initial: "both" },
      choices: ["both", "in", "out"],
    },
    {
      ...{ name: "links", label: "Its links to other nodes", kind: "choice", initial: "stay up" },
      choices: ["stay up", "are cut"],
    },
  ],
  whyNot: (facts) => needNodes(facts, 2),
  plan(facts, values) {
    const shard = shardOf(facts, values);
    const { owner, label } = shard;
    const forMs = Number(values["forMs"]);
    const direction = values["direction"] as "both" | "in" | "out";
    // What it sends arrives at once where only its answers stop.
    const isHeld = direction !== "in";
    const ttlMs = ttlOf(forMs);
    // Nobody can tell it then that it has been declared dead: only its own clock is left.
    const peers = values["links"] === "are cut" ? peersOf(facts, owner) : [];
    const others = peers.length === 0 ? "" : " and from every other node";
    return {
      sentence: `Cut ${owner}, the owner of shard ${label}, from Postgres${others} for ${seconds(forMs)}, then heal.`,
      hypothesis: [
        servedOnce,
        `${owner} stops by its own clock, before another node begins.`,
        within(facts, label),
        ...(isHeld ? ["What it had on the way to Postgres is fenced there."] : []),
        nothingLost,
      ],
      nodes: [owner],
      shards: [shard.ref],
      steps: [
        {
          ...{ id: "cut", tag: "act", mark: "cut", deadlineMs: 5000 },
          words: `Cut ${owner} from Postgres`,
          acts: [
            {
              ...{ tag: "fault", nodeId: owner },
              fault: { kind: "cut-postgres", direction, ttlMs },
            },
            ...(isHeld ? [{ tag: "write-late", nodeId: owner } as const] : []),
            ...peers.map((peer) => ({
              ...({ tag: "fault", nodeId: owner } as const),
              fault: { kind: "cut-link", peer, direction: "both", ttlMs } as const,
            })),
          ],
        },
        {
          ...{ id: "stopped", tag: "wait", mark: "stopped", orElse: "not-observed" },
          words: `${owner} stops serving, by its own clock`,
          deadlineMs: patienceMs(facts),
          until: (seen) => {
            const serving = seen.servingCount(owner);
            return serving === 0 || `it says that it serves ${serving} shards`;
          },
        },
        takeover(facts, shard),
        rest(forMs),
        heal(`Heal ${owner}`),
        rejoins(facts, owner),
      ],
    };
  },
};

export const longPause: Scenario = {
  id: "X3",
  name: "Pause past the lease",
  essential: always,
  params: (facts) => [
    shardParam(facts),
    forParam("Pause for", 2 * facts.leaseTtlMs, facts.leaseTtlMs),
  ],
  whyNot: (facts) => needNodes(facts, 2),
  plan(facts, values) {
    const shard = shardOf(facts, values);
    const { owner, label } = shard;
    const forMs = Number(values["forMs"]);
    return {
      sentence:
        `Stop ${owner}, the owner of shard ${label}, where it stands (SIGSTOP) for ${seconds(forMs)}, past its ` +
        "lease; then let it go on, with calls that have waited for it.",
      hypothesis: [
        servedOnce,
        within(facts, label),
        `When ${owner} wakes, it serves nothing that it was asked meanwhile.`,
        nothingLost,
      ],
      nodes: [owner],
      shards: [shard.ref],
      steps: [
        {
          ...{ id: "pause", tag: "act", words: `Pause ${owner}`, mark: "pause", deadlineMs: 5000 },
          acts: [{ tag: "fault", nodeId: owner, fault: { kind: "pause", ttlMs: ttlOf(forMs) } }],
        },
        takeover(facts, shard),
        rest(forMs),
        heal(`Let ${owner} go on`),
        rejoins(facts, owner),
      ],
    };
  },
};
