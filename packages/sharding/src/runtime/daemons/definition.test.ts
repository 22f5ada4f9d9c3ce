import { describe, expect, test } from "vitest";
import { catalogOf } from "../entities/catalog.ts";
import { type DaemonSpec, defineDaemon } from "./definition.ts";

const run = () => undefined;

describe("a daemon's definition", () => {
  test("has defaults", () => {
    expect(defineDaemon("mail-out", { workers: 1, run })).toEqual({
      ...{ name: "mail-out", workers: 1, heartbeatMs: null, run },
    });
  });

  test.each([
    ["a b", { workers: 1, run }, `Bad daemon "a b"`],
    ["", { workers: 1, run }, `Bad daemon ""`],
    ["x".repeat(65), { workers: 1, run }, "at most 64"],
    ["d", { workers: 0, run }, "workers is 0"],
    ["d", { workers: 65_537, run }, "workers is 65537"],
    ["d", { workers: 1.5, run }, "workers is 1.5"],
    ["d", { workers: 1, heartbeatMs: 10, run }, "heartbeatMs is 10"],
    ["d", { workers: 1, heartbeatMs: Number.NaN, run }, "heartbeatMs is NaN"],
    ["d", { workers: 1 } as unknown as DaemonSpec, "run is no function"],
  ])("%s %o is refused", (name, spec, said) => {
    expect(() => defineDaemon(name, spec)).toThrow(said);
  });

  test("a name stands for one daemon", () => {
    const one = defineDaemon("d", { workers: 1, run });
    const two = defineDaemon("d", { workers: 2, run });
    expect(() => catalogOf([], undefined, [one, two])).toThrow(`Two of the daemons are named "d"`);
  });

  test("has a group of its own, beside those of entities", () => {
    const { groups } = catalogOf([], { shards: 4, strategy: "rendezvous" }, [
      defineDaemon("d", { workers: 3, run }),
    ]);
    expect(groups).toEqual([
      { group: "default", shards: 4, strategy: "rendezvous" },
      { group: "daemon:d", shards: 3, workers: 3, strategy: "least-loaded" },
    ]);
  });
});
