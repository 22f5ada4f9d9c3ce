/**
 * What a program's own code threw, in words. Anything can be thrown, and asking it for words can throw again: then
 * whoever waits for the answer would get none.
 */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "Something was thrown that cannot be put in words.";
  }
}
