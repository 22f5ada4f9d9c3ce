import type { Hold } from "./holds.ts";

/** Node to helper, over the child's IPC channel. */
export type ToHelper =
  | { readonly type: "hold"; readonly hold: Hold }
  | { readonly type: "act"; readonly id: string }
  | { readonly type: "heal"; readonly id: string };

/** Helper to node. */
export type FromHelper =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "held"; readonly id: string }
  | { readonly type: "ended"; readonly id: string };

/** Where the helper finds the shared flag (openFreezeFlag): stdin, stdout, stderr and IPC come before it. */
export const freezeFlagFd = 4;
