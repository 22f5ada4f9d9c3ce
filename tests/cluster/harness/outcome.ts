import { type AskAnswer, type Executed, ShardingError } from "@leasehold/sharding/client";

/** What became of a command. */
export type Outcome =
  | ({ readonly tag: "ok" } & AskAnswer)
  | { readonly tag: "failed"; readonly code: string; readonly executed: Executed };

/** Never rejects: a failure that the client knows is an outcome, and any other one is the test's own. */
export async function outcomeOf(answer: Promise<AskAnswer>): Promise<Outcome> {
  try {
    return { tag: "ok", ...(await answer) };
  } catch (error) {
    if (!(error instanceof ShardingError)) throw error;
    return { tag: "failed", code: error.code, executed: error.executed };
  }
}
