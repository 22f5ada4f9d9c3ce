import { toClusterJson } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { assigned, entriesOf, smallCluster } from "../testing/factories.ts";
import { ClusterMirror } from "./mirror.ts";
import { ShownMirror } from "./shown-mirror.ts";

function filled(): ClusterMirror {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, 0);
  return mirror;
}

/** Moves shard 0 in a mirror. */
function move(mirror: ClusterMirror): void {
  const seq = mirror.cluster?.seq ?? 0;
  const epoch = mirror.rowOf(0)?.epoch ?? 0;
  const history = mirror.cluster?.history ?? "";
  mirror.applyLog(history, entriesOf(seq + 1, assigned(0, "node-b", epoch + 1)), 10);
}

test("who listens hears of the mirror that is shown, and is told that it is another one", () => {
  const [present, past] = [filled(), filled()];
  const shown = new ShownMirror(present);
  const heard: string[] = [];
  shown.listen({
    cell: (flat) => heard.push(`cell ${flat}`),
    moved: (flat, _from, to) => heard.push(`moved ${flat} ${to}`),
    ghosts: () => undefined,
    reset: () => heard.push("reset"),
  });
  shown.show(past);
  expect([shown.mirror, heard.splice(0)]).toEqual([past, ["reset"]]);
  move(present);
  expect(heard).toEqual([]);
  move(past);
  expect(heard.splice(0)).toContain("moved 0 node-b");
  shown.show(past);
  expect(heard, "it was that one").toEqual([]);
  shown.show(present);
  expect(heard).toEqual(["reset"]);
});
