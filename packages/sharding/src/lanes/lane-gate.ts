import type { PostgresStream } from "../ports/gates.ts";
import type { AnyEntityDefinition } from "../runtime/entities/definition.ts";

/** Where faults act in a lane: on the bytes of its connections, and on entities as they start. */
export interface LaneGate {
  readonly postgresStream: PostgresStream;
  /** @returns what the lane is to run for the types that it has loaded. */
  watchEntities(types: readonly AnyEntityDefinition[]): readonly AnyEntityDefinition[];
}

/** A gate is made of functions, which do not cross to a thread: each lane makes its own, of what does. */
export interface LaneGateSource {
  /** Exports `openLaneGate`, an {@link OpenLaneGate}. */
  readonly module: URL;
  /** Given to each lane, also to one that starts while a fault is on. */
  readonly memory: SharedArrayBuffer;
}

export type OpenLaneGate = (memory: SharedArrayBuffer) => LaneGate;

/** What of a source crosses to a lane. */
export interface LaneGateData {
  readonly module: string;
  readonly memory: SharedArrayBuffer;
}

/** What the module throws, as it is: the lane does not start. */
export async function openGate({ module, memory }: LaneGateData): Promise<LaneGate> {
  const { openLaneGate } = (await import(module)) as { openLaneGate: OpenLaneGate };
  return openLaneGate(memory);
}
