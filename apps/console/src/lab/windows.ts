/** A span of a run, on its clock. @unit milliseconds */
export interface Span {
  readonly fromMs: number;
  /** Infinity: not over yet. */
  readonly toMs: number;
}

/** So long may a node be silent, or this console's own loop stand still, before something can have been missed. */
const gapAfterMs = 3000;

/**
 * When which node could not be expected to speak, because the run itself had stopped or killed it. A silence outside of
 * these is a gap in what was observed.
 */
export class Excuses {
  readonly #spans = new Map<string, { fromMs: number; toMs: number }[]>();

  begin(nodeId: string, fromMs: number): void {
    const spans = this.#spans.get(nodeId) ?? [];
    this.#spans.set(nodeId, spans);
    if (spans.at(-1)?.toMs !== Number.POSITIVE_INFINITY) {
      spans.push({ fromMs, toMs: Number.POSITIVE_INFINITY });
    }
  }

  /** It has been heard again. */
  end(nodeId: string, toMs: number): void {
    const last = this.#spans.get(nodeId)?.at(-1);
    if (last !== undefined) last.toMs = Math.min(last.toMs, toMs);
  }

  isOpen(nodeId: string): boolean {
    return this.#spans.get(nodeId)?.at(-1)?.toMs === Number.POSITIVE_INFINITY;
  }

  /** Whether any of it lies in an excuse. */
  touches(nodeId: string, span: Span): boolean {
    return (this.#spans.get(nodeId) ?? []).some(
      (it) => it.fromMs <= span.toMs && it.toMs >= span.fromMs,
    );
  }
}

/** The gaps in what was observed, each in words; bounded. */
export class Gaps {
  readonly words: string[] = [];
  readonly #open = new Set<string>();

  /** @param heardMsAgo when the node was heard last. Before the run nothing had to be seen of it. */
  silence(nodeId: string, heardMsAgo: number, nowMs: number): void {
    const silentMs = Math.min(heardMsAgo, nowMs);
    if (silentMs <= gapAfterMs) {
      this.#open.delete(nodeId);
      return;
    }
    if (this.#open.has(nodeId)) return;
    this.#open.add(nodeId);
    this.#add(`${nodeId} was not heard from ${secondsOf(nowMs - silentMs)} on.`);
  }

  /** @param stalledMs for so long nothing ran in this console. */
  stall(stalledMs: number, nowMs: number): void {
    if (stalledMs > gapAfterMs) {
      this.#add(
        `The console itself stood still for ${secondsOf(stalledMs)}, until ${secondsOf(nowMs)}.`,
      );
    }
  }

  /** The log was replaced by a snapshot: what lies between was not seen. */
  logReplaced(nowMs: number): void {
    this.#add(`The console's copy of the log was replaced at ${secondsOf(nowMs)}.`);
  }

  #add(words: string): void {
    if (this.words.length < 20) this.words.push(words);
  }
}

const secondsOf = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
