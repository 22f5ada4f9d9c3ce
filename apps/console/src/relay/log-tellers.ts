/** A node link, as far as it matters here. */
export interface Teller {
  readonly address: string;
  readonly isConnected: boolean;
  /** How far the node says that its log is; null before its first belief. */
  readonly seq: number | null;
  /** Connects again: the handshake says whether the log is wanted. */
  reconnect(): void;
}

/** One may fall silent and one may be cut from Postgres, and a third still tells. */
const wanted = 3;
/** A link that was asked so long ago and is not connected does not count. @unit milliseconds */
const graceMs = 5000;
/** What a node knew that long ago and no teller has told is not merely on its way. @unit milliseconds */
const checkEveryMs = 1000;

/**
 * Which nodes are asked for the cluster log. All have the same one: a hundred nodes would send each entry a hundred
 * times. All say what they believe, and with it how far their log is, so those that are asked can be seen to lag: then
 * one that is further takes the place of the last of them.
 */
export class LogTellers {
  /** By address: when each was asked. */
  readonly #askedAtMs = new Map<string, number>();
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  /** The furthest that any node was at the last check. */
  #seenSeq = 0;

  /** Whether a link that connects now asks for the log. */
  choose(links: readonly Teller[], address: string, nowMs: number): boolean {
    this.#prune(links, nowMs);
    this.#askedAtMs.delete(address);
    if (this.#askedAtMs.size >= wanted) return false;
    this.#askedAtMs.set(address, nowMs);
    return true;
  }

  /**
   * Replaces tellers that are gone or lag, one at a time. Call it as often as you like.
   *
   * @param linksNow is asked for only when a check is due.
   * @param seq how far the console's own copy is.
   */
  check(linksNow: () => readonly Teller[], seq: number, nowMs: number): void {
    if (nowMs - this.#checkedAtMs < checkEveryMs) return;
    this.#checkedAtMs = nowMs;
    const links = linksNow();
    this.#prune(links, nowMs);
    const connected = links.filter((it) => it.isConnected).toSorted((a, b) => seqOf(a) - seqOf(b));
    const others = connected.filter((it) => !this.#askedAtMs.has(it.address));
    const next = others.at(-1);
    const isBehind = this.#seenSeq > seq;
    this.#seenSeq = next === undefined ? 0 : seqOf(next);
    if (next === undefined) return;
    if (this.#askedAtMs.size < wanted) this.#ask(next, nowMs);
    else if (isBehind && seqOf(next) > seq) {
      // None of those that were asked is there, or the one that is furthest behind tells no more.
      const last = connected.find((it) => this.#askedAtMs.has(it.address));
      if (last === undefined) this.#askedAtMs.clear();
      else this.#askedAtMs.delete(last.address);
      this.#ask(next, nowMs);
      last?.reconnect();
    }
  }

  /** Its handshake finds its place free, and takes it. */
  #ask(link: Teller, nowMs: number): void {
    this.#askedAtMs.set(link.address, nowMs);
    link.reconnect();
  }

  #prune(links: readonly Teller[], nowMs: number): void {
    const connected = new Set(links.filter((it) => it.isConnected).map((it) => it.address));
    for (const [address, askedAtMs] of this.#askedAtMs) {
      if (!connected.has(address) && nowMs - askedAtMs > graceMs) this.#askedAtMs.delete(address);
    }
  }
}

const seqOf = ({ seq }: Teller): number => seq ?? -1;
