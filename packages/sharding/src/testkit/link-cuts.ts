import type { NodeId } from "../core/ids.ts";
import type { LinkGate } from "../ports/gates.ts";

/** Cuts between pairs of nodes, both directions at once. Frames wait in the cut, as in a black hole. */
export class LinkCuts {
  readonly #cut = new Set<string>();
  readonly #held: { readonly pair: string; readonly deliver: () => void }[] = [];
  readonly #listeners = new Set<() => void>();

  /** @returns heals it. */
  cut(a: NodeId, b: NodeId): () => void {
    const pair = pairOf(a, b);
    this.#cut.add(pair);
    this.#changed();
    return () => {
      this.#cut.delete(pair);
      this.#changed();
      const held = this.#held.splice(0);
      this.#held.push(...held.filter((frame) => this.#cut.has(frame.pair)));
      for (const { pair: of, deliver } of held) if (!this.#cut.has(of)) deliver();
    };
  }

  gateOf(self: NodeId): LinkGate {
    return {
      pass: (peer, _direction, _channel, deliver) => {
        const pair = pairOf(self, peer);
        if (this.#cut.has(pair)) this.#held.push({ pair, deliver });
        else deliver();
      },
      canConnect: (peer) => !this.#cut.has(pairOf(self, peer)),
      onChange: (fn) => {
        this.#listeners.add(fn);
        return () => this.#listeners.delete(fn);
      },
    };
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

const pairOf = (a: NodeId, b: NodeId): string => [a, b].sort().join(" ");
