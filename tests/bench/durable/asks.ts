import { keepAsking, type Measured } from "../support/asking.ts";
import { idsOf } from "../support/echo.ts";
import { type Figure, figureOf } from "../support/figures.ts";
import { openPeer } from "../support/peer.ts";
import { pairsOf, takeTurns } from "../support/turns.ts";
import { openGroupCommit } from "./group-commit.ts";
import type { MeasureOptions, Scene } from "./scene.ts";
import { Tally } from "./tally.ts";

const roundMs = 1_500;
const rate = ({ perSecond }: Measured): number => perSecond;

/** Durable asks of 1,000 entities beside a bare group commit, and beside a peer where one was asked for. */
export async function measureAsks(
  scene: Scene,
  { rounds, peer: peerName }: MeasureOptions,
): Promise<readonly Figure[]> {
  const node = await scene.startNode("asks");
  const clients = idsOf().map((id) => node.entity(Tally, id));
  const ask = (turn: number) =>
    (clients[turn % clients.length] as (typeof clients)[0]).add({ by: 1 });
  const limit = await openGroupCommit(scene);
  const peer = await openPeer(peerName, scene.url, scene.progress);
  const figures: Figure[] = [];
  for (const inFlight of [1, 64, 256]) {
    const what = `durable asks/s, ${inFlight} in flight`;
    const parts = {
      ours: () => keepAsking(ask, inFlight, roundMs),
      limit: () => keepAsking(limit.ask, inFlight, roundMs),
      ...(peer === null ? {} : { effect: () => peer.ask("durable", inFlight, roundMs) }),
    };
    const turns = await takeTurns(rounds, parts, (line) => scene.progress(`${what}, ${line}`));
    const isJudged = inFlight === 256;
    figures.push(
      figureOf(what, "fenced group commit", pairsOf(turns.ours, turns.limit, rate), {
        ...(isJudged ? { bound: { atLeast: 0.25 } } : {}),
      }),
    );
    if (turns.effect === undefined) continue;
    figures.push(
      figureOf(`${what}, beside Effect`, "Effect", pairsOf(turns.ours, turns.effect, rate), {
        ...(isJudged ? { bound: { atLeast: 20 } } : {}),
      }),
    );
  }
  await peer?.close();
  await limit.close();
  await node.stop();
  return figures;
}
