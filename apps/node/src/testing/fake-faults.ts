import type { ActiveFault } from "@leasehold/sharding";
import type { FaultEngine, FaultRequest } from "../faults/types.ts";

/** A fault engine that only remembers what was asked of it. */
export interface FakeFaults extends FaultEngine {
  readonly requests: FaultRequest[];
  /** Resolves once the answer to the last request has left. */
  answered: Promise<void>;
}

export function createFakeFaults(): FakeFaults {
  const active = new Map<string, ActiveFault>();
  const faults: FakeFaults = {
    healUrl: "http://127.0.0.1:9/heal",
    requests: [],
    answered: Promise.resolve(),
    linkGate: {
      pass: (_peer, _way, _channel, go) => go(),
      canConnect: () => true,
      onChange: () => () => undefined,
    },
    postgresStream: () => {
      throw new Error("The fake opens no sockets.");
    },
    async set(request, answered) {
      const { kind, ttlMs, ...detail } = request;
      const id = `fault-${active.size + 1}`;
      faults.requests.push(request);
      faults.answered = answered;
      active.set(id, { id, kind, detail, expiresInMs: ttlMs });
      return { id, expiresInMs: ttlMs };
    },
    list: () => [...active.values()],
    heal(id) {
      const ids = id === undefined ? [...active.keys()] : [id].filter((one) => active.has(one));
      for (const one of ids) active.delete(one);
      return ids;
    },
    close: async () => undefined,
  };
  return faults;
}
