import type { Epoch } from "./ids.ts";

/**
 * Whether a shard's home takes a request. The receiving half of the order that core/route.ts keeps.
 *
 * The trap: a sender has r1, r2, r3 under way. The home bounces r1 (it drains, or its log is behind),
 * then opens, and r2 arrives. Taking it would run r2 before r1. So bounces are numbered (*tickets*), each
 * request says which ticket its sender has `seen` for this shard, and a request that was sent before the
 * sender knew of the latest bounce is bounced too. Nothing overtakes what came back, and no sender has
 * to wait for a handler that does not end.
 */
export type Admission = "accept" | "park" | "not-hosting" | "not-yet";

/** How this node holds a shard. */
export interface HostingView {
  /**
   * - `serving`: commands run, under `epoch`.
   * - `starting`: this node is the home at `epoch` and waits for carried state.
   * - `draining`: it was the home at `epoch`; a handoff has begun or the copy is frozen.
   * - `none`: not hosted. `epoch` is the highest that this node knows of the shard, from its log or
   *   from directives.
   */
  readonly phase: "serving" | "starting" | "draining" | "none";
  readonly epoch: Epoch;
}

/** What the home remembers of one sender's requests to one shard, for as long as the connection lasts. */
export interface InboundStream {
  /** The ticket of the latest bounce; 0 for none. */
  ticket: number;
  /** The epoch under which the latest request was taken. */
  epoch: Epoch;
  /** Taken and not answered. */
  outstanding: number;
  /**
   * The executor has said how a drain or drop of the shard ended that it was given after the latest
   * request. Its messages arrive in order, so none of the outstanding requests can still bounce.
   */
  quiet: boolean;
}

export function admit(
  stream: InboundStream,
  hosting: HostingView,
  request: { readonly epoch: Epoch; readonly seen: number },
): Admission {
  // The sender's log is ahead of what this node knows.
  if (request.epoch > hosting.epoch) return "not-yet";
  if (hosting.phase === "draining" || hosting.phase === "none") return "not-hosting";
  if (request.seen < stream.ticket) return "not-yet";
  // Requests taken under an earlier epoch may have bounced out of the executor, unseen yet.
  if (stream.outstanding > 0 && stream.epoch < hosting.epoch && !stream.quiet) return "not-yet";
  // A request with a lower epoch is fine: its sender is behind, but this node is the present home, and
  // the request runs under the present epoch, which is what fences compare.
  return hosting.phase === "serving" ? "accept" : "park";
}
