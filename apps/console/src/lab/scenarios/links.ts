import {
  always,
  type Facts,
  forParam,
  heal,
  needNodes,
  nothingLost,
  patienceMs,
  plural,
  rejoins,
  rest,
  type Scenario,
  type Step,
  seconds,
  servedOnce,
  ttlOf,
  upNodes,
} from "./scenario.ts";

/** What can happen between nodes while each of them still reaches Postgres. */

/** From the cut of all links to the eviction: the mesh's silence, one ttl and two heartbeats; and some room. */
const evictionMs = (facts: Facts): number => 3000 + facts.leaseTtlMs * 1.4 + 4000;

/** Fewer than half, without the coordinator where that is possible. */
function minorityOf(facts: Facts): readonly string[] {
  const all = upNodes(facts).map((it) => it.nodeId);
  const followers = upNodes(facts)
    .toSorted((a, b) => b.shards - a.shards)
    .map((it) => it.nodeId)
    .filter((it) => it !== facts.coordinator);
  const size = Math.floor((all.length - 1) / 2);
  return [...followers, ...all.filter((it) => it === facts.coordinator)].slice(0, size);
}

export const split: Scenario = {
  id: "X4",
  name: "Split",
  essential: always,
  params: (facts) => [
    forParam("Split for", evictionMs(facts) + 3000, Math.ceil(evictionMs(facts))),
  ],
  whyNot: (facts) => needNodes(facts, 3),
  plan(facts, values) {
    const few = minorityOf(facts);
    const many = upNodes(facts)
      .map((it) => it.nodeId)
      .filter((it) => !few.includes(it));
    const forMs = Number(values["forMs"]);
    return {
      sentence:
        `Cut every link between ${few.join(", ")} and ${many.join(", ")} for ${seconds(forMs)}, then heal. ` +
        "All of them still reach Postgres.",
      hypothesis: [
        servedOnce,
        "The minority is evicted through Postgres, stops, and its shards get homes in the majority.",
        "After the heal it takes part again.",
        nothingLost,
      ],
      nodes: few,
      shards: facts.shards.filter((it) => few.includes(it.owner)).map((it) => it.ref),
      steps: [
        {
          ...{ id: "split", tag: "act", mark: "split", deadlineMs: 10_000 },
          words: `Split ${few.length} | ${many.length}`,
          acts: few.flatMap((nodeId) =>
            many.map((peer) => ({
              ...({ tag: "fault", nodeId } as const),
              fault: { kind: "cut-link", peer, direction: "both", ttlMs: ttlOf(forMs) } as const,
            })),
          ),
        },
        {
          ...{ id: "evicted", tag: "wait", mark: "evicted", orElse: "not-observed" },
          words: "The minority is evicted, and serves nothing",
          deadlineMs: patienceMs(facts) + evictionMs(facts),
          until: (seen) => {
            const still = few.find(
              (it) => seen.nodeState(it) !== "evicted" || seen.servingCount(it) > 0,
            );
            if (still === undefined) return true;
            return `${still} is ${seen.nodeState(still)} and serves ${seen.servingCount(still)} shards`;
          },
        },
        {
          ...{ id: "rehomed", tag: "wait", mark: "rehomed", orElse: "L1" },
          words: "The majority serves every shard",
          deadlineMs: patienceMs(facts),
          until: (seen) => {
            const without = seen.unserved();
            return without === null || `nobody serves ${without}`;
          },
        },
        rest(forMs),
        heal("Heal the links"),
        ...few.map((it) => rejoins(facts, it)),
      ],
    };
  },
};

const linkParams = (facts: Facts) => {
  const choices = upNodes(facts).map((it) => it.nodeId);
  const [from = "", to = ""] = choices;
  return [
    { name: "from", label: "From", kind: "node", choices, initial: from },
    { name: "to", label: "To", kind: "node", choices, initial: to },
  ] as const;
};

