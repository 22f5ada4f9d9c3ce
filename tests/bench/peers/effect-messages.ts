import type { AskKind } from "../support/peer.ts";

/** What a runner of Effect's is started with. */
export interface RunnerSettings {
  readonly databaseUrl: string;
  readonly port: number;
  /** Its fastest settings for asks, its quickest ones to notice a death and a newcomer, or its defaults. */
  readonly tunedFor: "asks" | "failover" | "nothing";
  /** Owns no shard, only asks. @default false */
  readonly isClient?: boolean;
}

export type Command =
  | {
      readonly op: "ask";
      readonly kind: AskKind;
      readonly inFlight: number;
      readonly ms: number;
    }
  | { readonly op: "fill"; readonly from: number; readonly count: number }
  | { readonly op: "heap" }
  /** Which of these live in that process. */
  | { readonly op: "here"; readonly ids: readonly string[] }
  /** Answered once each of them has answered. */
  | { readonly op: "askEach"; readonly ids: readonly string[] }
  /** Asks each of them without a pause, until it is stopped. */
  | { readonly op: "meter"; readonly ids: readonly string[] }
  /** Answered with the longest wait of each, in the order they were given. @unit milliseconds */
  | { readonly op: "stopMeter" };

/** To a command by its number, or by itself: how many shards the runner owns. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly shards: number };
