import type { Duplex } from "node:stream";
import type { Direction, EndFault, PostgresFaults } from "./engine.ts";
import { GatedStream, type StreamWatch } from "./gated-stream.ts";

const idle: StreamWatch = { leaving: () => undefined, arrived: () => undefined };

interface Rule {
  readonly direction: Direction;
  readonly isCut: boolean;
  readonly delayMs: number;
}

/**
 * The gate between this node and Postgres, where `cut-postgres` and `slow-postgres` act on bytes.
 *
 * A cut is a black hole: sockets stay open, connecting hangs, and not even the end of a connection gets
 * through. After it the byte streams go on where they stopped.
 */
export class FaultyPostgresGate implements PostgresFaults {
  readonly #rules = new Set<Rule>();
  readonly #streams = new Set<GatedStream>();
  readonly #watch: () => StreamWatch;

  /** @param watch makes what looks at the bytes of one connection. */
  constructor(watch: () => StreamWatch = () => idle) {
    this.#watch = watch;
  }

  /** For node-postgres' `stream` option. */
  readonly stream = (): Duplex => {
    const stream = new GatedStream({
      isCut: (direction) => this.#isCut(direction),
      delayMs: () => [...this.#rules].reduce((sum, rule) => sum + rule.delayMs, 0),
      released: () => this.#streams.delete(stream),
      watch: this.#watch(),
    });
    this.#streams.add(stream);
    return stream;
  };

  cut(direction: Direction): EndFault {
    return this.#set({ direction, isCut: true, delayMs: 0 });
  }

  /** What this node sends takes `delayMs` longer, so every answer does. */
  slow(delayMs: number): EndFault {
    return this.#set({ direction: "out", isCut: false, delayMs });
  }

  #isCut(direction: "in" | "out"): boolean {
    return [...this.#rules].some(
      (rule) => rule.isCut && (rule.direction === "both" || rule.direction === direction),
    );
  }

  #set(rule: Rule): EndFault {
    this.#rules.add(rule);
    for (const stream of [...this.#streams]) stream.changed(false);
    return () => {
      if (!this.#rules.delete(rule)) return;
      for (const stream of [...this.#streams]) stream.changed(!rule.isCut);
    };
  }
}
