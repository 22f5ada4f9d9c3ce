import type { Epoch, GroupName, ShardRef } from "../../core/ids.ts";
import type { WireError } from "../entities/executor-messages.ts";

/**
 * The messages of the data plane: tuples, because names in each message would double a small request.
 *
 * Append-only: a field keeps its place and meaning for ever, new ones go to the end, and a reader
 * takes a longer tuple (a newer peer) and gives missing fields their default. wire.test.ts freezes them.
 *
 * | tuple | fields |
 * |---|---|
 * | request | 1, number, group, shard, epoch, seen, namespace, type, id, command, input, leftMs, chain |
 * | reply | 2, number, kind, epoch, body, ticket |
 * | cancel | 3, number |
 *
 * - `number` is the sender's, unique for its incarnation. A request that is sent again keeps it.
 * - `epoch`: in a request the sender's; in a reply the home's (the highest it knows of the shard).
 * - `seen`, `ticket`: see core/admission.ts.
 * - `leftMs`: until the deadline, when the request was sent. Clocks of two nodes are never compared.
 * - `chain`: entities whose handlers wait for this call, outermost first.
 * - A cancel is always answered: by the request's own reply, or by `gone` where the home does not have
 *   the request (any more).
 */
export const requestKind = 1;
export const replyKind = 2;
export const cancelKind = 3;

export type RequestTuple = readonly [
  kind: typeof requestKind,
  number: number,
  group: GroupName,
  shard: number,
  epoch: Epoch,
  seen: number,
  namespace: string,
  type: string,
  id: string,
  command: string,
  input: unknown,
  leftMs: number,
  chain: readonly string[],
];

export type CancelTuple = readonly [kind: typeof cancelKind, number: number];

/** What a reply says; the number is its place on the wire. */
export const replyCodes = { ok: 0, error: 1, "not-hosting": 2, "not-yet": 3, gone: 4 } as const;
export type ReplyName = keyof typeof replyCodes;

/** `body`: the value of `ok`, the {@link WireError} of `error`, else null. */
export type ReplyTuple = readonly [
  kind: typeof replyKind,
  number: number,
  code: number,
  epoch: Epoch,
  body: unknown,
  ticket: number,
];

export interface WireRequest extends ShardRef {
  readonly number: number;
  readonly epoch: Epoch;
  readonly seen: number;
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  readonly command: string;
  readonly input: unknown;
  readonly leftMs: number;
  readonly chain: readonly string[];
}

export type WireReply =
  | { readonly name: "ok"; readonly epoch: Epoch; readonly value: unknown }
  | { readonly name: "error"; readonly error: WireError }
  | { readonly name: "not-hosting" | "not-yet"; readonly epoch: Epoch; readonly ticket: number }
  | { readonly name: "gone" };

export const encodeRequest = (r: WireRequest): RequestTuple => [
  requestKind,
  r.number,
  r.group,
  r.shard,
  r.epoch,
  r.seen,
  r.namespace,
  r.type,
  r.id,
  r.command,
  r.input,
  r.leftMs,
  r.chain,
];

export const encodeCancel = (number: number): CancelTuple => [cancelKind, number];

export function encodeReply(number: number, reply: WireReply): ReplyTuple {
  const code = replyCodes[reply.name];
  switch (reply.name) {
    case "ok":
      return [replyKind, number, code, reply.epoch, reply.value, 0];
    case "error":
      return [replyKind, number, code, 0, reply.error, 0];
    case "not-hosting":
    case "not-yet":
      return [replyKind, number, code, reply.epoch, null, reply.ticket];
    case "gone":
      return [replyKind, number, code, 0, null, 0];
    default:
      return reply satisfies never;
  }
}

/** A request's or reply's number, or null where the tuple has none that can be answered. */
export const numberOf = (tuple: readonly unknown[]): number | null =>
  isCount(tuple[1]) ? tuple[1] : null;

/** @returns null for a tuple that is no request: a peer is not trusted to speak well. */
export function decodeRequest(t: readonly unknown[]): WireRequest | null {
  const [, number, group, shard, epoch, seen, namespace, type, id, command, input, leftMs, chain] =
    t;
  if (!(isCount(number) && isCount(shard) && isCount(epoch) && isCount(seen))) return null;
  if (!(isText(group) && isText(namespace) && isText(type) && isText(id) && isText(command))) {
    return null;
  }
  if (!(isFiniteNumber(leftMs) && Array.isArray(chain) && chain.every(isText))) return null;
  return { number, group, shard, epoch, seen, namespace, type, id, command, input, leftMs, chain };
}

/** @returns null for a tuple that is no reply. */
export function decodeReply(t: readonly unknown[]): WireReply | null {
  const [, , code, epoch, body, ticket] = t;
  switch (code) {
    case replyCodes.ok:
      return isCount(epoch) ? { name: "ok", epoch, value: body } : null;
    case replyCodes.error:
      return isWireError(body) ? { name: "error", error: body } : null;
    case replyCodes["not-hosting"]:
    case replyCodes["not-yet"]: {
      if (!(isCount(epoch) && isCount(ticket))) return null;
      const name = code === replyCodes["not-yet"] ? "not-yet" : "not-hosting";
      return { name, epoch, ticket };
    }
    case replyCodes.gone:
      return { name: "gone" };
    default:
      return null;
  }
}

const isText = (value: unknown): value is string => typeof value === "string";
const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

function isWireError(value: unknown): value is WireError {
  if (typeof value !== "object" || value === null) return false;
  const { code, message, retryable, executed } = value as Partial<WireError>;
  return (
    isText(code) &&
    isText(message) &&
    typeof retryable === "boolean" &&
    (executed === "no" || executed === "yes" || executed === "unknown")
  );
}
