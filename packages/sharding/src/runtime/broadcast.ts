import type { NodeId, NodeRef } from "../core/ids.ts";
import { MessageInvalidError } from "../errors.ts";
import type { LogFn } from "../node-api.ts";
import type { Clock } from "../ports/clock.ts";
import type { DropCounter, Transport } from "../ports/transport.ts";
import { approximateBytes } from "./data-plane/size.ts";
import { decodeBroadcast, encodeBroadcast } from "./data-plane/wire.ts";
import { copyPlain, NotPlainError } from "./entities/plain-data.ts";

export interface BroadcastPorts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly drops: DropCounter;
  readonly self: () => NodeRef;
  readonly log: LogFn;
}

/** Hears messages of one topic. What it is given is shared with the others that listen: not to be changed. */
export type MessageListener = (message: unknown, from: NodeId) => void | Promise<void>;

/** @unit bytes, about */
const messageLimitBytes = 64 * 1024;
/** Of this node to itself, that no listener has heard yet. */
const ownLimit = 10_000;
const nameLimit = 256;

/**
 * Messages to all nodes, at most once, stored nowhere.
 *
 * Each is counted by its sender: a second copy, which only a fault or a peer's mistake can bring, is dropped. Where a
 * queue is full the message is dropped and counted as a request; nobody waits.
 */
export class Broadcast {
  readonly #ports: BroadcastPorts;
  readonly #listeners = new Map<string, Set<MessageListener>>();
  /** The last number heard of each connected life. */
  readonly #heard = new Map<string, number>();
  #own: { readonly key: string; readonly message: unknown }[] = [];
  #sent = 0;

  constructor(ports: BroadcastPorts) {
    this.#ports = ports;
  }

  /** @returns for how many nodes it was queued. @throws {MessageInvalidError} */
  publish(topic: string, message: unknown, namespace: string): number {
    checkName("topic", topic);
    checkName("namespace", namespace);
    const copy = checked(message);
    this.#sent += 1;
    const tuple = encodeBroadcast({ number: this.#sent, namespace, topic, message: copy });
    const { transport } = this.#ports;
    const queued = transport
      .connected()
      .filter(({ nodeId }) => transport.send(nodeId, "data", tuple, "request") === "queued");
    return queued.length + (this.#toSelf(keyOf(namespace, topic), copy) ? 1 : 0);
  }

  listen(topic: string, fn: MessageListener, namespace: string): () => void {
    checkName("topic", topic);
    checkName("namespace", namespace);
    const key = keyOf(namespace, topic);
    const fns = this.#listeners.get(key) ?? new Set();
    // One of its own: the same function may listen twice.
    const listener: MessageListener = (...args) => fn(...args);
    this.#listeners.set(key, fns.add(listener));
    return () => {
      fns.delete(listener);
      if (fns.size === 0 && this.#listeners.get(key) === fns) this.#listeners.delete(key);
    };
  }

  /** What a peer sent. It may be of a newer version or broken: counted, never a throw. */
  receive(from: NodeRef, tuple: readonly unknown[]): void {
    const { drops } = this.#ports;
    const said = decodeBroadcast(tuple);
    if (said === null || !isName(said.topic) || !isName(said.namespace)) {
      return drops.count("request", "delivery_failed");
    }
    if (said.number <= (this.#heard.get(from.incarnation) ?? 0)) {
      return drops.count("request", "unroutable");
    }
    this.#heard.set(from.incarnation, said.number);
    this.#tell(keyOf(said.namespace, said.topic), said.message, from.nodeId);
  }

  peerDown({ incarnation }: NodeRef): void {
    this.#heard.delete(incarnation);
  }

  /** Later, as from anybody else: whoever listens may publish. */
  #toSelf(key: string, message: unknown): boolean {
    if (this.#own.length >= ownLimit) {
      this.#ports.drops.count("request", "full");
      return false;
    }
    this.#own.push({ key, message });
    if (this.#own.length > 1) return true;
    this.#ports.clock.after(0, () => {
      const own = this.#own;
      this.#own = [];
      for (const one of own) this.#tell(one.key, one.message, this.#ports.self().nodeId);
    });
    return true;
  }

  #tell(key: string, message: unknown, from: NodeId): void {
    const [namespace, topic] = key.split("\n");
    for (const listener of this.#listeners.get(key) ?? []) {
      const failed = (error: unknown): void =>
        this.#ports.log("error", "a listener failed", { namespace, topic, error: String(error) });
      try {
        Promise.resolve(listener(message, from)).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }
}

/** Neither of them has a line break. */
const keyOf = (namespace: string, topic: string): string => `${namespace}\n${topic}`;

const isName = (name: string): boolean =>
  name !== "" && name.length <= nameLimit && !name.includes("\n");

function checkName(what: string, name: string): void {
  if (typeof name === "string" && isName(name)) return;
  const limits = `1 to ${nameLimit} characters without a line break`;
  throw new MessageInvalidError(
    `A ${what} has ${limits}; ${JSON.stringify(String(name).slice(0, 40))} has not.`,
  );
}

/** A copy: what its sender does with it afterwards is not heard. */
function checked(message: unknown): unknown {
  // A third of the limit's bytes is the most that it can be made of: three bytes are the smallest value.
  if (approximateBytes(message, messageLimitBytes / 3) > messageLimitBytes) {
    throw new MessageInvalidError(`A message may have ${messageLimitBytes} bytes; this has more.`);
  }
  try {
    return copyPlain(message, "message");
  } catch (error) {
    if (!(error instanceof NotPlainError)) throw error;
    throw new MessageInvalidError(error.message, { cause: error });
  }
}
