import type { SimOptions, SimResult } from "./simulate.ts";
import { simulate } from "./simulate.ts";
import type { Step } from "./steps.ts";

/** Of the violation, "S1: ..." is `S1`: a shorter schedule has to break the same promise. */
const promiseOf = (result: SimResult): string | undefined => result.violations[0]?.split(":")[0];

/**
 * Looks for the shortest schedule of steps that still breaks what the run broke, by leaving out ever smaller
 * parts (delta debugging). The seed stays, so everything that is not a step is drawn as before.
 *
 * @param runs how many runs it may take @default 200
 */
export async function shrink(
  options: SimOptions,
  failed: SimResult,
  runs = 200,
): Promise<SimResult> {
  const promise = promiseOf(failed);
  let best = failed;
  let parts = 2;
  for (let left = runs; left > 0 && best.steps.length > 0; ) {
    const shorter = await firstThat(without(best.steps, parts), async (steps) => {
      left -= 1;
      const result = left < 0 ? null : await simulate({ ...options, steps });
      return result !== null && promiseOf(result) === promise ? result : null;
    });
    if (shorter !== null) {
      best = shorter;
      parts = Math.max(parts - 1, 2);
    } else if (parts >= best.steps.length) break;
    else parts = Math.min(2 * parts, best.steps.length);
  }
  return best;
}

function without(steps: readonly Step[], parts: number): readonly (readonly Step[])[] {
  const size = Math.ceil(steps.length / parts);
  return Array.from({ length: Math.ceil(steps.length / size) }, (_, i) =>
    steps.filter((_step, at) => at < i * size || at >= (i + 1) * size),
  );
}

async function firstThat<T, R>(
  candidates: readonly T[],
  look: (candidate: T) => Promise<R | null>,
): Promise<R | null> {
  for (const candidate of candidates) {
    const found = await look(candidate);
    if (found !== null) return found;
  }
  return null;
}
