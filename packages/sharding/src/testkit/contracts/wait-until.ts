/**
 * Waits until a condition holds.
 *
 * @param sentence becomes the failure, for instance "the session was told of its end".
 */
export async function waitUntil(
  sentence: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 5_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`Not within ${timeoutMs} ms: ${sentence}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
