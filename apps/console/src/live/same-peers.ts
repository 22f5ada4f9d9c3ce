import type { Belief } from "@leasehold/sharding/observe";

type Peers = Belief["peers"];

/** Whether two lists name the same peers in the same state. Costs nothing where they are one list. */
export function arePeersSame(a: Peers | null | undefined, b: Peers | null | undefined): boolean {
  if (a === b) return true;
  if (!a || !b || a.length !== b.length) return false;
  return a.every((it, index) => {
    const other = b[index];
    return (
      it.nodeId === other?.nodeId &&
      it.incarnation === other.incarnation &&
      it.connected === other.connected
    );
  });
}
