import { CommandInvalidError } from "../../../errors.ts";
import type { ServerMs, TimerChange } from "../../../ports/timers.ts";
import type { EntityType } from "../entity-type.ts";
import { settingOf, type TimerSpec } from "./timer-spec.ts";

/** The timers of the entity whose command runs. They are durable: they fire also after a crash. */
export interface EntityTimers {
  /**
   * Sets the timer of this name, or sets it anew. It is stored with the command's events, or not at all.
   *
   * When it is due its command runs in the entity's turn, on the node that the entity is on; that it has fired
   * is stored with that command's events, so it takes effect once. A command that fails (`COMMAND_FAILED`) is run
   * again, after a second and then less and less often. A refusal (`CommandError`, not retryable) is an answer.
   *
   * @param name 1 to 64 characters. A command may set and cancel 100 timers.
   * @throws {CommandInvalidError} naming what is wrong.
   */
  set(name: string, timer: TimerSpec): void;
  /** There is no timer of this name after the command, whether there was one or not. */
  cancel(name: string): void;
}

const namePattern = /^[\x20-\x7e]{1,64}$/;
const changeLimit = 100;

/** What one run of a handler does to its entity's timers. */
export class TimerChanges implements EntityTimers {
  readonly #type: EntityType;
  readonly #nowMs: () => ServerMs;
  readonly #changes = new Map<string, TimerChange>();

  constructor(type: EntityType, nowMs: () => ServerMs) {
    this.#type = type;
    this.#nowMs = nowMs;
  }

  set(name: string, timer: TimerSpec): void {
    this.#note(name, () => settingOf(name, timer, this.#type.commands, this.#nowMs()));
  }

  cancel(name: string): void {
    this.#note(name, () => null);
  }

  all(): readonly TimerChange[] {
    return [...this.#changes.values()];
  }

  #note(name: string, make: () => TimerChange["setting"]): void {
    const { type, events } = this.#type.definition;
    if (events === null) {
      throw new CommandInvalidError(
        `"${type}" is volatile: only durable entities have timers.`,
        [],
      );
    }
    if (typeof name !== "string" || !namePattern.test(name)) {
      throw new CommandInvalidError(
        `A timer's name has 1 to 64 printable ASCII characters, not ${JSON.stringify(name)}.`,
        [],
      );
    }
    const setting = make();
    if (this.#changes.size >= changeLimit && !this.#changes.has(name)) {
      throw new CommandInvalidError(`One command may set and cancel ${changeLimit} timers.`, []);
    }
    this.#changes.set(name, { name, setting });
  }
}
