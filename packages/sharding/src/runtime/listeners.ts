/** Who wants to hear of something. A listener that throws ends nobody else's turn: it fails loudly, later. */
export class Listeners<Args extends unknown[]> {
  readonly #fns = new Set<(...args: Args) => void>();

  add(fn: (...args: Args) => void): () => void {
    this.#fns.add(fn);
    return () => {
      this.#fns.delete(fn);
    };
  }

  emit(...args: Args): void {
    for (const fn of this.#fns) {
      try {
        fn(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
