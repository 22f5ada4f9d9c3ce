import type { ActiveFault, NodeOptions } from "@leasehold/sharding";
import { z } from "zod";
import { crashSteps } from "./crash-steps.ts";

/**
 * What may be asked of the faults engine, and the engine as the service sees it.
 *
 * One schema for `POST /v1/faults`, the CLI and the engine. `direction` is as this node sees it: `in`
 * stops what comes to it. Every fault ends by itself after `ttlMs`; the engine enforces that.
 */
const ttlMs = z.int().min(100).max(600_000).default(30_000);
const direction = z.enum(["both", "in", "out"]).default("both");
const delayMs = z.int().min(1).max(60_000);
const peer = z.string().min(1).max(128);

const cutLink = z.strictObject({ kind: z.literal("cut-link"), peer, direction, ttlMs });
const slowLink = z.strictObject({
  kind: z.literal("slow-link"),
  peer,
  direction,
  delayMs,
  jitterMs: z.int().min(0).max(60_000).default(0),
  ttlMs,
});
/** Bytes stop, sockets stay open: a black hole, not a refused connection. */
const cutPostgres = z.strictObject({ kind: z.literal("cut-postgres"), direction, ttlMs });
const slowPostgres = z.strictObject({ kind: z.literal("slow-postgres"), delayMs, ttlMs });
/** The event loop blocks. */
const freeze = z.strictObject({ kind: z.literal("freeze"), ttlMs });
/** SIGSTOP; the helper process sends SIGCONT. */
const pause = z.strictObject({ kind: z.literal("pause"), ttlMs });
/** SIGKILL. Its ttl is accepted and means nothing. */
const crash = z.strictObject({ kind: z.literal("crash"), ttlMs });

/** SIGKILL when the node comes to a named step; its ttl disarms it. */
const crashAt = z.strictObject({
  kind: z.literal("crash-at"),
  step: z.string().refine((name) => crashSteps.has(name), "no such step"),
  ttlMs,
});

/** Another wall clock, by so much; a day at most, so that a few of them can add up. Monotonic clocks stay. */
const clockStep = z.strictObject({
  kind: z.literal("clock-step"),
  byMs: z.int().min(-86_400_000).max(86_400_000),
  ttlMs,
});

export const faultRequestSchema = z.discriminatedUnion("kind", [
  cutLink,
  slowLink,
  cutPostgres,
  slowPostgres,
  freeze,
  pause,
  crash,
  crashAt,
  clockStep,
]);

/** A request as validated, defaults filled in. */
export type FaultRequest = z.output<typeof faultRequestSchema>;
export type FaultKind = FaultRequest["kind"];

export const faultKinds: readonly FaultKind[] = faultRequestSchema.options.map(
  (option) => option.shape.kind.value,
);

/** Named in the design, refused by this release with 422 `FAULT_KIND_UNSUPPORTED`. */
export const unsupportedFaultKinds: readonly string[] = ["drop", "duplicate", "delay"];

export type LinkGate = NonNullable<NodeOptions["linkGate"]>;
export type PostgresStream = NonNullable<NodeOptions["postgresStream"]>;

export interface FaultAccepted {
  readonly id: string;
  readonly expiresInMs: number;
}

/** Only nodes that were started with faults have one. */
export interface FaultEngine {
  /** Where the helper process heals a pause or a freeze. */
  readonly healUrl: string;
  /** Given to `startNode`; they pass everything while no fault is set. */
  readonly linkGate: LinkGate;
  readonly postgresStream: PostgresStream;
  /**
   * Sets a fault. Link and Postgres faults act at once; `freeze`, `pause` and `crash` only after
   * `answered` has resolved, so that the answer leaves first.
   */
  set(request: FaultRequest, answered: Promise<void>): Promise<FaultAccepted>;
  list(): readonly ActiveFault[];
  /** Ends one fault, or all of them. @returns the ids that ended; empty where `id` is unknown. */
  heal(id?: string): readonly string[];
  /** Heals everything and ends the helper process. */
  close(): Promise<void>;
}
