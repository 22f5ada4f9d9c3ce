import { EpochOrder, type ServedCall } from "./epoch-order.ts";

/** What became of a call, as its answer says it. */
export type CallOutcome =
  | { readonly tag: "done"; readonly served: Pick<ServedCall, "nodeId" | "epoch" | "shard"> }
  /** A typed refusal; `no`: it surely did not run. */
  | { readonly tag: "refused"; readonly executed: "no" | "yes" | "unknown"; readonly code: string }
  /** No answer at all: the connection ended, or nobody answered by the deadline and the patience after it. */
  | { readonly tag: "lost"; readonly isExcused: boolean };

export interface ProbeCall {
  /** Of a deposit: which account, and its amount, which no other deposit to it has. */
  readonly deposit: { readonly account: string; readonly amount: number } | null;
  readonly via: string;
  readonly sentMs: number;
  readonly deadlineMs: number;
}

/** Of an account, read from what is stored. */
export interface StoredAccount {
  readonly account: string;
  readonly amounts: readonly number[];
  /** As the entity answers it; null where it could not be asked. */
  readonly balance: number | null;
}

interface Deposit {
  /** `sent`: it may have run. */
  state: "sent" | "acknowledged" | "not-run";
}

/**
 * The books of the probe: what it asked for, what was promised, and at the end what is there. Deposits to one account all
 * have different amounts, so each event tells which one it is.
 */
export class ProbeLedger {
  readonly order = new EpochOrder();
  readonly #accounts = new Map<string, Map<number, Deposit>>();
  #waiting = 0;
  calls = 0;
  failed = 0;
  unknown = 0;
  fenced = 0;
  acknowledged = 0;
  /** S8: a node that ran left a caller without an answer. */
  vanished: string | null = null;
  /** S5. */
  breach: string | null = null;
  /** Why S5 could not be judged. */
  unread: string | null = null;
  checks = 0;

  sent({ deposit }: Pick<ProbeCall, "deposit">): void {
    this.calls++;
    this.#waiting++;
    if (deposit === null) return;
    const account = this.#accounts.get(deposit.account) ?? new Map<number, Deposit>();
    this.#accounts.set(deposit.account, account.set(deposit.amount, { state: "sent" }));
  }

  ended(call: ProbeCall, outcome: CallOutcome, nowMs: number): void {
    this.#waiting--;
    const deposit =
      call.deposit === null
        ? undefined
        : this.#accounts.get(call.deposit.account)?.get(call.deposit.amount);
    switch (outcome.tag) {
      case "done": {
        const { sentMs } = call;
        this.order.note({ ...outcome.served, sentMs, answeredMs: nowMs });
        if (deposit !== undefined) deposit.state = "acknowledged";
        if (deposit !== undefined) this.acknowledged++;
        return;
      }
      case "refused":
        this.failed++;
        if (outcome.code.includes("FENCED")) this.fenced++;
        if (outcome.executed === "unknown") this.unknown++;
        if (outcome.executed === "no" && deposit !== undefined) deposit.state = "not-run";
        return;
      case "lost":
        this.failed++;
        this.unknown++;
        if (!outcome.isExcused) {
          this.vanished ??=
            `A call to ${call.via}, sent at ${(call.sentMs / 1000).toFixed(2)} s with a deadline of ` +
            `${call.deadlineMs} ms, was never answered, though ${call.via} ran.`;
        }
        return;
      default:
        outcome satisfies never;
    }
  }

  /** Asked again under its key, and answered. */
  confirm(account: string, amount: number): void {
    const deposit = this.#accounts.get(account)?.get(amount);
    if (deposit !== undefined) deposit.state = "acknowledged";
  }

  /** Deposits of which nobody knows whether they ran: asked again under their keys, they must run once. */
  inDoubt(): { readonly account: string; readonly amount: number }[] {
    return [...this.#accounts].flatMap(([account, deposits]) =>
      [...deposits]
        .filter(([, it]) => it.state === "sent")
        .map(([amount]) => ({ account, amount })),
    );
  }

  /** Some that were acknowledged: asked again under their keys, they must not run again. */
  toRepeat(limit: number): { readonly account: string; readonly amount: number }[] {
    return [...this.#accounts]
      .flatMap(([account, deposits]) => {
        const amount = [...deposits].findLast(([, it]) => it.state === "acknowledged")?.[0];
        return amount === undefined ? [] : [{ account, amount }];
      })
      .slice(0, limit);
  }

  /** The accounts that have anything to be read back. */
  get accounts(): readonly string[] {
    return [...this.#accounts.keys()];
  }

  get waiting(): number {
    return this.#waiting;
  }

  judge(stored: StoredAccount): void {
    const deposits = this.#accounts.get(stored.account) ?? new Map<number, Deposit>();
    const seen = new Map<number, number>();
    for (const amount of stored.amounts) seen.set(amount, (seen.get(amount) ?? 0) + 1);
    for (const [amount, { state }] of deposits) {
      this.checks++;
      const wrong = wrongAbout(state, seen.get(amount) ?? 0);
      if (wrong !== null)
        this.breach ??= `Deposit ${amount} to account/${stored.account} ${wrong}.`;
    }
    const unasked = [...seen.keys()].find((amount) => !deposits.has(amount));
    const sum = stored.amounts.reduce((all, it) => all + it, 0);
    if (unasked !== undefined) {
      this.breach ??= `account/${stored.account} has a deposit of ${unasked} that nobody asked for.`;
    }
    if (stored.balance !== null && stored.balance !== sum) {
      this.breach ??= `account/${stored.account} answers a balance of ${stored.balance}; its events make ${sum}.`;
    }
  }
}

/** @param times how often it took effect. */
function wrongAbout(state: Deposit["state"], times: number): string | null {
  if (times > 1) return `took effect ${times} times`;
  if (state === "acknowledged" && times === 0) return "was acknowledged and is lost";
  if (state === "not-run" && times > 0) return "was refused as not run, and took effect";
  return null;
}
