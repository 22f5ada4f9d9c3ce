export interface WaitOptions {
  /** @unit milliseconds @default 15000 */
  readonly timeoutMs?: number;
  /** @unit milliseconds @default 25 */
  readonly everyMs?: number;
  /** What must never fail while it is waited: whatever this throws ends the wait at once. */
  readonly meanwhile?: () => void | Promise<void>;
}

/**
 * Waits until `fn` answers something truthy, and answers that. A throw counts as "not yet".
 *
 * @param sentence what must come true; it becomes the failure: "node-1 serves no shard".
 * @throws after `timeoutMs`, with the sentence and what was seen last.
 */
export async function waitUntil<T>(
  sentence: string,
  fn: () => T | Promise<T>,
  { timeoutMs = 15_000, everyMs = 25, meanwhile = () => undefined }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const startedMs = performance.now();
  for (;;) {
    await meanwhile();
    let seen: unknown;
    try {
      const value = await fn();
      if (value) return value;
      seen = value;
    } catch (error) {
      seen = error;
    }
    if (performance.now() - startedMs > timeoutMs) {
      throw new Error(`Not within ${timeoutMs} ms: ${sentence}. Seen last: ${describe(seen)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function describe(seen: unknown): string {
  return seen instanceof Error ? seen.message : JSON.stringify(seen);
}
