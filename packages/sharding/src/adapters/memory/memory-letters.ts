import type { NodeId, NodeRef } from "../../core/ids.ts";
import type { Letter, Letters, NewLetter, Recipient } from "../../ports/letters.ts";
import type { MemoryPostgres } from "./memory-postgres.ts";
import type { MemoryTables } from "./memory-tables.ts";

type Key = Omit<NewLetter, "messages">;

/** The letters of one cluster. Each method is one statement. */
export class LetterTable {
  readonly #tables: MemoryTables;
  readonly #rows = new Map<string, NewLetter>();

  constructor(tables: MemoryTables) {
    this.#tables = tables;
  }

  /** Null stands for whoever leads. */
  hasFor(to: NodeId | null): boolean {
    return [...this.#rows.values()].some((letter) => letter.to === to);
  }

  write(letter: NewLetter): boolean {
    if (!this.#isAlive(letter.from)) return false;
    const key = keyOf(letter);
    // Its place is that of the latest word.
    this.#rows.delete(key);
    // What was written does not change with the writer's objects.
    this.#rows.set(key, { ...letter, messages: structuredClone(letter.messages) });
    return true;
  }

  take(to: Recipient): readonly Letter[] {
    const isNode = "nodeId" in to;
    if (!isNode && this.#tables.state().term !== to.coordinatorOf) return [];
    const name = isNode ? to.nodeId : null;
    const taken: Letter[] = [];
    for (const [key, letter] of this.#rows) {
      const isMine = letter.to === name;
      const isBelieved = this.#isAlive(letter.from);
      if (!isMine && (isNode || (isBelieved && this.#canBeTaken(letter)))) continue;
      this.#rows.delete(key);
      if (isMine && isBelieved) taken.push({ from: letter.from, messages: letter.messages });
    }
    return taken;
  }

  withdraw(key: Key): void {
    this.#rows.delete(keyOf(key));
  }

  #canBeTaken({ to }: NewLetter): boolean {
    return to === null || this.#tables.lease(to)?.state === "alive";
  }

  #isAlive({ nodeId, incarnation }: NodeRef): boolean {
    const row = this.#tables.lease(nodeId);
    return row?.state === "alive" && row.incarnation === incarnation;
  }
}

const keyOf = ({ from, to, subject }: Key): string =>
  JSON.stringify([to, from.nodeId, from.incarnation, subject]);

/** The client's half. */
export class MemoryLetters implements Letters {
  readonly #server: MemoryPostgres;
  readonly #ask: <T>(statement: () => T) => Promise<T>;

  constructor(server: MemoryPostgres, ask: <T>(statement: () => T) => Promise<T>) {
    this.#server = server;
    this.#ask = ask;
  }

  write(letter: NewLetter): Promise<boolean> {
    return this.#ask(() => {
      const isWritten = this.#server.letters.write(letter);
      if (isWritten) this.#server.notify({ seq: null, lettersTo: letter.to ?? "" });
      return isWritten;
    });
  }

  take(to: Recipient): Promise<readonly Letter[]> {
    return this.#ask(() => this.#server.letters.take(to));
  }

  withdraw(letter: Key): Promise<void> {
    return this.#ask(() => this.#server.letters.withdraw(letter));
  }
}
