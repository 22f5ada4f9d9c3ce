import type { NodeId, NodeRef } from "../../core/ids.ts";
import type { Channel, Peer, SendResult, Transport, Variant } from "../../ports/transport.ts";
import type { Random } from "./random.ts";
import type { SimProcess } from "./sim-process.ts";
import type { Timeline } from "./timeline.ts";

/** What may happen to one message on its way in. */
export interface MessageFaults {
  /** Probabilities. */
  drop: number;
  duplicate: number;
  delay: number;
  /** Of a delayed or repeated message, at most. @unit milliseconds */
  delayMs: number;
}

export interface SimTransportPorts {
  readonly inner: Transport;
  readonly process: SimProcess;
  readonly timeline: Timeline;
  readonly random: Random;
  /** What arrives, for the trace. @returns whether the process is still there to hear it. */
  readonly onArrival: (from: NodeRef, message: unknown) => boolean;
  /** @returns whether the process is still there to send it. */
  readonly onSend: (message: unknown) => boolean;
}

/**
 * A process's transport: it hears nothing while it is paused, sends nothing once it is dead, and control
 * messages may arrive twice, late, out of order or not at all.
 */
export class SimTransport implements Transport {
  readonly faults: MessageFaults = { drop: 0, duplicate: 0, delay: 0, delayMs: 0 };
  readonly #ports: SimTransportPorts;

  constructor(ports: SimTransportPorts) {
    this.#ports = ports;
  }

  setPeers(peers: readonly Peer[]): void {
    this.#ports.inner.setPeers(peers);
  }

  send(to: NodeId, channel: Channel, message: unknown, variant: Variant): SendResult {
    if (!this.#ports.process.isRunning || !this.#ports.onSend(message)) return "disconnected";
    return this.#ports.inner.send(to, channel, message, variant);
  }

  onMessage(fn: (from: NodeRef, channel: Channel, message: unknown) => void): () => void {
    const { inner, process, onArrival } = this.#ports;
    return inner.onMessage((from, channel, message) => {
      const arrive = (): void =>
        process.deliver(() => {
          if (onArrival(from, message)) fn(from, channel, message);
        });
      // Requests and state keep the promises of a connection; control messages are promised nothing.
      if (channel === "data") arrive();
      else this.#distort(arrive);
    });
  }

  onPeer(fn: (peer: NodeRef, state: "up" | "down") => void): () => void {
    const { inner, process } = this.#ports;
    return inner.onPeer((peer, state) => process.deliver(() => fn(peer, state)));
  }

  connected(): readonly NodeRef[] {
    return this.#ports.inner.connected();
  }

  setIncarnation(incarnation: string): void {
    this.#ports.inner.setIncarnation(incarnation);
  }

  flush(timeoutMs: number): Promise<void> {
    return this.#ports.inner.flush(timeoutMs);
  }

  close(): Promise<void> {
    return this.#ports.inner.close();
  }

  #distort(arrive: () => void): void {
    const { random, timeline } = this.#ports;
    const { drop, duplicate, delay, delayMs } = this.faults;
    if (drop > 0 && random.chance(drop)) return;
    if (duplicate > 0 && random.chance(duplicate)) {
      timeline.after(random.between(0, delayMs), arrive);
    }
    if (delay > 0 && random.chance(delay)) timeline.after(random.between(0, delayMs), arrive);
    else arrive();
  }
}
