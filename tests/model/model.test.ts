import { describe, expect, it } from "vitest";
import { check, missingPrograms } from "./spin.ts";

const missing = await missingPrograms();
if (missing.length > 0) {
  const why = `NOT CHECKED: the model of leases, handoffs and fences needs ${missing.join(" and ")}`;
  process.stderr.write(`\n${why} (Debian: apt-get install spin gcc).\n\n`);
}

/** Which assertion of the model each property is, as Spin prints it. */
const properties = {
  S1: /does\[.*left\[|left\[.*does\[/,
  S2: /^\((e>granted|e>=epoch)\)$/,
  S4: /append\[i\]==headEpoch/,
};

const mistakes: Readonly<Record<string, keyof typeof properties>> = {
  NO_FENCE: "S4",
  TAKER_DOES_NOT_WAIT: "S1",
  DEADLINE_FROM_REPLY: "S1",
  OBEYS_OLD_ORDER: "S1",
  LATE_RELEASE: "S1",
  ABORT_KEEPS_EPOCH: "S2",
  NO_TERM_GUARD: "S2",
};

const timeout = 120_000;

describe.skipIf(missing.length > 0)("the model of one shard with two lives", () => {
  it("keeps S1, S2, S4 and S6 in every state up to epoch 4", { timeout }, async () => {
    const { violated, states, seconds } = await check({ LAST_EPOCH: 4 }, "-O2");
    process.stdout.write(`model: ${states} states in ${seconds} s\n`);
    expect(violated).toBeNull();
    // A model that hardly moves has nothing to say.
    expect(states).toBeGreaterThan(500_000);
  });

  it.each(Object.entries(mistakes))("breaks under %s: %s", { timeout }, async (name, property) => {
    const { violated, states } = await check({ LAST_EPOCH: 3, [name]: 1 }, "-O0");
    process.stdout.write(`model with ${name}: ${property} broken after ${states} states\n`);
    expect(violated).toMatch(properties[property]);
  });
});
