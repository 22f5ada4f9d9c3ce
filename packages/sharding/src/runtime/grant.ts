import type { NodeRef } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import { LeaseDeadline } from "./lease-deadline.ts";

/** The right of one life of a node to serve. */
export class Grant extends LeaseDeadline {
  readonly holder: NodeRef;

  constructor(holder: NodeRef, clock: Clock, ttlMs: number) {
    super(clock, ttlMs);
    this.holder = holder;
  }
}
