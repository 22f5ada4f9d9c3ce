import { Packr } from "msgpackr";
import { idsOf, usual } from "../support/echo.ts";

interface Question {
  readonly amount: number;
  readonly resolve: (value: number) => void;
}

/** An entity that takes one question after the other, as one with an asynchronous handler has to. */
class Entity {
  #value = 0;
  #isBusy = false;
  readonly #waiting: Question[] = [];

  ask(amount: number): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.push({ amount, resolve });
      if (!this.#isBusy) void this.#answerAll();
    });
  }

  async #answerAll(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.resolve(await this.#add(next.amount));
    }
    this.#isBusy = false;
  }

  async #add(amount: number): Promise<number> {
    this.#value += amount;
    return this.#value;
  }
}

const note = "x".repeat(usual.noteLength);

/**
 * The least that a local ask is made of: a Map, a queue per entity, a promise.
 *
 * @param copies whether the question goes through msgpackr and back, so that no object is shared with the caller.
 */
export function localFloor(copies: boolean, entities?: number): (turn: number) => Promise<number> {
  const packr = new Packr({ useRecords: false });
  const ids = idsOf(entities);
  const known = new Map<string, Entity>();
  const entityOf = (id: string): Entity => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const made = new Entity();
    known.set(id, made);
    return made;
  };
  return (turn) => {
    const id = ids[turn % ids.length] as string;
    if (!copies) return entityOf(id).ask(1);
    const sent = packr.pack(["counter", id, "add", { amount: 1, note }]);
    const [, name, , input] = packr.unpack(sent) as [string, string, string, { amount: number }];
    return entityOf(name).ask(input.amount);
  };
}
