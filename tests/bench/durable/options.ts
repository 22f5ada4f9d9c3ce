import { BadOption } from "../support/bench.ts";

/** What `--only` takes. */
const parts = ["commands", "replay", "handoff", "memory"] as const;
export type Part = (typeof parts)[number];

/** @throws {BadOption} naming what was given and what is accepted. */
export function parseOptions({ only }: Readonly<Record<string, string>>): readonly Part[] {
  return only === undefined ? parts : only.split(",").map(partOf);
}

function partOf(text: string): Part {
  const found = parts.find((name) => name === text);
  if (found !== undefined) return found;
  throw new BadOption(`--only has "${text}"; it takes ${parts.join(", ")}, separated by commas.`);
}
