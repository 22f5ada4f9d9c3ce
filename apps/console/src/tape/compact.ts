import { compactWhole, expandWhole } from "../wire/compact.ts";
import type { CompactKeyframe, Keyframe } from "../wire/tape.ts";

export const compactKeyframe = ({ cluster, nodes, ...rest }: Keyframe): CompactKeyframe => ({
  ...rest,
  ...compactWhole({ cluster, nodes }),
});

/** @throws {RangeError} as `expandWhole`. */
export function expandKeyframe(it: CompactKeyframe): Keyframe {
  const { cluster: _cluster, rows: _rows, nodes: _nodes, lives: _lives, ...rest } = it;
  return { ...rest, ...expandWhole(it) };
}
