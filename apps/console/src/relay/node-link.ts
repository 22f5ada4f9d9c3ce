import { fromClusterJson } from "@leasehold/sharding/observe";
import { io, type Socket } from "socket.io-client";
import type { z } from "zod";
import type { RelayAuth } from "../wire/relay-frames.ts";
import type { RawEntry } from "./authority.ts";
import { beliefDelta, beliefFrame, type Hello, hello, log, snapshot } from "./frame-schemas.ts";

/** What a link tells the hub. All values have been checked. */
export interface NodeLinkEvents {
  auth(): RelayAuth;
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

export type LinkState = "connecting" | "connected" | "refused";

/** The line to one node's observation plane. Reconnects for ever; the hub closes it. */
export interface NodeLinkHandle {
  readonly address: string;
  readonly state: LinkState;
  readonly sinceMs: number;
  readonly hello: Hello | null;
  close(): void;
}

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
    auth: (give) => give({ token, ...events.auth() }),
  });
  const link = new Link(address, socket, nowMs);
  const moved = (state: LinkState) => () => {
    link.move(state);
    events.state(link);
  };
  socket.on("connect", moved("connected"));
  socket.on("disconnect", moved("connecting"));
  socket.on("connect_error", moved(socket.active ? "connecting" : "refused"));
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
  on("hello", hello, (frame) => {
    link.hello = frame;
    events.hello(link, frame);
  });
  on("snapshot", snapshot, (frame) =>
    events.snapshot(fromClusterJson(frame.cluster), frame.authorityAgeMs),
  );
  on("log", log, (frame) => {
    if (events.log(frame.history, frame.entries, frame.authorityAgeMs) === "gap") {
      socket.disconnect().connect();
    }
  });
  on("belief", beliefFrame, (frame) => events.belief(link, frame));
  on("belief-delta", beliefDelta, (frame) => events.delta(link, frame));
}

class Link implements NodeLinkHandle {
  readonly address: string;
  readonly #socket: Socket;
  readonly #nowMs: () => number;
  state: LinkState = "connecting";
  sinceMs: number;
  hello: Hello | null = null;

  constructor(address: string, socket: Socket, nowMs: () => number) {
    this.address = address;
    this.#socket = socket;
    this.#nowMs = nowMs;
    this.sinceMs = nowMs();
  }

  move(state: LinkState): void {
    if (state === this.state) return;
    this.state = state;
    this.sinceMs = this.#nowMs();
  }

  close(): void {
    this.#socket.close();
  }
}
