import type { NodeId } from "../../core/ids.ts";
import { clusterEventTypes, controlMessageTags } from "../../core/names.ts";

/**
 * Where a process can be made to end. `committed:<event>`: the coordinator, when its commit has taken effect
 * and it does not know yet. `sending:<message>`, `received:<message>`: whoever was about to send or hear it.
 */
export const crashPoints: readonly string[] = [
  ...clusterEventTypes.map((type) => `committed:${type}`),
  ...controlMessageTags.flatMap((tag) => [`sending:${tag}`, `received:${tag}`]),
];

/** The points that are armed. Each kills one process and is spent. */
export class ArmedPoints {
  readonly #armed = new Map<string, number>();
  readonly #kill: (nodeId: NodeId, point: string) => void;

  constructor(kill: (nodeId: NodeId, point: string) => void) {
    this.#kill = kill;
  }

  /** @returns disarms it. */
  arm(point: string): () => void {
    this.#armed.set(point, (this.#armed.get(point) ?? 0) + 1);
    return () => this.#spend(point);
  }

  /** @returns whether the process has ended here. */
  reach(nodeId: NodeId, point: string): boolean {
    if (!this.#spend(point)) return false;
    this.#kill(nodeId, point);
    return true;
  }

  #spend(point: string): boolean {
    const left = this.#armed.get(point);
    if (left === undefined) return false;
    if (left > 1) this.#armed.set(point, left - 1);
    else this.#armed.delete(point);
    return true;
  }
}