const isSame = (values: Readonly<Record<string, unknown>>): boolean =>
  values["from"] === values["to"];

export const oneWay: Scenario = {
  id: "X5",
  name: "One-way link",
  essential: always,
  params: (facts) => [...linkParams(facts), forParam("Cut for", 2 * facts.leaseTtlMs, 2000)],
  whyNot: (facts) => needNodes(facts, 2),
  whyNotThese: (values) => (isSame(values) ? "From and to have to be two nodes." : null),
  plan(facts, values) {
    const [from, to] = [String(values["from"]), String(values["to"])];
    const forMs = Number(values["forMs"]);
    return {
      sentence: `Drop what ${from} sends to ${to}, and nothing the other way, for ${seconds(forMs)}.`,
      hypothesis: [
        servedOnce,
        "Calls that meet the link are answered by their deadline, or say that they did not run.",
        nothingLost,
      ],
      nodes: [from],
      shards: facts.shards.filter((it) => it.owner === to).map((it) => it.ref),
      steps: [
        {
          ...{ id: "cut", tag: "act", mark: "cut", deadlineMs: 5000 },
          words: `Cut ${from} to ${to}`,
          acts: [
            {
              ...{ tag: "fault", nodeId: from },
              fault: { kind: "cut-link", peer: to, direction: "out", ttlMs: ttlOf(forMs) },
            },
          ],
        },
        rest(forMs),
        heal("Heal the link"),
        ...[from, to].map((it) => rejoins(facts, it)),
      ],
    };
  },
};

export const flapping: Scenario = {
  id: "X6",
  name: "Flapping link",
  essential: always,
  params: (facts) => [
    ...linkParams(facts),
    { name: "times", label: "Times", kind: "count", min: 1, max: 20, initial: 5 },
    { name: "everyMs", label: "Each for", kind: "ms", min: 200, max: 10_000, initial: 600 },
  ],
  whyNot: (facts) => needNodes(facts, 2),
  whyNotThese: (values) => (isSame(values) ? "From and to have to be two nodes." : null),
  plan(facts, values) {
    const [from, to] = [String(values["from"]), String(values["to"])];
    const times = Number(values["times"]);
    const everyMs = Number(values["everyMs"]);
    const flap = (index: number): Step[] => [
      {
        ...{ id: `cut-${index}`, tag: "act", mark: "cut", deadlineMs: 5000 },
        words: `Cut ${from} and ${to}, ${index + 1} of ${times}`,
        acts: [
          {
            ...{ tag: "fault", nodeId: from },
            fault: { kind: "cut-link", peer: to, direction: "both", ttlMs: ttlOf(everyMs) },
          },
        ],
      },
      { ...rest(everyMs), id: `rest-${index}` },
      { ...heal("Heal the link"), id: `heal-${index}` },
      { ...rest(2 * everyMs), id: `up-${index}`, words: "The link is up" },
    ];
    return {
      sentence:
        `Cut the link between ${from} and ${to} ${plural(times, "time")} for ${seconds(everyMs)}, with as long ` +
        "in between.",
      hypothesis: [servedOnce, "A link that flaps moves no shard and evicts nobody.", nothingLost],
      nodes: [from],
      shards: facts.shards.filter((it) => it.owner === to).map((it) => it.ref),
      steps: [
        ...Array.from({ length: times }, (_, index) => flap(index)).flat(),
        ...[from, to].map((it) => rejoins(facts, it)),
        stays(facts),
      ],
    };
  },
};

/** Every shard is where it was when the run began. */
export function stays(facts: Facts): Step {
  return {
    ...{ id: "still", tag: "wait", words: "No shard has moved", orElse: "L4", deadlineMs: 2000 },
    until: (seen) => {
      const moved = facts.shards.find((it) => seen.serverOf(it.ref)?.nodeId !== it.owner);
      return moved === undefined || `${moved.label} was at ${moved.owner} before`;
    },
  };
}
