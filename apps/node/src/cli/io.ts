import type { Environment } from "../config/read-config.ts";
import type { Problem } from "../http/problems.ts";

/** What a command touches of the world, so that a test can stand in for it. */
export interface CliIo {
  readonly env: Environment;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly fetch: typeof fetch;
  /** Waits between two looks at something that takes time. */
  readonly pause: (ms: number) => Promise<void>;
  /** Recorded with what an operator asks for. */
  readonly user: string;
}

export interface FailureOptions extends ErrorOptions {
  /** @default 1 */
  readonly exitCode?: number;
  /** What the node said, if it did. */
  readonly problem?: Problem;
}

/** A command could not do what it was asked for; the message is for a person. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly exitCode: number;
  readonly problem: Problem | null;
  constructor(message: string, options: FailureOptions = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? 1;
    this.problem = options.problem ?? null;
  }
}
