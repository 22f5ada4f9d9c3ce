import type { LogFn } from "@leasehold/sharding";
import { isToNode } from "./ipc.ts";
import type { Service } from "./service.ts";

/** What may ask a node to end: the part of `process` that is used. */
export interface EndSource {
  on(event: "SIGTERM" | "SIGINT" | "disconnect", fn: () => void): unknown;
  on(event: "message", fn: (message: unknown) => void): unknown;
}

export interface ShutdownOptions {
  readonly source: EndSource;
  /** Rejects where the node could not be started. */
  readonly service: Promise<Pick<Service, "leave" | "stop">>;
  /** Resolves where the node cannot go on: it leaves then, and has failed. @default it never does */
  readonly failed?: Promise<Error>;
  readonly log: LogFn;
  /** After this, leaving has failed. @unit milliseconds */
  readonly leaveTimeoutMs: number;
  /** The same for stopping. @unit milliseconds @default 10000 */
  readonly stopTimeoutMs?: number;
  /** How long a start under way may take to become something that can leave. @unit milliseconds @default 2000 */
  readonly startGraceMs?: number;
}

/**
 * Resolves with the exit code once the node was asked to end and has ended.
 *
 * SIGTERM and SIGINT leave in order, and a second one ends at once. A node that has failed leaves too, with code 1. The parent's `stop-cluster`, or its
 * end (the IPC channel closes), stops without handoffs.
 */
export function untilEnded(options: ShutdownOptions): Promise<number> {
  const { source, log } = options;
  const exit = Promise.withResolvers<number>();
  let asked = 0;

  const end = (why: string, how: "leave" | "stop", code = 0): void => {
    log("info", how === "leave" ? "leaving" : "stopping", { why });
    finish(options, how).then(
      () => exit.resolve(code),
      (error: unknown) => {
        log("error", `could not ${how} in order`, { error: String(error) });
        exit.resolve(1);
      },
    );
  };
  const onSignal = (signal: string): void => {
    asked += 1;
    if (asked === 1) return end(signal, "leave");
    log("warn", "ending at once, without handoffs", { why: `a second ${signal}` });
    exit.resolve(1);
  };

  void options.failed?.then((error) => end(error.message, "leave", 1));
  source.on("SIGTERM", () => onSignal("SIGTERM"));
  source.on("SIGINT", () => onSignal("SIGINT"));
  source.on("message", (message) => {
    if (isToNode(message)) end("stop-cluster", "stop");
  });
  source.on("disconnect", () => end("the parent has gone", "stop"));
  return exit.promise;
}

async function finish(options: ShutdownOptions, how: "leave" | "stop"): Promise<void> {
  const { startGraceMs = 2_000, stopTimeoutMs = 10_000, leaveTimeoutMs } = options;
  // Before it has joined there is nothing to hand over; its lease, if it has one, is proven dead.
  const service = await within(options.service, startGraceMs).catch(() => null);
  if (service === null) return;
  const limitMs = how === "leave" ? leaveTimeoutMs : stopTimeoutMs;
  const ended = await within(
    service[how]().then(() => true as const),
    limitMs,
  );
  if (ended === null) throw new Error(`It took more than ${limitMs} ms.`);
}

async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
