/** A known mistake, as a change of one place in packages/sharding/src. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The simulation has to find it within so many seeds. */
  readonly seeds: number;
}

export const mutants: readonly Mutant[] = [
  {
    name: "a lease that is believed for ever",
    file: "runtime/grant.ts",
    from: "return !this.#ended && this.#clock.monotonicMs() < this.#deadlineMs && !this.#hasSlept();",
    to: "return !this.#ended;",
    seeds: 100,
  },
  {
    name: "a monotonic clock that stops in a suspend is believed",
    file: "runtime/grant.ts",
    from: "if (Math.abs(sleptMs) > this.#ttlMs / 20) {",
    to: "if (Math.abs(sleptMs) > 1e12) {",
    seeds: 100,
  },
  {
    name: "taking over without waiting",
    file: "core/membership.ts",
    from: "nowMs - seen.changedAtMs > ttlMs * watchFactor",
    to: "nowMs - seen.changedAtMs > ttlMs * 0.5",
    seeds: 100,
  },
  {
    name: "a stopped region serves on",
    file: "runtime/serving.ts",
    from: "this.#set(group, shard, undefined);",
    to: "",
    seeds: 100,
  },
];
