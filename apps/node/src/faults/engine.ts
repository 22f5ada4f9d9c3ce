import { randomUUID } from "node:crypto";
import type { ActiveFault } from "@leasehold/sharding";
import type { Tokens } from "../http/roles.ts";
import { HelperProcess } from "./helper-process.ts";
import type { Hold } from "./holds.ts";
import type {
  FaultAccepted,
  FaultEngine,
  FaultRequest,
  LinkGate,
  PostgresStream,
} from "./types.ts";

export type Direction = "both" | "in" | "out";
/** Ends what was set; a second call does nothing. */
export type EndFault = () => void;

/** The gate between this node and its peers (link-gate.ts). Faults add up; each ends on its own. */
export interface LinkFaults extends LinkGate {
  cut(peer: string, direction: Direction): EndFault;
  slow(peer: string, direction: Direction, delayMs: number, jitterMs: number): EndFault;
}

/** The gate between this node and Postgres (postgres-gate.ts). */
export interface PostgresFaults {
  readonly stream: PostgresStream;
  cut(direction: Direction): EndFault;
  slow(delayMs: number): EndFault;
}

export interface FaultEngineOptions {
  readonly link: LinkFaults;
  readonly postgres: PostgresFaults;
  /** Arms a step (crash-points.ts). */
  readonly crashAt: (step: string) => EndFault;
  /** Moves the wall clock of every thread (wall-clock.ts). */
  readonly clockStep: (byMs: number) => EndFault;
  /** The node's tokens; the helper asks for them, too. None: loopback only. */
  readonly tokens: Tokens;
  /** What `crash` does. @default {@link crashNow} */
  readonly crash?: () => void;
}

interface Active {
  readonly request: FaultRequest;
  readonly endsAtMs: number;
  readonly end: EndFault;
}

/**
 * Sets faults on this node and ends each after its ttl. Only built where faults are on.
 *
 * Link and Postgres faults act in this process, on its own timers. Pause and freeze stop those timers,
 * so the helper process holds their ttl and takes their heal.
 */
export async function createFaultEngine(options: FaultEngineOptions): Promise<FaultEngine> {
  const active = new Map<string, Active>();
  const helper = await HelperProcess.start({
    tokens: options.tokens,
    onEnded: (id) => active.delete(id),
  });
  const crash = options.crash ?? crashNow;

  const actHeld = (hold: Hold): void => {
    helper.act(hold);
    // A freeze is over when the call returns; a pause has only been asked for.
    if (hold.kind === "freeze") heal(hold.id);
  };

  /** Begins the fault. @returns how it ends, and what must wait until the answer has left. */
  const begin = async (
    id: string,
    request: FaultRequest,
  ): Promise<{ end: EndFault; act?: () => void }> => {
    switch (request.kind) {
      case "cut-link":
        return { end: options.link.cut(request.peer, request.direction) };
      case "slow-link": {
        const { peer, direction, delayMs, jitterMs } = request;
        return { end: options.link.slow(peer, direction, delayMs, jitterMs) };
      }
      case "cut-postgres":
        return { end: options.postgres.cut(request.direction) };
      case "slow-postgres":
        return { end: options.postgres.slow(request.delayMs) };
      case "freeze":
      case "pause": {
        const hold = await helper.hold({ id, kind: request.kind, ttlMs: request.ttlMs });
        return { end: () => helper.heal(id), act: () => actHeld(hold) };
      }
      case "crash-at":
        return { end: options.crashAt(request.step) };
      case "clock-step":
        return { end: options.clockStep(request.byMs) };
      case "crash":
        return { end: () => undefined, act: crash };
    }
  };

  const heal = (id?: string): readonly string[] => {
    const ids = id === undefined ? [...active.keys()] : [id].filter((one) => active.has(one));
    for (const one of ids) {
      active.get(one)?.end();
      active.delete(one);
    }
    return ids;
  };

  return {
    healUrl: helper.healUrl,
    linkGate: options.link,
    postgresStream: options.postgres.stream,
    async set(request, answered): Promise<FaultAccepted> {
      const id = randomUUID();
      const { end, act } = await begin(id, request);
      const timer = setTimeout(() => heal(id), request.ttlMs).unref();
      active.set(id, {
        request,
        endsAtMs: performance.now() + request.ttlMs,
        end: () => {
          clearTimeout(timer);
          end();
        },
      });
      if (act !== undefined) actOnceAnswered(answered, () => active.has(id) && act());
      return { id, expiresInMs: request.ttlMs };
    },
    list: () =>
      [...active]
        .map(([id, entry]) => describe(id, entry))
        .filter((fault) => fault.expiresInMs > 0),
    heal,
    async close() {
      heal();
      await helper.close();
    },
  };
}

/** Nothing runs after it: the signal is delivered before the call returns. */
export const crashNow = (): void => void process.kill(process.pid, "SIGKILL");

/** A caller that went away before its answer still gets what it asked for. */
function actOnceAnswered(answered: Promise<void>, act: () => void): void {
  const soon = (): void => void setImmediate(act);
  answered.then(soon, soon);
}

function describe(id: string, { request, endsAtMs }: Active): ActiveFault {
  const { kind, ttlMs: _ttlMs, ...detail } = request;
  return { id, kind, detail, expiresInMs: Math.max(0, Math.round(endsAtMs - performance.now())) };
}
