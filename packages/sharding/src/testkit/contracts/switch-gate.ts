import type { NodeId } from "../../core/ids.ts";
import type { LinkGate } from "../../ports/gates.ts";

type Direction = "in" | "out";

/**
 * A gate for contract suites: shut or slow per direction, for all peers at once. It also counts the frames
 * that it is asked to pass. The engine behind operators' faults is another one (apps/node).
 */
export class SwitchGate implements LinkGate {
  readonly #held: { readonly direction: Direction; readonly deliver: () => void }[] = [];
  readonly #shut = new Set<Direction>();
  readonly #listeners = new Set<() => void>();
  readonly #passed = new Map<string, number>();
  #slow: { readonly delayMs: number; readonly channel: string | null } | null = null;

  /** Frames of this direction and channel so far, pings and hellos included. */
  frames(direction: Direction, channel: string): number {
    return this.#passed.get(`${direction} ${channel}`) ?? 0;
  }

  cut(...directions: Direction[]): void {
    for (const direction of directions) this.#shut.add(direction);
    this.#changed();
  }

  heal(): void {
    this.#shut.clear();
    for (const frame of this.#held.splice(0)) frame.deliver();
    this.#changed();
  }

  /** From now on each frame (of this channel) takes this long. Equal delays keep the order. */
  slow(delayMs: number, channel: string | null = null): void {
    this.#slow = { delayMs, channel };
  }

  pass(_peer: NodeId, direction: Direction, channel: string, deliver: () => void): void {
    const key = `${direction} ${channel}`;
    this.#passed.set(key, (this.#passed.get(key) ?? 0) + 1);
    if (this.#shut.has(direction)) this.#held.push({ direction, deliver });
    else if (this.#isSlow(channel)) setTimeout(deliver, this.#slow?.delayMs);
    else deliver();
  }

  canConnect(): boolean {
    return this.#shut.size === 0;
  }

  onChange(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  #isSlow(channel: string): boolean {
    return this.#slow !== null && (this.#slow.channel ?? channel) === channel;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
