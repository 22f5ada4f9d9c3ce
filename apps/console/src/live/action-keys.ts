/** A second press so soon after the answer is still the same press. @unit milliseconds */
const samePressMs = 700;
/** After a lost answer the same question asks what became of the first. @unit milliseconds */
const lostMs = 60_000;

interface Press<T> {
  readonly key: string;
  /** While it is under way. */
  readonly answer: Promise<T> | null;
  readonly untilMs: number;
}

/**
 * What makes a double click one action: an equal command while the first is under way gets its answer, and
 * one that comes right after it, or after an answer that got lost, is sent under the same key.
 */
export class ActionKeys<T> {
  readonly #presses = new Map<string, Press<T>>();
  readonly #nowMs: () => number;
  readonly #makeKey: () => string;

  constructor(
    nowMs: () => number = () => performance.now(),
    makeKey: () => string = () => crypto.randomUUID(),
  ) {
    this.#nowMs = nowMs;
    this.#makeKey = makeKey;
  }

  /**
   * @param isLost whether nobody can say what came of it.
   * @param isNewEachTime once answered, the next press is another action however soon it comes: to heal once more does
   *   no harm, and there may be something new to heal.
   */
  async once(
    command: unknown,
    send: (key: string) => Promise<T>,
    isLost: (answer: T) => boolean,
    isNewEachTime = false,
  ): Promise<T> {
    const print = JSON.stringify(command);
    const before = this.#presses.get(print);
    if (before !== undefined && before.answer !== null) return await before.answer;
    const key =
      before !== undefined && before.untilMs > this.#nowMs() ? before.key : this.#makeKey();
    const answer = send(key);
    this.#presses.set(print, { key, answer, untilMs: 0 });
    try {
      const given = await answer;
      const forMs = isNewEachTime ? 0 : isLost(given) ? lostMs : samePressMs;
      this.#presses.set(print, { key, answer: null, untilMs: this.#nowMs() + forMs });
      return given;
    } catch (error) {
      this.#presses.delete(print);
      throw error;
    }
  }
}
