import type { Duplex } from "node:stream";
import type { Direction, EndFault, PostgresFaults } from "./engine.ts";
import { GatedStream, type StreamWatch } from "./gated-stream.ts";
import { SharedFaults } from "./shared-faults.ts";

const idle: StreamWatch = { leaving: () => undefined, arrived: () => undefined };

export interface PostgresGateOptions {
  /** Makes what looks at the bytes of one connection. @default nothing looks */
  readonly watch?: () => StreamWatch;
  /** What is cut, and how slow it is. @default this gate's own */
  readonly shared?: SharedFaults;
}

/**
 * The gate between this node and Postgres, where `cut-postgres` and `slow-postgres` act on bytes.
 *
 * A cut is a black hole: sockets stay open, connecting hangs, and not even the end of a connection gets
 * through. After it the byte streams go on where they stopped.
 */
export class FaultyPostgresGate implements PostgresFaults {
  readonly #shared: SharedFaults;
  readonly #streams = new Set<GatedStream>();
  readonly #watch: () => StreamWatch;
  /** As the streams were last told. @unit milliseconds */
  #delayMs = 0;

  constructor({ watch = () => idle, shared = new SharedFaults() }: PostgresGateOptions = {}) {
    this.#watch = watch;
    this.#shared = shared;
  }

  /** For node-postgres' `stream` option. */
  readonly stream = (): Duplex => {
    const stream = new GatedStream({
      isCut: (direction) => this.#shared.read(direction === "in" ? "cutIn" : "cutOut") > 0,
      delayMs: () => this.#shared.read("delayMs"),
      released: () => this.#streams.delete(stream),
      watch: this.#watch(),
    });
    this.#streams.add(stream);
    return stream;
  };

  cut(direction: Direction): EndFault {
    return this.#set({
      cutIn: direction === "out" ? 0 : 1,
      cutOut: direction === "in" ? 0 : 1,
    });
  }

  /** What this node sends takes `delayMs` longer, so every answer does. */
  slow(delayMs: number): EndFault {
    return this.#set({ delayMs });
  }

  /** What is shared has changed: bytes go on, or wait. */
  changed(): void {
    const delayMs = this.#shared.read("delayMs");
    const isSwift = delayMs < this.#delayMs;
    this.#delayMs = delayMs;
    for (const stream of [...this.#streams]) stream.changed(isSwift);
  }

  #set(fault: Parameters<SharedFaults["add"]>[0]): EndFault {
    const end = this.#shared.add(fault);
    this.changed();
    return () => {
      end();
      this.changed();
    };
  }
}
