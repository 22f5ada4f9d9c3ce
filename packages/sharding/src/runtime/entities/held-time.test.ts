import { describe, expect, it } from "vitest";
import { command, defineEntity } from "./definition.ts";
import { ExecutorHarness } from "./executor-harness.ts";

/** How long a handler keeps the thread: what a shard costs its node (core/load.ts). */
describe("the time that a handler keeps the thread", () => {
  const sceneOf = (isTimed: boolean): ExecutorHarness => {
    const Clerk = defineEntity("clerk", {
      state: () => ({}),
      commands: {
        work: command(() => scene.clock.advance(7)),
        fail: command(() => {
          scene.clock.advance(5);
          throw new Error("no");
        }),
        wait: command(async () => {
          scene.clock.advance(3);
          await Promise.resolve();
          scene.clock.advance(100);
        }),
        idle: command(() => null),
      },
    });
    const scene: ExecutorHarness = new ExecutorHarness([Clerk], undefined, isTimed);
    scene.open();
    return scene;
  };
  const heldBy = async (scene: ExecutorHarness, name: string): Promise<unknown> => {
    const requestId = scene.send("clerk", "c", name);
    for (let turns = 0; turns < 20 && scene.replyOf(requestId) === undefined; turns += 1) {
      await Promise.resolve();
    }
    return scene.said.find((one) => one.tag === "reply" && one.requestId === requestId);
  };

  it.each([
    ["work", 7],
    ["fail", 5],
    ["idle", 0],
  ])("is in the reply: %s", async (name, heldMs) => {
    expect(await heldBy(sceneOf(true), name)).toMatchObject({ heldMs });
  });

  it("ends where the handler first waits: others run meanwhile", async () => {
    expect(await heldBy(sceneOf(true), "wait")).toMatchObject({ heldMs: 3 });
  });

  it("is that of the command itself, not of the one before", async () => {
    const scene = sceneOf(true);
    await heldBy(scene, "work");
    expect(await heldBy(scene, "idle")).toMatchObject({ heldMs: 0 });
    const unknown = scene.send("clerk", "c", "no-such-command");
    expect(scene.said.at(-1)).toMatchObject({ requestId: unknown, heldMs: 0 });
  });

  it("is not looked at where nobody asked for it", async () => {
    expect(await heldBy(sceneOf(false), "work")).not.toHaveProperty("heldMs");
  });
});
