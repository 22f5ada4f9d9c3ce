import type { Server, Socket } from "socket.io";
import type { Access, Caller } from "../access/access.ts";
import { accessProblem } from "../audit/refusals.ts";
import type { RelayFrames } from "../wire/relay-frames.ts";

type Frames = { [Name in keyof RelayFrames]: (frame: RelayFrames[Name]) => void };
type Browsers = Server<Record<string, never>, Frames>;
type Browser = Socket<Record<string, never>, Frames>;

/** One for the handshake, one for the goodbye, and some for odd browsers. */
const messagesFromBrowser = 4;
/** Longer waits would overflow a timer. @unit milliseconds */
const timerLimitMs = 2_000_000_000;

/** What a socket.io server needs so that browsers can only listen. */
export const socketLimits = { maxHttpBufferSize: 16_384, connectTimeout: 5_000 } as const;

/**
 * Who may listen: whoever is signed in, until that ends. A browser has nothing to say after its handshake;
 * one that goes on talking is cut.
 */
export function guardSockets(io: Browsers, access: Access): void {
  io.engine.on("connection", limitMessages);
  io.use((socket, next) => {
    access.whoIs(socket.request).then(
      (caller) => {
        if (caller.tag === "nobody") next(refusal(caller));
        else {
          callers.set(socket, caller);
          next();
        }
      },
      (error: unknown) => next(error instanceof Error ? error : new Error(String(error))),
    );
  });
  io.on("connection", (socket: Browser) => {
    const caller = callers.get(socket);
    if (caller === undefined) return void socket.disconnect(true);
    const { state, expiresInMs } = access.view(caller);
    socket.emit("you", { ...caller.actor, isOpen: state === "open", expiresInMs });
    if (caller.session === null || expiresInMs === null) return;
    void socket.join(roomOf(caller.session.id));
    const end = (): void => cut(socket, "expired");
    const timer = setTimeout(end, Math.min(Math.max(expiresInMs, 0), timerLimitMs));
    socket.on("disconnect", () => clearTimeout(timer));
  });
  access.onEnd((session) => {
    for (const socket of io.sockets.sockets.values()) {
      if (socket.rooms.has(roomOf(session.id))) cut(socket, "signed-out");
    }
  });
}

const callers = new WeakMap<Browser, Extract<Caller, { tag: "actor" }>>();

const roomOf = (sessionId: string): string => `session:${sessionId}`;

function cut(socket: Browser, reason: "expired" | "signed-out"): void {
  socket.emit("ended", { reason });
  socket.disconnect(true);
}

/** socket.io passes `data` on to the browser's `connect_error`. */
function refusal(caller: Caller): Error {
  const { title, code } = accessProblem(caller, "viewer");
  return Object.assign(new Error(title), { data: { code } });
}

function limitMessages(connection: Socket["conn"]): void {
  let messages = 0;
  connection.on("packet", ({ type }: { type: string }) => {
    if (type !== "message") return;
    messages += 1;
    if (messages > messagesFromBrowser) connection.close(true);
  });
}
