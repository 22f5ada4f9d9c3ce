import type { AskKind } from "../support/peer.ts";

/** What a runner of Effect's is started with. */
export interface RunnerSettings {
  readonly databaseUrl: string;
  readonly port: number;
  /** Its fastest settings for asks; otherwise its defaults. */
  readonly isTuned: boolean;
}

export type Command =
  | {
      readonly op: "ask";
      readonly kind: AskKind;
      readonly inFlight: number;
      readonly ms: number;
    }
  | { readonly op: "fill"; readonly from: number; readonly count: number }
  | { readonly op: "heap" };

/** To a command by its number, or by itself: how many shards the runner owns. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly shards: number };
