import type { Epoch, GroupName, NodeRef } from "../../core/ids.ts";
import type { RequestPlace, RouteRequest } from "../../core/route.ts";
import type { WheelEntry } from "./deadline-wheel.ts";
import { approximateBytes } from "./size.ts";
import type { WireRequest } from "./wire.ts";

/** A call to an entity, with its shard group resolved. */
export interface AskCall {
  readonly group: GroupName;
  /** Shards of the group. */
  readonly shards: number;
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  readonly command: string;
  readonly input: unknown;
  /** From now. @unit milliseconds */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Entities whose handlers wait for this call, outermost first. @default none */
  readonly chain?: readonly string[] | undefined;
  /** The idempotency key. @default none */
  readonly key?: string | null | undefined;
}

export interface AskResult {
  readonly result: unknown;
  readonly servedBy: {
    readonly nodeId: string;
    readonly incarnation: string;
    readonly group: GroupName;
    readonly shard: number;
    readonly epoch: Epoch;
    /** Of a durable entity. */
    readonly version?: number;
  };
}

/**
 * One request of this node from call to answer. It is its own route request, wheel entry and (towards
 * the local receiver) wire request: one object per ask.
 */
export class Pending implements RouteRequest, WireRequest, WheelEntry {
  readonly number: number;
  readonly group: GroupName;
  readonly shard: number;
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  readonly command: string;
  readonly input: unknown;
  readonly chain: readonly string[];
  readonly key: string | null;

  /** Of the last send. */
  epoch: Epoch = 0;
  seen = 0;
  leftMs = 0;
  ordinal = 0;
  /** Where it was sent last; null before. */
  sentTo: NodeRef | null = null;

  place: RequestPlace = "new";
  dueMs: number;
  wheelNext: WheelEntry | null = null;
  wheelPrevious: WheelEntry | null = null;
  wheelSlot = -1;

  /** The caller has its answer. The request may still hold a slot at its home. */
  ended = false;
  readonly #resolve: (result: AskResult) => void;
  readonly #reject: (error: Error) => void;
  #unlisten: (() => void) | null = null;
  #bytes = -1;

  constructor(
    call: AskCall,
    number: number,
    shard: number,
    dueMs: number,
    resolve: (result: AskResult) => void,
    reject: (error: Error) => void,
  ) {
    this.number = number;
    this.group = call.group;
    this.shard = shard;
    this.namespace = call.namespace;
    this.type = call.type;
    this.id = call.id;
    this.command = call.command;
    this.input = call.input;
    this.chain = call.chain ?? noChain;
    this.key = call.key ?? null;
    this.dueMs = dueMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get order(): number {
    return this.number;
  }

  size(): number {
    if (this.#bytes < 0) this.#bytes = requestBytes(this);
    return this.#bytes;
  }

  /** Calls `fn` when the caller aborts before the end. */
  listen(signal: AbortSignal, fn: () => void): void {
    signal.addEventListener("abort", fn, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", fn);
  }

  resolve(value: unknown, epoch: Epoch, version: number | null, by: NodeRef): void {
    if (!this.#end()) return;
    const { nodeId, incarnation } = by;
    const { group, shard } = this;
    const servedBy = { nodeId, incarnation, group, shard, epoch };
    this.#resolve({
      result: value,
      servedBy: version === null ? servedBy : { ...servedBy, version },
    });
  }

  reject(error: Error): void {
    if (this.#end()) this.#reject(error);
  }

  /** Each request ends once (S8). @returns whether this was that time. */
  #end(): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.#unlisten?.();
    this.#unlisten = null;
    return true;
  }
}

export const requestBytes = (request: WireRequest): number =>
  64 + request.id.length + request.command.length + approximateBytes(request.input);

const noChain: readonly string[] = [];
