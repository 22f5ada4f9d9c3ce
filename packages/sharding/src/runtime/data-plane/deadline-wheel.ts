import type { Clock } from "../../ports/clock.ts";

/** What waits in the wheel. The fields belong to the wheel: links of its lists, so that nothing is allocated. */
export interface WheelEntry {
  /** On the clock's monotonic time. @unit milliseconds */
  dueMs: number;
  wheelNext: WheelEntry | null;
  wheelPrevious: WheelEntry | null;
  /** -1: not in the wheel. */
  wheelSlot: number;
}

/**
 * Deadlines of many requests with one timer.
 *
 * A timer per request would cost more than the request. Here adding and removing are a few
 * assignments; an entry fires at most two resolutions late, never early. No timer runs while nothing waits.
 */
export class DeadlineWheel<E extends WheelEntry> {
  readonly #clock: Clock;
  readonly #resolutionMs: number;
  readonly #fire: (entry: E) => void;
  readonly #slots: (WheelEntry | null)[] = Array.from({ length: slotCount }, () => null);
  #size = 0;
  /** The tick up to which all slots have fired. */
  #tick = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, resolutionMs: number, fire: (entry: E) => void) {
    this.#clock = clock;
    this.#resolutionMs = resolutionMs;
    this.#fire = fire;
  }

  /** Takes the entry, once, at `entry.dueMs`. */
  add(entry: E): void {
    if (this.#size === 0) {
      this.#tick = Math.floor(this.#clock.monotonicMs() / this.#resolutionMs);
      this.#arm();
    }
    const due = Math.max(this.#tick + 1, Math.ceil(entry.dueMs / this.#resolutionMs));
    const slot = due % slotCount;
    const first = this.#slots[slot] ?? null;
    entry.wheelSlot = slot;
    entry.wheelPrevious = null;
    entry.wheelNext = first;
    if (first !== null) first.wheelPrevious = entry;
    this.#slots[slot] = entry;
    this.#size += 1;
  }

  remove(entry: E): void {
    this.#unlink(entry);
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #unlink(entry: WheelEntry): void {
    if (entry.wheelSlot < 0) return;
    const { wheelNext, wheelPrevious } = entry;
    if (wheelPrevious === null) this.#slots[entry.wheelSlot] = wheelNext;
    else wheelPrevious.wheelNext = wheelNext;
    if (wheelNext !== null) wheelNext.wheelPrevious = wheelPrevious;
    entry.wheelNext = null;
    entry.wheelPrevious = null;
    entry.wheelSlot = -1;
    this.#size -= 1;
  }

  #arm(): void {
    this.#cancelTimer ??= this.#clock.after(this.#resolutionMs, () => {
      this.#cancelTimer = null;
      this.#turn();
      if (this.#size > 0) this.#arm();
    });
  }

  #turn(): void {
    const nowMs = this.#clock.monotonicMs();
    const tick = Math.floor(nowMs / this.#resolutionMs);
    const due: WheelEntry[] = [];
    // After a long pause one round is enough: it passes every slot.
    for (let at = Math.max(this.#tick + 1, tick - slotCount + 1); at <= tick; at += 1) {
      this.#collect(at % slotCount, nowMs, due);
    }
    this.#tick = tick;
    for (const entry of due) {
      // An entry that fired before may have removed this one.
      if (entry.wheelSlot < 0) continue;
      this.#unlink(entry);
      this.#fire(entry as E);
    }
  }

  /** Entries further away than one round stay for a later one. */
  #collect(slot: number, nowMs: number, into: WheelEntry[]): void {
    for (let entry = this.#slots[slot] ?? null; entry !== null; entry = entry.wheelNext) {
      if (entry.dueMs <= nowMs) into.push(entry);
    }
  }
}

const slotCount = 1024;
