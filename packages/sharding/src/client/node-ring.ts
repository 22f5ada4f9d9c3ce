/** Addresses of nodes, or who knows them at the moment. */
export type Nodes = readonly string[] | (() => readonly string[]);

/** Which node to ask next: one after the other, and those that leave or cannot be reached last. */
export class NodeRing {
  readonly #nodes: () => readonly string[];
  /** Until when a node is left alone, on the clock of `performance.now`. @unit milliseconds */
  readonly #resting = new Map<string, number>();
  // Clients that start together must not all begin at the same node.
  #turn = Math.floor(Math.random() * 1_000);

  constructor(nodes: () => readonly string[]) {
    this.#nodes = nodes;
  }

  get size(): number {
    return this.#nodes().length;
  }

  /** Where the next command begins. */
  nextTurn(): number {
    this.#turn += 1;
    return this.#turn;
  }

  /**
   * In a rolling restart all may have said that they leave, one after the other: then the one that said it first,
   * which is the most likely to be back. Of several that would do, one that this command has asked less often.
   *
   * @param asked by this command, in order.
   * @returns undefined where nobody is known.
   */
  pick(turn: number, asked: readonly string[]): string | undefined {
    const nowMs = performance.now();
    for (const [node, untilMs] of this.#resting) if (untilMs <= nowMs) this.#resting.delete(node);
    const nodes = this.#nodes();
    const ring = nodes.map((_, i) => nodes[(turn + i) % nodes.length] as string);
    const timesAsked = (node: string): number => asked.filter((one) => one === node).length;
    const restsUntil = (node: string): number => this.#resting.get(node) ?? 0;
    return ring.toSorted(
      (a, b) => restsUntil(a) - restsUntil(b) || timesAsked(a) - timesAsked(b),
    )[0];
  }

  /** Asked only where everybody rests for longer. */
  rest(node: string, forMs: number): void {
    this.#resting.set(node, performance.now() + forMs);
  }
}
