import type { ScenarioId } from "../../wire/lab.ts";
import { flapping, oneWay, split } from "./links.ts";
import { clockStep, crashInHandoff, postgresRestart, rollingDrain } from "./operations.ts";
import { crashTheOwner, longPause, zombieOwner } from "./owner.ts";
import type { Scenario } from "./scenario.ts";

/** X1 to X10. */
export const scenarios: readonly Scenario[] = [
  crashTheOwner,
  zombieOwner,
  longPause,
  split,
  oneWay,
  flapping,
  postgresRestart,
  crashInHandoff,
  rollingDrain,
  clockStep,
];

export const scenarioOf = (id: ScenarioId): Scenario => {
  const found = scenarios.find((it) => it.id === id);
  if (found === undefined) throw new Error(`There is no scenario ${id}.`);
  return found;
};
