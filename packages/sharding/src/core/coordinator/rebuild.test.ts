import { describe, expect, it } from "vitest";
import { CoordinatorScene, group, lifeOf } from "../../testkit/coordinator-scene.ts";
import { epochBefore } from "../claims.ts";
import type { CoordinatorInput } from "../coordinator.ts";

const ttlMs = 1_000;
const leases = (...names: string[]): CoordinatorInput => ({
  ...{ tag: "leases", alive: names.map(lifeOf) },
});

/** A new coordinator that knows nothing but who holds a lease. */
function forgotten(...names: string[]): CoordinatorScene {
  const scene = new CoordinatorScene({ rebuildAfterMs: ttlMs, rebalance: "manual" });
  scene.turn(leases(...names));
  return scene;
}

const claims = (scene: CoordinatorScene, name: string, held: Record<number, number>, term = 1) =>
  scene.says(name, {
    ...{ tag: "claim", term },
    claims: Object.entries(held).map(([shard, epoch]) => ({ group, shard: Number(shard), epoch })),
  });

describe("a take-over without a state store", () => {
  it("gives each shard to the highest claim, whoever spoke first", () => {
    for (const order of [
      ["a", "b"],
      ["b", "a"],
    ]) {
      const scene = forgotten("a", "b");
      const held = { a: { 0: 3, 1: 5 }, b: { 1: 7, 2: 1, 3: 1 } };
      for (const name of order) {
        claims(scene, name, held[name as "a" | "b"]);
        scene.joins(name);
      }
      scene.tick(ttlMs);
      expect(scene.owners()).toBe("a b b b");
    }
  });

  it("tells the claimant that what it holds is the latest, above every epoch of an earlier term", () => {
    const scene = forgotten("a");
    claims(scene, "a", { 0: 9, 1: 9, 2: 9, 3: 9 });
    scene.joins("a");
    scene.tick(ttlMs);
    const row = scene.row(0);
    expect(row).toMatchObject({ state: "starting", carried: { from: lifeOf("a"), size: 0 } });
    expect(row.epoch).toBeGreaterThan(epochBefore(1));
  });

  it("gives a shard that nobody claims to nobody before one ttl has passed", () => {
    const scene = forgotten("a", "b");
    for (const name of ["a", "b"]) {
      claims(scene, name, {});
      scene.joins(name);
    }
    scene.tick(ttlMs - 1);
    expect(scene.owners()).toBe("- - - -");
    scene.tick(1);
    expect(scene.owners()).toBe("a b a b");
  });

  it("waits for a life that holds a lease and has not said what it serves", () => {
    const scene = forgotten("a", "b");
    claims(scene, "a", { 0: 1, 1: 1 });
    scene.joins("a");
    scene.joins("b");
    scene.tick(10 * ttlMs);
    expect(scene.owners()).toBe("- - - -");
    claims(scene, "b", { 2: 1, 3: 1 });
    expect(scene.owners()).toBe("a a b b");
  });

  it("waits for a claimant to register, and no longer once its lease has ended", () => {
    const scene = forgotten("a", "b");
    claims(scene, "a", {});
    claims(scene, "b", { 0: 1, 1: 1, 2: 1, 3: 1 });
    scene.joins("a");
    scene.tick(10 * ttlMs);
    expect(scene.owners()).toBe("- - - -");
    scene.turn(leases("a"));
    expect(scene.owners()).toBe("a a a a");
  });

  it("does not count what was claimed in an earlier term as an answer", () => {
    const scene = forgotten("a");
    claims(scene, "a", { 0: 1 }, 0);
    scene.joins("a");
    scene.tick(10 * ttlMs);
    expect(scene.owners()).toBe("- - - -");
  });
});
