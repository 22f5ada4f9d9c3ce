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
 * | request | 1, number, group, shard, epoch, seen, namespace, type, id, command, input, leftMs, chain, key, ordinal |
 * | reply | 2, number, kind, epoch, body, ticket, version |
 * | cancel | 3, number |
 * | farewell | 4, ordinal |
 * | heard | 5 |
 * | broadcast | 6, number, namespace, topic, message |
 *
 * - `number` is the sender's, unique for its incarnation. A request that is sent again keeps it.
 * - `epoch`: in a request the sender's; in a reply the home's (the highest it knows of the shard).
 * - `seen`, `ticket`: see core/admission.ts.
 * - `leftMs`: until the deadline, when the request was sent. Clocks of two nodes are never compared.
 * - `chain`: entities whose handlers wait for this call, outermost first.
 * - `key`: the idempotency key, or null. `version`: of a durable entity that answered, else null.
 * - A cancel is always answered: by the request's own reply, or by `gone` where the home does not have
 *   the request (any more).
 * - `ordinal` grows with each request that a sender sends. A home that leaves says in its farewell which one
 *   it has read last: those after it never ran and never will, whatever becomes of the connection. `heard`
 *   answers that.
 */
export const requestKind = 1;
export const replyKind = 2;
export const cancelKind = 3;
export const farewellKind = 4;
export const heardKind = 5;
export const broadcastKind = 6;

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
  key: string | null,
  ordinal: number,
];

export type CancelTuple = readonly [kind: typeof cancelKind, number: number];
export type FarewellTuple = readonly [kind: typeof farewellKind, ordinal: number];
export type HeardTuple = readonly [kind: typeof heardKind];

export type BroadcastTuple = readonly [
  kind: typeof broadcastKind,
  number: number,
  namespace: string,
  topic: string,
  message: unknown,
];

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
  version: number | null,
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
  readonly key: string | null;
  readonly ordinal: number;
}

export type WireReply =
  | {
      readonly name: "ok";
      readonly epoch: Epoch;
      readonly value: unknown;
      readonly version: number | null;
    }
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
  r.key,
  r.ordinal,
];

export const encodeCancel = (number: number): CancelTuple => [cancelKind, number];
export const encodeFarewell = (ordinal: number): FarewellTuple => [farewellKind, ordinal];
export const heard: HeardTuple = [heardKind];

export function encodeReply(number: number, reply: WireReply): ReplyTuple {
  const code = replyCodes[reply.name];
  switch (reply.name) {
    case "ok":
      return [replyKind, number, code, reply.epoch, reply.value, 0, reply.version];
    case "error":
      return [replyKind, number, code, 0, reply.error, 0, null];
    case "not-hosting":
    case "not-yet":
      return [replyKind, number, code, reply.epoch, null, reply.ticket, null];
    case "gone":
      return [replyKind, number, code, 0, null, 0, null];
    default:
      return reply satisfies never;
  }
}

export interface WireBroadcast {
  /** Grows with each broadcast of its sender's life. */
  readonly number: number;
  readonly namespace: string;
  readonly topic: string;
  readonly message: unknown;
}

export const encodeBroadcast = (b: WireBroadcast): BroadcastTuple => [
  broadcastKind,
  b.number,
  b.namespace,
  b.topic,
  b.message,
];

/** @returns null for a tuple that is no broadcast. */
export function decodeBroadcast(t: readonly unknown[]): WireBroadcast | null {
  const [, number, namespace, topic, message] = t;
  if (!(isCount(number) && isText(namespace) && isText(topic)) || t.length < 5) return null;
  return { number, namespace, topic, message };
}

/** A request's, reply's or cancel's number, or a farewell's ordinal; null where the tuple has none that can be answered. */
export const numberOf = (tuple: readonly unknown[]): number | null =>
  isCount(tuple[1]) ? tuple[1] : null;

/** @returns null for a tuple that is no request: a peer is not trusted to speak well. */
export function decodeRequest(t: readonly unknown[]): WireRequest | null {
  // By place: taken apart like a list, each tuple would cost an iterator, a copy of its end and two objects.
  const number = t[1];
  const group = t[2];
  const shard = t[3];
  const epoch = t[4];
  const seen = t[5];
  const namespace = t[6];
  const type = t[7];
  const id = t[8];
  const command = t[9];
  const input = t[10];
  const leftMs = t[11];
  const chain = t[12];
  const key = t[13] ?? null;
  const ordinal = t[14] === undefined ? 0 : t[14];
  if (!(isCount(number) && isCount(shard) && isCount(epoch) && isCount(seen))) return null;
  if (!(isText(group) && isText(namespace) && isText(type) && isText(id) && isText(command))) {
    return null;
  }
  if (!(isFiniteNumber(leftMs) && Array.isArray(chain) && chain.every(isText))) return null;
  if (!((key === null || isText(key)) && isCount(ordinal))) return null;
  return {
    number,
    group,
    shard,
    epoch,
    seen,
    namespace,
    type,
    id,
    command,
    input,
    leftMs,
    chain: chain.length === 0 ? noChain : chain,
    key,
    ordinal,
  };
}

const noChain: readonly string[] = [];

/** @returns null for a tuple that is no reply. */
export function decodeReply(t: readonly unknown[]): WireReply | null {
  const code = t[2];
  const epoch = t[3];
  const body = t[4];
  const ticket = t[5];
  const version = t[6] ?? null;
  switch (code) {
    case replyCodes.ok:
      if (!(isCount(epoch) && (version === null || isCount(version)))) return null;
      return { name: "ok", epoch, value: body, version };
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
