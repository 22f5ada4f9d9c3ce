import type { AnyEntityDefinition } from "@leasehold/sharding";
import { type CrashStep, crashSteps } from "./crash-steps.ts";
import type { EndFault } from "./engine.ts";
import type { StreamWatch } from "./gated-stream.ts";
import type { FrameWatch } from "./link-gate.ts";
import { SharedFaults } from "./shared-faults.ts";

/**
 * Ends the process at a named step of the protocol.
 *
 * It looks at what passes underneath: bytes of statements, bytes of frames, an entity's first state. The
 * protocol does not know of it, and while nothing is armed it looks at nothing.
 */
export class CrashPoints {
  readonly #armed = new Set<CrashStep>();
  readonly #crash: () => void;
  readonly #shared: SharedFaults;

  /** @param shared where a step that a lane may come to is armed. */
  constructor(crash: () => void, shared: SharedFaults = new SharedFaults()) {
    this.#crash = crash;
    this.#shared = shared;
  }

  /** @param name one of {@link crashSteps}. @returns disarms it. */
  arm(name: string): EndFault {
    const known = crashSteps.get(name);
    if (known === undefined) throw new Error(`There is no step ${name}.`);
    if (known.at === "entity-started") return this.#shared.add({ crashAtStart: 1 });
    // A copy, so that the same step may be armed twice and each disarmed on its own.
    const step = { ...known };
    this.#armed.add(step);
    return () => void this.#armed.delete(step);
  }

  readonly watchFrames: FrameWatch = (direction, frame, deliver) => {
    if (this.#armed.size === 0) return deliver;
    const happens = (at: CrashStep["at"]): boolean =>
      this.#any((step) => step.at === at && "message" in step && carries(frame, step.message));
    if (direction === "in") return () => (happens("received") ? this.#crash() : deliver());
    return () => {
      if (happens("sending")) return this.#crash();
      deliver();
      if (happens("sent")) this.#crash();
    };
  };

  /** Of one connection: it carries one statement at a time, so the next bytes are its answer. */
  readonly watchStatements = (): StreamWatch => {
    let isCommitting = false;
    const happens = (at: CrashStep["at"], bytes: Buffer): boolean =>
      this.#any((step) => step.at === at && "event" in step && writes(bytes, step.event));
    return {
      leaving: (bytes) => {
        if (this.#armed.size === 0) return;
        if (happens("committing", bytes)) return this.#crash();
        isCommitting = happens("committed", bytes);
      },
      arrived: () => {
        if (isCommitting) this.#crash();
      },
    };
  };

  /** The same entity types, watched, in whichever thread they run. */
  watchEntities(types: readonly AnyEntityDefinition[]): readonly AnyEntityDefinition[] {
    return types.map((type) => ({
      ...type,
      state: (entity) => {
        const state = type.state(entity);
        if (this.#shared.read("crashAtStart") > 0) this.#crash();
        return state;
      },
    }));
  }

  #any(test: (step: CrashStep) => boolean): boolean {
    return [...this.#armed].some(test);
  }
}

/** A frame is msgpack: short texts are a byte with their length, then their letters. */
const carries = (frame: Uint8Array, message: string): boolean =>
  Buffer.from(frame.buffer, frame.byteOffset, frame.length).includes(
    Buffer.concat([text("tag"), text(message)]),
  );

const text = (value: string): Buffer => Buffer.from([0xa0 | value.length, ...Buffer.from(value)]);

/** Whether a statement puts this event into the log: as a value of the batch, or written in its text. */
const writes = (statement: Buffer, event: string): boolean =>
  statement.includes("cluster_log") &&
  (statement.includes(`"type":"${event}"`) || statement.includes(`'${event}'`));
