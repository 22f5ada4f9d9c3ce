import type { NodeId, NodeRef, Term } from "../core/ids.ts";

/**
 * Control messages that take the way through Postgres, because the link between two nodes is cut.
 *
 * Contract (`testkit/contracts/letters.ts`, run against Postgres and memory):
 * - A letter is kept only while its sender's lease row names that life as alive. So whoever takes one
 *   may believe it about its sender, as it believes a frame of an authenticated link.
 * - A letter on the same subject replaces an earlier one of the same life to the same recipient that
 *   was not taken: what waits is bounded by what there is to say, not by how long it was said.
 * - A letter is taken once at most. It may be lost after that: who needs an answer writes again.
 * - Each call is one statement.
 */
export interface Letters {
  /**
   * @returns whether it was written: false where the sender's lease is not alive.
   * @throws {StoreUnavailableError} when the outcome is unknown.
   */
  write(letter: NewLetter): Promise<boolean>;

  /**
   * Takes what waits for `to`, oldest first; for the coordinator only while the term is its own, and with
   * it whatever nobody will take any more.
   *
   * @throws {StoreUnavailableError} when the outcome is unknown: the letters may be gone.
   */
  take(to: Recipient): Promise<readonly Letter[]>;

  /** Takes back a letter that has not been taken. @throws {StoreUnavailableError} */
  withdraw(letter: Omit<NewLetter, "messages">): Promise<void>;
}

export type Recipient = { readonly nodeId: NodeId } | { readonly coordinatorOf: Term };

/** Null stands for whoever leads. */
export interface NewLetter {
  readonly from: NodeRef;
  readonly to: NodeId | null;
  /** What it is about. Not empty. */
  readonly subject: string;
  readonly messages: readonly object[];
}

export interface Letter {
  readonly from: NodeRef;
  /** As another process wrote them: to be checked like a frame from the wire. */
  readonly messages: readonly unknown[];
}
