import type {
  AdminCommand,
  EventMessage,
  FromCoordinator,
  PlanRequest,
  StateMessage,
  ToCoordinator,
} from "./messages.ts";
import { areRowsWhole, type PackedMoves } from "./packed-moves.ts";

/**
 * Whether what another process said is a control message at all.
 *
 * The types end where a message leaves its process: a frame, and a letter in a table that others can
 * write to, are only bytes. What passes here has every field that the receiver reads, with its type;
 * whether it is true is the coordinator's and the region's question. Fields that are not known are let
 * through: a later version may have more.
 */
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const name: Check = (value) => typeof value === "string" && value !== "";
/** Epochs, terms, seqs, shards and sizes. */
const whole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const number: Check = (value) => typeof value === "number" && Number.isFinite(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const orAbsent =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const list =
  (item: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(item);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const fields = (checks: Readonly<Record<string, Check>>): Check => {
  const entries = Object.entries(checks);
  return (value) => isObject(value) && entries.every(([key, check]) => check(value[key]));
};

/** An object of which one field says which kind it is. */
const kinds =
  (field: string, checks: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (!isObject(value)) return false;
    const kind = value[field];
    return (
      typeof kind === "string" && Object.hasOwn(checks, kind) && checks[kind]?.(value) === true
    );
  };

const shard = { group: name, shard: whole };
const grant = { ...shard, epoch: whole };
/** A rate, or a sum of them: one below zero would pay for the others. */
const positive: Check = (value) => number(value) && (value as number) >= 0;
const load = { requests: positive, busyMs: positive };
const handoff = { ...grant, handoffId: name };
const node = { nodeId: name, incarnation: name };
const info = fields({
  ...node,
  ...{ address: text, zone: text, weight: number },
  labels: (value) => isObject(value) && Object.values(value).every(text),
  groups: orAbsent(list(name)),
});
const groups = list(
  fields({
    group: name,
    shards: (value) => whole(value) && value !== 0,
    strategy: oneOf("least-loaded", "rendezvous", "load"),
    workers: orAbsent(whole),
  }),
);
const versions = orAbsent(fields({ protocol: whole, hash: whole }));
const carried = fields({ handoffId: name, from: fields(node), digest: text, size: whole });

const above =
  (limit: number): Check =>
  (value) =>
    number(value) && (value as number) > limit;
const whatIf = fields({
  cordon: orAbsent(list(name)),
  weights: orAbsent((value) => isObject(value) && Object.values(value).every(above(0))),
  maxMoves: orAbsent(whole),
  keepHot: orAbsent(oneOf(true, false)),
});
const planRequests: Record<PlanRequest["kind"], Check> = {
  rebalance: fields({ whatIf: orAbsent(whatIf) }),
  drain: fields({ node: name }),
  move: fields({ moves: list(fields({ ...shard, to: name })) }),
  undo: fields({ planId: name }),
};
const asked = fields({ by: text, request: kinds("kind", planRequests) });
const ofNode = fields({ by: text, nodeId: name });
const commands: Record<AdminCommand["tag"], Check> = {
  plan: asked,
  preview: asked,
  "plan-control": fields({
    ...{ by: text, planId: name },
    verb: oneOf("apply", "pause", "resume", "cancel", "undo"),
  }),
  cordon: ofNode,
  uncordon: ofNode,
  drain: ofNode,
  unpin: fields({ by: text, ...shard }),
  scale: fields({ by: text, daemon: name, workers: whole }),
};

const report = (field: string, item: Readonly<Record<string, Check>>): Check =>
  fields({ term: whole, [field]: list(fields(item)) });

const toCoordinator: Record<ToCoordinator["tag"], Check> = {
  "register-region": fields({ node: info, groups, versions }),
  claim: report("claims", grant),
  "shards-hosted": report("shards", grant),
  "handoffs-acked": report("handoffs", handoff),
  "shards-released": report("shards", { ...handoff, digest: text, size: whole }),
  "handoffs-failed": report("handoffs", { ...handoff, why: text }),
  "shards-stopped": report("shards", { ...grant, why: orAbsent(text) }),
  "host-refused": report("shards", { ...grant, why: text }),
  "shard-loads": fields({
    ...{ term: whole, shards: list(fields({ ...grant, ...load })) },
    others: list(fields({ group: name, count: whole, ...load })),
  }),
  admin: fields({ requestId: name, command: kinds("tag", commands) }),
};

const directive = (more: Readonly<Record<string, Check>>): Check =>
  fields({ term: whole, incarnation: name, ...more });

const listsOfMoves = fields({
  ...{ groups: list(name), nodes: list(fields(node)), reasons: list(text), rows: list(whole) },
});
const moves: Check = (value) => listsOfMoves(value) && areRowsWhole(value as PackedMoves);
const preview = fields({
  ...{ planId: name, by: text, basedOnSeq: whole, moves },
  kind: oneOf("rebalance", "drain", "move", "undo"),
  ...{ node: orNull(name), undoes: orNull(name), spreadBefore: number, spreadAfter: number },
  blocked: list(fields({ ...shard, on: name, code: name, why: text })),
  ...{ blockedTotal: whole, leftOut: whole, movesInFlight: whole, notes: list(text) },
  nodes: list(fields({ ...node, weight: number, before: whole, after: whole, why: orNull(text) })),
});
const answers: Check = (value) =>
  fields({ ok: oneOf(true), seq: whole, planId: orNull(name), preview: orAbsent(preview) })(
    value,
  ) || fields({ ok: oneOf(false), code: name, why: text })(value);

const fromCoordinator: Record<FromCoordinator["tag"], Check> = {
  "region-registered": directive({ seq: whole }),
  "region-refused": directive({ code: name, why: text }),
  "host-shards": directive({ shards: list(fields({ ...grant, carried: orNull(carried) })) }),
  "begin-handoffs": directive({
    handoffs: list(fields({ ...handoff, to: fields(node), toAddress: text })),
  }),
  "stop-shards": directive({ shards: list(fields(grant)) }),
  log: fields({
    ...{ term: whole, timeline: whole, history: name },
    entries: list(fields({ seq: whole, term: whole, type: name })),
  }),
  "admin-answer": fields({ requestId: name, answer: answers }),
};

const warm = { namespace: name, type: name, id: text, version: whole, unkept: whole };

const states: Record<StateMessage["tag"], Check> = {
  "state-chunk": fields({
    ...{ ...handoff, offset: whole, whole: orNull(fields({ size: whole, digest: text })) },
    bytes: (value) => value instanceof Uint8Array,
  }),
  "state-taken": fields({ handoffId: name, received: whole }),
  "warm-state": fields({ ...grant, entities: list(fields(warm)) }),
};

const events: Record<EventMessage["tag"], Check> = {
  "follow-events": isObject,
  "events-stored": fields({ shards: list(fields(shard)) }),
};

const isState = kinds("tag", states);
const isEvent = kinds("tag", events);

/** Whether messages with this tag go between the regions of a handoff. */
export const isStateTag = (tag: string): boolean => Object.hasOwn(states, tag);
const isToCoordinator = kinds("tag", toCoordinator);
const isFromCoordinator = kinds("tag", fromCoordinator);

/** @returns null for what is no message to a coordinator. */
export const toCoordinatorOf = (value: unknown): ToCoordinator | null =>
  isToCoordinator(value) ? (value as ToCoordinator) : null;

/** @returns null for what is no message between the regions of a handoff. */
export const stateMessageOf = (value: unknown): StateMessage | null =>
  isState(value) ? (value as StateMessage) : null;

/** @returns null for what is no message about events of entities. */
export const eventMessageOf = (value: unknown): EventMessage | null =>
  isEvent(value) ? (value as EventMessage) : null;

/** @returns null for what is no message of a coordinator. */
export const fromCoordinatorOf = (value: unknown): FromCoordinator | null =>
  isFromCoordinator(value) ? (value as FromCoordinator) : null;
