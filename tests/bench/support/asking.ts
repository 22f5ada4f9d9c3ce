import { quantile } from "./bench.ts";

/** What was answered in a while, and how long each answer took. */
export interface Measured {
  readonly perSecond: number;
  readonly latenciesUs: readonly number[];
}

/** One of these asks at a time; `turn` grows by one with each. */
export type Ask = (turn: number) => Promise<unknown>;

/** After so long everything else has a turn of the event loop: sockets, timers, a node's heartbeats. */
const sliceMs = 10;

/**
 * Keeps so many under way for a while, each sent when the one before it is answered. One that fails ends the
 * benchmark: nothing is counted that had an error.
 */
export async function keepAsking(ask: Ask, inFlight: number, ms: number): Promise<Measured> {
  const latenciesUs: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + ms;
  let sliceEndMs = startMs + sliceMs;
  let pause: Promise<void> | null = null;
  const nextSlice = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    sliceEndMs = performance.now() + sliceMs;
    pause = null;
  };
  const caller = async (first: number): Promise<void> => {
    let sentMs = performance.now();
    for (let turn = first; sentMs < endMs; turn += 1) {
      await ask(turn);
      // Read once per answer: it is when the next one is sent, too.
      const answeredMs = performance.now();
      latenciesUs.push((answeredMs - sentMs) * 1_000);
      sentMs = answeredMs;
      // Answers that need no I/O would keep the event loop for themselves, until the node's lease has run out.
      if (answeredMs >= sliceEndMs) {
        pause ??= nextSlice();
        await pause;
        sentMs = performance.now();
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => caller(index)));
  return {
    perSecond: (latenciesUs.length / (performance.now() - startMs)) * 1_000,
    latenciesUs,
  };
}

export const p50Us = ({ latenciesUs }: Measured): number => quantile(latenciesUs, 0.5);
export const p99Us = ({ latenciesUs }: Measured): number => quantile(latenciesUs, 0.99);
