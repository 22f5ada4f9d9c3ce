import type { Measured } from "./asking.ts";

/** Somebody else's cluster of entities, measured as ours are: a counter, 1,000 of them. */
export interface Peer {
  /** Of entities in the process that asks, or in another one. Only what was answered counts. */
  ask(where: "local" | "remote", inFlight: number, ms: number): Promise<Measured>;
  /** The same remotely, where each question is stored before it is answered. */
  askDurably(inFlight: number, ms: number): Promise<Measured>;
  close(): Promise<void>;
}
