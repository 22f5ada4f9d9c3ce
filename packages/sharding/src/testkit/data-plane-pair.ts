import { ManualClock } from "../adapters/memory/manual-clock.ts";
import type { HostingView } from "../core/admission.ts";
import { type NodeRef, type ShardRef, shardKey } from "../core/ids.ts";
import { createDropCounter } from "../ports/drop-counter.ts";
import type { DropReason, SendResult, Transport, Variant } from "../ports/transport.ts";
import { type Ask, type AskPorts, createAsk, type Executor } from "../runtime/data-plane/ask.ts";
import type {
  EntityReply,
  FromExecutor,
  ToExecutor,
} from "../runtime/entities/executor-messages.ts";

/**
 * Data planes of a few nodes, by hand: messages wait until `deliver`, hosting and log are what the test
 * says, and the executor answers when it is told to.
 */
export class PairedNode<E extends Executor = HandExecutor> {
  readonly clock: ManualClock;
  readonly drops = createDropCounter();
  readonly executor: E;
  readonly hosting = new Map<string, HostingView>();
  readonly homes = new Map<string, { home: NodeRef | null; epoch: number }>();
  readonly plane: Ask;
  self: NodeRef;
  behind = 0;
  /** What `send` answers in place of queueing. */
  refuses: Exclude<SendResult, "queued"> | null = null;
  readonly outbox: { readonly to: string; readonly message: unknown; readonly variant: Variant }[] =
    [];
  readonly #mesh: Mesh<E>;

  constructor(mesh: Mesh<E>, nodeId: string, executor: E, limits: AskPorts["limits"] = {}) {
    this.#mesh = mesh;
    this.executor = executor;
    this.clock = mesh.clock;
    this.self = { nodeId, incarnation: `${nodeId}-1` };
    this.plane = createAsk({
      self: () => this.self,
      transport: this.#transport(),
      clock: mesh.clock,
      locate: (ref) => this.homes.get(shardKey(ref)) ?? { home: null, epoch: 0 },
      executor,
      hosting: (ref) => this.hosting.get(shardKey(ref)) ?? { phase: "none", epoch: 0 },
      drops: this.drops,
      onBehind: () => {
        this.behind += 1;
      },
      limits,
    });
  }

  /** This node's copy of the log names a home. */
  moves(ref: ShardRef, home: NodeRef | null, epoch: number): void {
    this.homes.set(shardKey(ref), { home, epoch });
    this.plane.logMoved([ref]);
  }

  hosts(ref: ShardRef, phase: HostingView["phase"], epoch: number): void {
    this.hosting.set(shardKey(ref), { phase, epoch });
    this.plane.hostingChanged([ref]);
  }

  dropped(variant: Variant, reason: DropReason): number {
    return (
      this.drops.snapshot().find((d) => d.variant === variant && d.reason === reason)?.count ?? -1
    );
  }

  #transport(): Transport {
    return {
      setPeers: () => undefined,
      send: (to, _channel, message, variant) => {
        if (this.refuses !== null) return this.refuses;
        this.outbox.push({ to, message: structuredClone(message), variant });
        return "queued";
      },
      onMessage: () => () => undefined,
      onPeer: () => () => undefined,
      connected: () => this.#mesh.others(this).map((node) => node.self),
      setIncarnation: () => undefined,
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }
}

export class Mesh<E extends Executor = HandExecutor> {
  readonly clock = new ManualClock();
  readonly #nodes: PairedNode<E>[] = [];

  join(nodeId: string, executor: E, limits?: AskPorts["limits"]): PairedNode<E> {
    const node = new PairedNode(this, nodeId, executor, limits);
    for (const other of this.#nodes) {
      other.plane.peerUp(node.self);
    }
    this.#nodes.push(node);
    return node;
  }

  others(node: PairedNode<E>): readonly PairedNode<E>[] {
    return this.#nodes.filter((other) => other !== node);
  }

  /** Passes everything that waits, and what that leads to. */
  deliver(): void {
    for (let sender = this.#next(); sender !== undefined; sender = this.#next()) {
      this.deliverOne(sender);
    }
  }

  deliverOne(sender: PairedNode<E>): void {
    const envelope = sender.outbox.shift();
    const to = this.#nodes.find((node) => node.self.nodeId === envelope?.to);
    if (envelope !== undefined && to !== undefined) to.plane.onData(sender.self, envelope.message);
  }

  /** Both ends see the connection go; what was under way is lost. */
  disconnect(a: PairedNode<E>, b: PairedNode<E>): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const kept = from.outbox.filter((envelope) => envelope.to !== to.self.nodeId);
      from.outbox.splice(0, from.outbox.length, ...kept);
    }
    a.plane.peerDown(b.self);
    b.plane.peerDown(a.self);
  }

  connect(a: PairedNode<E>, b: PairedNode<E>): void {
    a.plane.peerUp(b.self);
    b.plane.peerUp(a.self);
  }

  #next(): PairedNode<E> | undefined {
    return this.#nodes.find((node) => node.outbox.length > 0);
  }
}

type Started = Extract<ToExecutor, { tag: "request" }>["request"];

/** Keeps what it is posted; replies as the test says. */
export class HandExecutor {
  readonly started: Started[] = [];
  readonly cancelled: number[] = [];
  /** Answers each request at once with its input. */
  echoes = false;
  #listener: (message: FromExecutor) => void = () => undefined;

  post(message: ToExecutor): void {
    if (message.tag === "cancel") this.cancelled.push(message.requestId);
    if (message.tag !== "request") return;
    this.started.push(message.request);
    if (this.echoes) this.answer(message.request, { ok: true, value: message.request.input });
  }

  onMessage(fn: (message: FromExecutor) => void): () => void {
    this.#listener = fn;
    return () => undefined;
  }

  emit(message: FromExecutor): void {
    this.#listener(message);
  }

  answer(request: Started | undefined, reply: EntityReply): void {
    if (request === undefined) throw new Error("The executor was not posted this request.");
    this.emit({ tag: "reply", requestId: request.requestId, reply });
  }

  /** The inputs it was posted, in order. */
  get inputs(): readonly unknown[] {
    return this.started.map((request) => request.input);
  }
}
