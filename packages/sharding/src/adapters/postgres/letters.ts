import type { Letter, Letters, NewLetter, Recipient } from "../../ports/letters.ts";
import { lettersHint } from "./notify.ts";
import type { StorePool } from "./pool.ts";
import { takeCoordinatorLetters, takeLetters, withdrawLetter, writeLetter } from "./sql/letters.ts";

export interface PostgresLettersOptions {
  readonly pool: StorePool;
  /** The cluster's schema, quoted. */
  readonly schema: string;
  /** The channel of its notifications. */
  readonly channel: string;
}

/** In the table, an empty name stands for whoever leads. */
const coordinator = "";

/** Letters in a table: each call is one statement. */
export class PostgresLetters implements Letters {
  readonly #pool: StorePool;
  readonly #channel: string;
  readonly #sql: Readonly<Record<"write" | "take" | "takeCoordinator" | "withdraw", string>>;

  constructor({ pool, schema, channel }: PostgresLettersOptions) {
    this.#pool = pool;
    this.#channel = channel;
    this.#sql = {
      write: writeLetter(schema),
      take: takeLetters(schema),
      takeCoordinator: takeCoordinatorLetters(schema),
      withdraw: withdrawLetter(schema),
    };
  }

  async write({ from, to, subject, messages }: NewLetter): Promise<boolean> {
    const { nodeId, incarnation } = from;
    const name = to ?? coordinator;
    const content = JSON.stringify(messages);
    const values = [name, nodeId, incarnation, subject, content, this.#channel, lettersHint(name)];
    const rows = await this.#pool.query("writing a letter", this.#sql.write, values);
    return rows.length === 1;
  }

  async take(to: Recipient): Promise<readonly Letter[]> {
    return "nodeId" in to
      ? await this.#pool.query<Letter>("taking letters", this.#sql.take, [to.nodeId])
      : await this.#pool.query<Letter>("taking letters", this.#sql.takeCoordinator, [
          coordinator,
          to.coordinatorOf,
        ]);
  }

  async withdraw({ from, to, subject }: Omit<NewLetter, "messages">): Promise<void> {
    const values = [to ?? coordinator, from.nodeId, from.incarnation, subject];
    await this.#pool.query("withdrawing a letter", this.#sql.withdraw, values);
  }
}
