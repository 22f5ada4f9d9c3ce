import type { NodeRef, ShardRef } from "../../core/ids.ts";
import {
  CancelledError,
  DeadlineExceededError,
  NodeNotReadyError,
  OutcomeUnknownError,
  OverloadedError,
} from "../../errors.ts";

/** How an ask ends without an answer of its home, in words that name the call. */
export interface Named extends ShardRef {
  readonly type: string;
  readonly id: string;
  readonly command: string;
}

export type GivenUp = "cancelled" | "past its deadline";

const nameOf = (call: Named): string => `${call.type}/${call.id}.${call.command}`;

/** The caller gave up before the request was sent. */
export function unsent(call: Named, why: GivenUp): Error {
  const words = `${nameOf(call)} is ${why}; it was not executed.`;
  return why === "cancelled" ? new CancelledError(words) : new DeadlineExceededError(words);
}

/** The caller gave up after it was sent. */
export const sent = (call: Named, to: NodeRef, why: GivenUp): Error =>
  new OutcomeUnknownError(`${nameOf(call)} was sent to ${to.nodeId} and is ${why}.`);

export const connectionLost = (call: Named, to: NodeRef): Error =>
  new OutcomeUnknownError(
    `The connection to ${to.nodeId} was lost before ${nameOf(call)} was answered.`,
  );

export const unreadable = (call: Named, from: NodeRef): Error =>
  new OutcomeUnknownError(`${from.nodeId} answered ${nameOf(call)} with what cannot be read.`);

export const unheardOf = (call: Named, from: NodeRef): Error =>
  new OutcomeUnknownError(`${from.nodeId} does not have ${nameOf(call)} any more.`);

export const queueFull = (to: NodeRef): Error =>
  new OverloadedError(`The queue to ${to.nodeId} is full; back off.`);

export const lineFull = (call: Named, state: string): Error =>
  new OverloadedError(`Too much waits for shard ${call.group}/${call.shard} (${state}); back off.`);

export const tooManyPending = (limit: number): Error =>
  new OverloadedError(`${limit} requests of this node wait for an answer; back off.`);

export const stopped = (call: Named, wasSent: boolean): Error =>
  wasSent
    ? new OutcomeUnknownError(`The node stopped before ${nameOf(call)} was answered.`)
    : new NodeNotReadyError(`The node stopped before ${nameOf(call)} was sent.`);
