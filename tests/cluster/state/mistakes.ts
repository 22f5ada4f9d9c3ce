import type { Edit } from "../../support/plant.ts";

/** What a node would be without the fences that durable entities rest on. */
export const planted = {
  /** Whoever once had the shard may append to it. */
  "an append without a fence": [
    {
      file: "adapters/postgres/sql/append-events.ts",
      from: `
    and head.epoch = i.epoch
    and head.incarnation = i.incarnation`,
      to: "",
    },
    {
      file: "adapters/postgres/sql/append-plain.ts",
      from: `
    and epoch = $3::bigint
    and incarnation = $4::uuid\``,
      // Still named: Postgres refuses a statement with a parameter of no type, and then nothing would be written.
      to: `
    and $3::bigint is not null
    and $4::uuid is not null\``,
    },
    {
      file: "adapters/postgres/sql/append-plain.ts",
      from: `
      and epoch = s.epoch
      and incarnation = $2::uuid`,
      to: `
      and $2::uuid is not null`,
    },
  ],
  /** Whoever once had the lease goes on as if it had no end. */
  "a holder that ignores its lease's deadline": [
    {
      file: "runtime/lease-deadline.ts",
      from: "if (this.#hasEnded || this.#clock.monotonicMs() >= this.#deadlineMs) return false;",
      to: "if (this.#hasEnded) return false;",
    },
  ],
  /** Whoever has the shard may still answer from memory. */
  "a take-over that does not wait for the lease to run out": [
    {
      file: "core/membership.ts",
      from: "nowMs - seen.changedAtMs > ttlMs * watchFactor",
      to: "nowMs - seen.changedAtMs > ttlMs * 0.3",
    },
  ],
} as const satisfies Readonly<Record<string, readonly Edit[]>>;
