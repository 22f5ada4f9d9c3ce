import type { ShardRef } from "../core/ids.ts";

/** When a timer is due, on the clock of the Postgres server. @unit milliseconds since 1970 */
export type ServerMs = number;

/** Until a start: the last time that a Date has. */
export const untilStartMs: ServerMs = 8_640_000_000_000_000;

/** How a timer that has fired comes again. */
export type Recurrence =
  | { readonly everyMs: number }
  /** When its shard has got another home. */
  | { readonly onStart: true }
  | {
      readonly cron: string;
      /** An IANA name. */
      readonly timeZone: string;
      /** For the times that nobody fired it at: once for all of them, or each. */
      readonly missed: "once" | "each";
    };

/** What a timer does. */
export interface TimerSetting {
  readonly dueMs: ServerMs;
  readonly command: string;
  readonly input: unknown;
  /** Null: it fires once. */
  readonly recurrence: Recurrence | null;
}

/** Sets the entity's timer of this name, whether there is one or not; without a setting there is none after. */
export interface TimerChange {
  readonly name: string;
  readonly setting: TimerSetting | null;
}

/** A timer as the command that set it left it. */
export interface TimerRef {
  readonly name: string;
  /** The command that set it last. */
  readonly setBy: string;
}

/** What an append does to its entity's timers, all or nothing with its events. */
export interface TimerWrites {
  /** Each name once. */
  readonly changes: readonly TimerChange[];
  /** The firing of this one is what is appended: it takes effect only where the timer still is as it was. */
  readonly fired: TimerRef | null;
}

export interface DueTimer extends ShardRef, TimerRef, TimerSetting {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
}

export interface DueTimers {
  /** The server's clock, when it read them. */
  readonly nowMs: ServerMs;
  /** The first ones first. */
  readonly timers: readonly DueTimer[];
}
