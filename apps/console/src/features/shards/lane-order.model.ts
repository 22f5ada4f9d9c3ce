import type { NodeView } from "../../live/node-row.ts";

export interface LaneGroup {
  readonly title: string;
  readonly nodes: readonly NodeView[];
}

/** Up to so many nodes every lane stands in its place, whatever happens to it. */
const flatUpTo = 12;

/**
 * The order of lanes. A small cluster keeps its order, so that an eye finds a node where it was; in a
 * large one what needs attention comes first and the rest follows by zone.
 */
export function groupLanes(nodes: readonly NodeView[]): LaneGroup[] {
  const living = nodes.filter(
    (it) => it.condition !== "dead" || it.owned > 0 || it.believedOnly > 0,
  );
  if (living.length <= flatUpTo) return [{ title: "", nodes: living }];
  const calm = living.filter((it) => it.condition === "ready");
  const busy = living.filter((it) => it.condition !== "ready");
  const zones = [...new Set(calm.map((it) => it.zone))].sort();
  const groups = zones.map((zone) => ({
    title: zone === "" ? "Ready" : zone,
    nodes: calm.filter((it) => it.zone === zone),
  }));
  return busy.length === 0 ? groups : [{ title: "Needs attention", nodes: busy }, ...groups];
}

export const laneOrder = (
  groups: readonly LaneGroup[],
): { readonly key: string; readonly startsGroup: boolean }[] => [
  { key: "", startsGroup: false },
  ...groups.flatMap((group) =>
    group.nodes.map((node, index) => ({
      key: node.nodeId,
      startsGroup: group.title !== "" && index === 0,
    })),
  ),
];
