import { openInserts } from "./limits/inserts.ts";
import { localFloor } from "./limits/local-floor.ts";
import { openThread } from "./limits/threads.ts";
import { keepAsking, type Measured, p50Us, p99Us } from "./support/asking.ts";
import type { Bench, Row } from "./support/bench.ts";
import { openEcho } from "./support/echo.ts";
import { medianOf } from "./support/figures.ts";
import { withPostgres } from "./support/postgres.ts";
import { takeTurns } from "./support/turns.ts";

const roundMs = 500;

export const bench: Bench = {
  title:
    "the bare parts on this machine: what an ask, a hop between threads and a row cost at least",
  async run({ rounds = 7, progress }) {
    return [...(await measureAsks(rounds, progress)), ...(await measureInserts(rounds, progress))];
  },
};

type Say = (line: string) => void;

async function measureAsks(rounds: number, progress: Say): Promise<readonly Row[]> {
  const [batched, single] = [await openEcho("bare"), await openEcho("bare-single")];
  const [port, ring] = [await openThread("port"), await openThread("ring")];
  const floor = localFloor(false);
  const copying = localFloor(true);
  const rows: Row[] = [];
  for (const inFlight of [1, 64, 256]) {
    const parts = {
      "ws + msgpackr, a message a frame": () => single.run(inFlight, roundMs),
      "ws + msgpackr, batched per tick": () => batched.run(inFlight, roundMs),
      "MessagePort, batched per tick": () => port.run(inFlight, roundMs),
      "shared-memory ring, batched per tick": () => ring.run(inFlight, roundMs),
      "local: Map, queue, promise": () => keepAsking(floor, inFlight, roundMs),
      "local, with a msgpackr round trip": () => keepAsking(copying, inFlight, roundMs),
    };
    const turns = await takeTurns(rounds, parts, (line) =>
      progress(`${inFlight} in flight, ${line}`),
    );
    rows.push(...rowsOf(turns, String(inFlight)));
  }
  for (const echo of [batched, single]) echo.close();
  for (const thread of [port, ring]) await thread.close();
  return rows;
}

const measureInserts = (rounds: number, progress: Say): Promise<readonly Row[]> =>
  withPostgres(async (postgres) => {
    const inserts = await openInserts(postgres);
    const parts = {
      "pg, one row, 1 connection": () => inserts.run(1, 1, roundMs),
      "pg, one row, 10 connections": () => inserts.run(1, 10, roundMs),
      "pg, 100 rows, 3 connections": () => inserts.run(100, 3, roundMs),
      "pg, 1000 rows, 3 connections": () => inserts.run(1_000, 3, roundMs),
    };
    const turns = await takeTurns(rounds, parts, progress);
    await inserts.close();
    return rowsOf(turns, "-");
  });

function rowsOf(turns: Readonly<Record<string, readonly Measured[]>>, inFlight: string): Row[] {
  return Object.entries(turns).map(([part, rounds]) => {
    const rates = rounds.map(({ perSecond }) => Math.round(perSecond));
    return {
      part,
      "in flight": inFlight,
      "per second": medianOf(rates, (rate) => rate),
      spread: `${Math.min(...rates)} to ${Math.max(...rates)}`,
      "p50 us": Math.round(medianOf(rounds, p50Us)),
      "p99 us": Math.round(medianOf(rounds, p99Us)),
    };
  });
}
