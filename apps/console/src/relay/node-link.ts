import { fromClusterJson } from "@leasehold/sharding/observe";
import { io, type Socket } from "socket.io-client";
import { z } from "zod";
import type { RelayAuth } from "../wire/relay-frames.ts";
import type { RawEntry } from "./authority.ts";
import { beliefDelta, beliefFrame, type Hello, hello, log, snapshot } from "./frame-schemas.ts";

/** What a link tells the hub. All values have been checked. */
export interface NodeLinkEvents {
  /** `log`: whether this link asks for the cluster log. */
  auth(link: NodeLinkHandle): RelayAuth & { readonly log: boolean };
  hello(link: NodeLinkHandle, frame: Hello): void;
  snapshot(cluster: ReturnType<typeof fromClusterJson>, ageMs: number): void;
  /** Returns `gap` when the hub cannot follow: the link connects again for a snapshot. */
  log(history: string, entries: readonly RawEntry[], ageMs: number): "applied" | "gap";
  belief(link: NodeLinkHandle, frame: z.infer<typeof beliefFrame>): void;
  delta(link: NodeLinkHandle, frame: z.infer<typeof beliefDelta>): void;
  state(link: NodeLinkHandle): void;
  /** A frame that could not be used. */
  refused(link: NodeLinkHandle, event: string, error: unknown): void;
}

/** `refused`: the node answers, and this console may not or cannot follow it; `why` says what is in the way. */
export type LinkState = "connecting" | "connected" | "refused";

/** A node that refused is asked again so often: a token is changed by a restart of either side. @unit milliseconds */
const retryRefusedMs = 3000;

/** The line to one node's observation plane. Reconnects for ever; the hub closes it. */
export interface NodeLinkHandle {
  readonly address: string;
  readonly state: LinkState;
  readonly sinceMs: number;
  /** What is in the way, in a sentence; null where nothing is. */
  readonly why: string | null;
  readonly hello: Hello | null;
  /** Says anew what it wants. */
  reconnect(): void;
  close(): void;
}

const ourProtocol = 1;
const spoken = z.object({ protocol: z.number() });

export function openNodeLink(
  address: string,
  token: string | undefined,
  nowMs: () => number,
  events: NodeLinkEvents,
): NodeLinkHandle {
  const socket: Socket = io(address, {
    path: "/socket.io",
    transports: ["websocket"],
    reconnectionDelay: 250,
    reconnectionDelayMax: 1000,
    timeout: 3000,
    // Each link is its own connection: two nodes behind one host must not share one.
    forceNew: true,
    auth: (give) => give({ token, ...events.auth(link) }),
  });
  const link = new Link(address, socket, nowMs);
  const move = (state: LinkState, why: string | null): void => {
    const isNews = state !== link.state || why !== link.why;
    link.move(state, why);
    if (isNews) events.state(link);
  };
  socket.on("connect", () => move("connected", null));
  socket.on("disconnect", () => link.state === "connected" && move("connecting", null));
  socket.on("connect_error", (error) => {
    // socket.io does not come back by itself to a server that refused.
    if (!socket.active) link.retry(retryRefusedMs);
    move(socket.active ? "connecting" : "refused", error.message);
  });
  receive(socket, link, events);
  return link;
}

function receive(socket: Socket, link: Link, events: NodeLinkEvents): void {
  const on = <S extends z.ZodType>(event: string, schema: S, take: (it: z.infer<S>) => void) => {
    socket.on(event, (frame: unknown) => {
      try {
        take(schema.parse(frame));
      } catch (error) {
        events.refused(link, event, error);
      }
    });
  };
  socket.on("hello", (frame: unknown) => {
    const { protocol } = spoken.safeParse(frame).data ?? {};
    if (protocol === undefined || protocol === ourProtocol) return;
    // Nothing else that it says would be understood.
    link.move(
      "refused",
      `It speaks version ${protocol} of the observation protocol, this console version ${ourProtocol}.`,
    );
    events.state(link);
    socket.disconnect();
    link.retry(retryRefusedMs);
  });
  on("hello", hello, (frame) => {
    link.hello = frame;
    events.hello(link, frame);
  });
  on("snapshot", snapshot, (frame) =>
    events.snapshot(fromClusterJson(frame.cluster), frame.authorityAgeMs),
  );
  on("log", log, (frame) => {
    if (events.log(frame.history, frame.entries, frame.authorityAgeMs) === "gap") link.reconnect();
  });
  on("belief", beliefFrame, (frame) => events.belief(link, frame));
  on("belief-delta", beliefDelta, (frame) => events.delta(link, frame));
}

class Link implements NodeLinkHandle {
  readonly address: string;
  readonly #socket: Socket;
  readonly #nowMs: () => number;
  state: LinkState = "connecting";
  why: string | null = null;
  sinceMs: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  hello: Hello | null = null;

  constructor(address: string, socket: Socket, nowMs: () => number) {
    this.address = address;
    this.#socket = socket;
    this.#nowMs = nowMs;
    this.sinceMs = nowMs();
  }

  move(state: LinkState, why: string | null): void {
    this.why = why;
    if (state === this.state) return;
    this.state = state;
    this.sinceMs = this.#nowMs();
  }

  retry(afterMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.connect(), afterMs);
  }

  reconnect(): void {
    this.#socket.disconnect().connect();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket.close();
  }
}
