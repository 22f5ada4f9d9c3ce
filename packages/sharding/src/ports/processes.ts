import type { ProcessIdentity } from "./lease-session.ts";

/**
 * The host's process table, as far as it can prove a neighbour dead.
 *
 * A proof needs all of it: the same boot and pid namespace, that this prover once saw the process
 * alive with its recorded start time, and that the pid is now free or belongs to a process that
 * started at another time. A zombie is no proof: its other threads may still run.
 */
export interface ProcessTable {
  /** This process, or null where the host does not tell (then no proof is ever given). */
  self(): ProcessIdentity | null;
  /** Looks at a process once, so that it can be proven dead later. */
  observe(process: ProcessIdentity): void;
  /** True only with the proof above. */
  isGone(process: ProcessIdentity): boolean;
}
