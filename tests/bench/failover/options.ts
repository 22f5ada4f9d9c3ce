import { BadOption } from "../support/bench.ts";

/** What `--only` takes. */
export const scenarios = ["coordinator", "node", "frozen", "leave", "join", "postgres"] as const;
export type Scenario = (typeof scenarios)[number];

export interface FailoverOptions {
  readonly shards: readonly number[];
  readonly only: ReadonlySet<Scenario>;
}

const sizes = { least: 3, most: 100_000, default: [256, 1_000, 10_000] } as const;

/** @throws {BadOption} naming the option, what was given and what is accepted. */
export function parseOptions(flags: Readonly<Record<string, string>>): FailoverOptions {
  const { shards, only } = flags;
  return {
    shards: shards === undefined ? sizes.default : shards.split(",").map(sizeOf),
    only: new Set(only === undefined ? scenarios : only.split(",").map(scenarioOf)),
  };
}

function sizeOf(text: string): number {
  const count = Number(text);
  const fits = /^\d+$/.test(text) && count >= sizes.least && count <= sizes.most;
  if (fits) return count;
  throw new BadOption(
    `--shards has "${text}"; it takes whole numbers from ${sizes.least} to ${sizes.most}, separated by commas, such as 256,1000.`,
  );
}

function scenarioOf(text: string): Scenario {
  const found = scenarios.find((name) => name === text);
  if (found !== undefined) return found;
  throw new BadOption(
    `--only has "${text}"; it takes ${scenarios.join(", ")}, separated by commas.`,
  );
}
