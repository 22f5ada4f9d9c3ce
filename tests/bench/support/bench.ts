import type { Figure } from "./figures.ts";

export interface BenchOptions {
  /** @default the benchmark's own */
  readonly rounds: number | undefined;
  /** Says how far it is, on stderr. */
  readonly progress: (line: string) => void;
  /** The benchmark's own flags, those that were given. */
  readonly flags: Readonly<Record<string, string>>;
}

/** An option that was given makes no sense; the message says what is accepted. */
export class BadOption extends Error {
  override readonly name = "BadOption";
}

export type Row = Readonly<Record<string, string | number>>;

export interface Bench {
  readonly title: string;
  /** Names of flags that only it has, with a value each. @default none */
  readonly flags?: readonly string[];
  /** Looks at the flags before anything runs. @throws {BadOption} */
  check?(flags: Readonly<Record<string, string>>): void;
  run(options: BenchOptions): Promise<readonly Row[]>;
  /** What `run` makes its rows of, where a row is one figure: `gate` compares their ratios. */
  figures?(options: BenchOptions): Promise<readonly Figure[]>;
}

/** The value below which `share` of the sorted values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  return sorted[Math.min(last, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}
