import { describe, expect, it } from "vitest";
import { CoordinatorScene, group, lifeOf } from "../../testkit/coordinator-scene.ts";
import type { ToCoordinator } from "../messages.ts";

/** Shard 0 is `starting` at node a, or on its way from a to b; node c has nothing to do with it. */
function scene(state: "starting" | "handing-off"): CoordinatorScene {
  const made = CoordinatorScene.settled(["a", "b", "c"], { shards: 3, rebalance: "manual" });
  made.applies(made.proposesMove(0, "b"));
  if (state === "starting") {
    const row = made.row(0);
    if (row.state !== "handing-off") throw new Error("no handoff");
    const ref = { group, shard: 0, epoch: row.epoch, handoffId: row.handoff.id };
    made.says("a", { tag: "handoffs-failed", term: 1, handoffs: [{ ...ref, why: "not drained" }] });
  }
  return made;
}

function refOf(made: CoordinatorScene) {
  const row = made.row(0);
  const handoffId = row.state === "handing-off" ? row.handoff.id : "";
  return { group, shard: 0, epoch: row.epoch, handoffId };
}

const said: Record<
  Exclude<ToCoordinator["tag"], "register-region" | "admin">,
  { when: "starting" | "handing-off"; say: (made: CoordinatorScene) => ToCoordinator }
> = {
  claim: {
    when: "handing-off",
    say: (made) => ({ tag: "claim", term: 1, claims: [refOf(made)] }),
  },
  "shards-hosted": {
    when: "starting",
    say: (made) => ({ tag: "shards-hosted", term: 1, shards: [refOf(made)] }),
  },
  "host-refused": {
    when: "starting",
    say: (made) => ({ tag: "host-refused", term: 1, shards: [{ ...refOf(made), why: "forged" }] }),
  },
  "shards-stopped": {
    when: "starting",
    say: (made) => ({ tag: "shards-stopped", term: 1, shards: [refOf(made)] }),
  },
  "shard-loads": {
    when: "starting",
    say: (made) => ({
      ...{ tag: "shard-loads", term: 1, others: [] },
      shards: [{ ...refOf(made), requests: 5, busyMs: 7 }],
    }),
  },
  "handoffs-acked": {
    when: "handing-off",
    say: (made) => ({ tag: "handoffs-acked", term: 1, handoffs: [refOf(made)] }),
  },
  "shards-released": {
    when: "handing-off",
    say: (made) => ({
      ...{ tag: "shards-released", term: 1 },
      shards: [{ ...refOf(made), digest: "", size: 0 }],
    }),
  },
  "handoffs-failed": {
    when: "handing-off",
    say: (made) => ({
      ...{ tag: "handoffs-failed", term: 1 },
      handoffs: [{ ...refOf(made), why: "forged" }],
    }),
  },
};

describe("a member", () => {
  it.each(Object.entries(said))(
    "that says %s of another's shard is not believed, and counted",
    (tag, { when, say }) => {
      for (const liar of ["b", "c"]) {
        const made = scene(when);
        const before = made.row(0);
        const turned = made.says(liar, say(made));
        expect(turned.events).toEqual([]);
        expect(made.row(0)).toEqual(before);
        expect(turned.unauthorized).toEqual([{ from: lifeOf(liar), tag }]);
      }
    },
  );

  it.each(Object.entries(said))(
    "that says %s of its own shard is believed",
    (_tag, { when, say }) => {
      const made = scene(when);
      expect(made.says("a", say(made)).unauthorized).toEqual([]);
    },
  );

  it.each(Object.entries(said).filter(([tag]) => tag !== "claim"))(
    "that says %s of an epoch that nobody was granted changes nothing",
    (_tag, { when, say }) => {
      const made = scene(when);
      const before = made.row(0);
      const future = (item: object) => ({ ...item, epoch: before.epoch + 1 });
      const message = Object.fromEntries(
        Object.entries(say(made)).map(([key, value]) => [
          key,
          Array.isArray(value) ? value.map(future) : value,
        ]),
      ) as unknown as ToCoordinator;
      expect(made.says("a", message).events).toEqual([]);
      expect(made.row(0)).toEqual(before);
    },
  );

  it("that speaks of the past is not counted: its message was late", () => {
    const made = scene("starting");
    const late = { ...refOf(made), epoch: 1 };
    const turned = made.says("b", { tag: "shards-hosted", term: 1, shards: [late] });
    expect(turned).toMatchObject({ events: [], unauthorized: [] });
  });
});
