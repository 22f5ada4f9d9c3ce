import type { GroupName } from "../../core/ids.ts";
import type { AnyEntityDefinition } from "../entities/definition.ts";

/** What of an entity type must be the same in each lane and on the main thread. */
export interface LaneType {
  readonly type: string;
  readonly group: GroupName;
  readonly isDurable: boolean;
  readonly commands: readonly string[];
}

export const laneTypes = (types: Iterable<AnyEntityDefinition>): readonly LaneType[] =>
  [...types].map(({ type, group, events, commands }) => ({
    ...{ type, group, isDurable: events !== null },
    commands: Object.keys(commands).sort(),
  }));

/** What a lane has loaded that the main thread has not, or the other way round; null where they agree. */
export function differenceOf(
  inLane: readonly LaneType[],
  onMain: readonly LaneType[],
): string | null {
  const found = new Map(inLane.map((type) => [type.type, type]));
  for (const wanted of onMain) {
    const has = found.get(wanted.type);
    if (has === undefined) return `it has no entity type "${wanted.type}"`;
    found.delete(wanted.type);
    if (JSON.stringify(has) === JSON.stringify(wanted)) continue;
    return `its entity type "${wanted.type}" is ${describe(has)}, and the main thread's ${describe(wanted)}`;
  }
  const [more] = found.keys();
  return more === undefined
    ? null
    : `it has an entity type "${more}", which the main thread has not`;
}

const describe = ({ group, isDurable, commands }: LaneType): string =>
  `${isDurable ? "durable" : "volatile"}, in group "${group}", with the commands ${commands.join(", ") || "none"}`;
