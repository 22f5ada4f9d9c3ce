import { localFloor } from "../limits/local-floor.ts";
import { keepAsking } from "../support/asking.ts";
import { openEcho } from "../support/echo.ts";
import type { Figure } from "../support/figures.ts";
import type { Peer } from "../support/peer.ts";
import { takeTurns } from "../support/turns.ts";
import { type AskBounds, askFigures } from "./figures.ts";
import { openLocal, openRemote } from "./scene.ts";

const roundMs = 600;
const floorName = "Map, queue, promise";
const wireName = "bare ws + msgpackr";

export interface AskRun {
  readonly databaseUrl: string;
  readonly rounds: number;
  readonly progress: (line: string) => void;
  /** Measured in turns with ours. @default none */
  readonly peer: Peer | null;
}

/** What DESIGN and the issue promise, by how many asks are in flight. */
const localBounds: Readonly<Record<number, AskBounds>> = {
  64: { rate: { atLeast: 400_000, of: "ours" } },
  256: { rate: { atLeast: 400_000, of: "ours" } },
};
const remoteBounds: Readonly<Record<number, AskBounds>> = {
  1: { p50: { atMost: 1.3 } },
  64: { rate: { atLeast: 0.33 }, effect: { atLeast: 10 } },
  256: { rate: { atLeast: 0.33 }, effect: { atLeast: 12 } },
};

export async function measureLocal(run: AskRun): Promise<readonly Figure[]> {
  const ours = await openLocal(run.databaseUrl);
  const floor = localFloor(false);
  const figures: Figure[] = [];
  for (const inFlight of [1, 64, 256]) {
    const what = `local, ${inFlight} in flight`;
    const parts = {
      ours: () => ours.run(inFlight, roundMs),
      limit: () => keepAsking(floor, inFlight, roundMs),
      ...effectPart(run.peer, "local", inFlight),
    };
    const turns = await takeTurns(run.rounds, parts, (line) => run.progress(`${what}, ${line}`));
    figures.push(...askFigures(what, floorName, turns, localBounds[inFlight]));
  }
  await ours.close();
  return figures;
}

export const measureRemote = (run: AskRun): Promise<readonly Figure[]> =>
  besideTheWire(
    run,
    [1, 64, 256].map((inFlight) => ({
      what: `remote, ${inFlight} in flight`,
      inFlight,
      bounds: remoteBounds[inFlight] ?? {},
      isForPeer: true,
    })),
  );

/** Every question goes to the same entity. */
export const measureHot = (run: AskRun): Promise<readonly Figure[]> =>
  besideTheWire(
    run,
    [1, 64, 256].map((inFlight) => ({
      what: `one hot entity, ${inFlight} in flight`,
      inFlight,
      questions: { entities: 1 },
    })),
  );

export const measureSizes = (run: AskRun): Promise<readonly Figure[]> =>
  besideTheWire(
    run,
    [1_000, 64_000].flatMap((noteLength) =>
      [1, 64].map((inFlight) => ({
        what: `${noteLength / 1_000} kB, ${inFlight} in flight`,
        inFlight,
        questions: { noteLength },
      })),
    ),
  );

interface Case {
  readonly what: string;
  readonly inFlight: number;
  readonly questions?: { readonly entities?: number; readonly noteLength?: number };
  readonly bounds?: AskBounds;
  readonly isForPeer?: boolean;
}

/** Asks of the other process in turns with an echo of the same questions. */
async function besideTheWire(run: AskRun, cases: readonly Case[]): Promise<readonly Figure[]> {
  const ours = await openRemote(run.databaseUrl);
  const limit = await openEcho("bare");
  const figures: Figure[] = [];
  for (const { what, inFlight, questions, bounds, isForPeer } of cases) {
    const parts = {
      ours: () => ours.run(inFlight, roundMs, questions),
      limit: () => limit.run(inFlight, roundMs, questions),
      ...(isForPeer === true ? effectPart(run.peer, "remote", inFlight) : {}),
    };
    const turns = await takeTurns(run.rounds, parts, (line) => run.progress(`${what}, ${line}`));
    figures.push(...askFigures(what, wireName, turns, bounds));
  }
  limit.close();
  await ours.close();
  return figures;
}

const effectPart = (peer: Peer | null, where: "local" | "remote", inFlight: number) =>
  peer === null ? {} : { effect: () => peer.ask(where, inFlight, roundMs) };
