import { describe, expect, it, vi } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { emptyCluster } from "../core/cluster.ts";
import { defaultCoordinatorOptions, startCoordinator } from "../core/coordinator.ts";
import type { ToCoordinator } from "../core/messages.ts";
import { StoreUnavailableError } from "../errors.ts";
import type { CommitResult, StateStore } from "../ports/state-store.ts";
import { infoOf, lifeOf } from "../testkit/coordinator-scene.ts";
import { Driver } from "./driver.ts";

const from = lifeOf("a");
const register: ToCoordinator = { tag: "register-region", node: infoOf("a"), groups: [] };
const command: ToCoordinator = {
  ...{ tag: "admin", requestId: "r-1" },
  command: { tag: "cordon", by: "ann", nodeId: "a" },
};

/** How much of its two inputs a driver has not taken, once it has ended. */
async function countUntaken(commit: () => Promise<CommitResult>, mayLead = true): Promise<number> {
  const state = startCoordinator(emptyCluster("h"), from, defaultCoordinatorOptions, 0);
  const { promise, resolve } = Promise.withResolvers<number>();
  const store = { commit } as unknown as StateStore;
  const driver: Driver = new Driver(state, store, new ManualClock(), () => mayLead, {
    committed: () => undefined,
    send: () => undefined,
    refuted: () => undefined,
    unauthorized: () => undefined,
    ended: () => resolve(driver.end().length),
  });
  for (const message of [register, command]) driver.push({ tag: "message", from, message });
  return await promise;
}

describe("a driver that ends has not taken", () => {
  it("what came while its lease did not hold", async () => {
    const commit = vi.fn();
    expect(await countUntaken(commit, false)).toBe(2);
    expect(commit).not.toHaveBeenCalled();
  });

  it("what was in a commit that another term has refused", async () => {
    expect(await countUntaken(async () => ({ outcome: "deposed", term: 2 }))).toBe(2);
  });
});

describe("a driver that ends may have taken", () => {
  it("what was in a commit without an answer", async () => {
    const lost = new StoreUnavailableError("No answer.");
    expect(await countUntaken(() => Promise.reject(lost))).toBe(0);
  });

  it("what it has failed of: the next one would fail of it, too", async () => {
    expect(await countUntaken(() => Promise.reject(new Error("a defect")))).toBe(0);
  });
});
