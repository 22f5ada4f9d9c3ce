import type { NodeRef } from "../../core/ids.ts";
import type {
  Channel,
  DropCounter,
  DropReason,
  Peer,
  SendResult,
  Transport,
  Variant,
} from "../../ports/transport.ts";
import type { SwitchGate } from "./switch-gate.ts";

/** What the suite sets; every adapter has these. */
export interface ContractLimits {
  readonly queueMessages: number;
  readonly queueBytes: number;
  readonly silenceMs: number;
}

export interface TransportUnderTest {
  readonly transport: Transport & { readonly drops: DropCounter };
  /** How others reach it. */
  readonly address: string;
  /** Ends it as a crash would: nothing is flushed, nobody is told. */
  kill(): Promise<void>;
}

export interface TransportHarness {
  start(self: NodeRef, gate: SwitchGate, limits: ContractLimits): Promise<TransportUnderTest>;
  stop(): Promise<void>;
}

export const nameOf = (ref: NodeRef): string => `${ref.nodeId}/${ref.incarnation}`;

interface Received {
  readonly from: NodeRef;
  readonly channel: Channel;
  readonly message: unknown;
}

/** One node of the contract suite, with all that it received and heard of its peers. */
export class TestNode {
  readonly gate: SwitchGate;
  readonly received: Received[] = [];
  /** `up node-2/life-1`, `down node-2/life-1`, ... */
  readonly news: string[] = [];
  readonly transport: TransportUnderTest["transport"];
  readonly kill: () => Promise<void>;
  readonly #address: string;
  #self: NodeRef;

  constructor(self: NodeRef, gate: SwitchGate, under: TransportUnderTest) {
    this.#self = self;
    this.gate = gate;
    this.transport = under.transport;
    this.kill = () => under.kill();
    this.#address = under.address;
    this.transport.onMessage((from, channel, message) =>
      this.received.push({ from, channel, message }),
    );
    this.transport.onPeer((peer, state) => this.news.push(`${state} ${nameOf(peer)}`));
  }

  get ref(): NodeRef {
    return this.#self;
  }

  get peer(): Peer {
    return { ...this.#self, address: this.#address };
  }

  live(incarnation: string): void {
    this.#self = { nodeId: this.#self.nodeId, incarnation };
    this.transport.setIncarnation(incarnation);
  }

  send(
    to: TestNode,
    message: unknown,
    channel: Channel = "data",
    variant: Variant = "request",
  ): SendResult {
    return this.transport.send(to.ref.nodeId, channel, message, variant);
  }

  isConnectedTo(other: TestNode): boolean {
    return this.transport.connected().some((peer) => nameOf(peer) === nameOf(other.ref));
  }

  messages(channel: Channel = "data"): unknown[] {
    return this.received.filter((one) => one.channel === channel).map((one) => one.message);
  }

  dropped(variant: Variant, reason: DropReason): number {
    const entries = this.transport.drops.snapshot();
    return entries.find((one) => one.variant === variant && one.reason === reason)?.count ?? -1;
  }
}
