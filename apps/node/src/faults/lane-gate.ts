import type { OpenLaneGate } from "@leasehold/sharding";
import { CrashPoints } from "./crash-points.ts";
import { crashNow } from "./engine.ts";
import { FaultyPostgresGate } from "./postgres-gate.ts";
import { SharedFaults } from "./shared-faults.ts";
import { shiftWallClock } from "./wall-clock.ts";

/** Loaded by each lane of a node that was started with faults: there they act as on the main thread. */
export const openLaneGate: OpenLaneGate = (memory) => {
  const shared = new SharedFaults(memory);
  shiftWallClock(() => shared.read("clockMs"));
  const postgres = new FaultyPostgresGate({ shared });
  void shared.follow(() => postgres.changed());
  const points = new CrashPoints(crashNow, shared);
  return {
    postgresStream: postgres.stream,
    watchEntities: (types) => points.watchEntities(types),
  };
};
