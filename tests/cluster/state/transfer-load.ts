import { type Client, createClient } from "@leasehold/sharding/client";
import { type Outcome, outcomeOf } from "../harness/outcome.ts";
import type { TestCluster } from "../harness.ts";

export interface TransferLoadOptions {
  readonly transfers: number;
  readonly accounts: number;
  /** Callers, each with one command at a time. */
  readonly clients: number;
  /** Chooses who pays whom how much. */
  readonly random: () => number;
}

/** One command that changes a balance. */
interface Step {
  readonly account: string;
  readonly command: "deposit" | "withdraw";
  readonly amount: number;
  readonly key: string;
}

interface Ask {
  readonly account: string;
  readonly command: Step["command"] | "balance";
  readonly amount?: number;
  readonly key?: string;
}

export interface Transfer {
  readonly withdraw: Step;
  readonly deposit: Step;
  /** Whether the money has left, and whether it has arrived; null while nobody knows. */
  hasLeft: boolean | null;
  hasArrived: boolean;
}

/** What every account begins with. */
const initial = 100;
/** Short, so that a call to a node that stands still does not keep its caller for long. @unit milliseconds */
const deadlineMs = 3_000;

/**
 * Transfers between accounts: each a withdrawal, and once that is answered, a deposit. Both are sent under keys
 * of their own, and again under the same keys while nobody knows what became of them.
 */
export class TransferLoad {
  readonly transfers: readonly Transfer[];
  /** Each command that was answered with a new balance, by its key. */
  readonly acknowledged = new Map<string, Step>();
  /** Asked again under its key after an outcome that nobody knew. */
  askedAgain = 0;
  readonly #accounts: readonly string[];
  readonly #clients: number;
  readonly #client: Client;

  constructor(
    cluster: Pick<TestCluster, "nodes">,
    { transfers, accounts, clients, random }: TransferLoadOptions,
  ) {
    this.#accounts = Array.from({ length: accounts }, (_, index) => `account-${index}`);
    this.#clients = clients;
    const any = (below: number): number => Math.floor(random() * below);
    this.transfers = Array.from({ length: transfers }, (_, number) => {
      const from = any(accounts);
      const to = (from + 1 + any(accounts - 1)) % accounts;
      const amount = 1 + any(50);
      const step = (command: Step["command"], index: number): Step => ({
        ...{ command, amount, key: `${command}-${number}` },
        account: this.#accounts[index] as string,
      });
      const steps = { withdraw: step("withdraw", from), deposit: step("deposit", to) };
      return { ...steps, hasLeft: null, hasArrived: false };
    });
    const nodes = () => cluster.nodes.filter((node) => node.isRunning).map((node) => node.url);
    this.#client = createClient({ nodes, deadlineMs });
  }

  /** All the money that there is. */
  get total(): number {
    return initial * this.#accounts.length;
  }

  /** Gives every account what it begins with. */
  async open(): Promise<void> {
    await this.#each(this.#accounts, async (account) => {
      const step: Step = { account, command: "deposit", amount: initial, key: `open-${account}` };
      if (!(await this.#do(step))) throw new Error(`${account} was not opened.`);
    });
  }

  /** Each transfer once, however it ends. */
  async run(): Promise<void> {
    await this.#each(this.transfers, (transfer) => this.#advance(transfer));
  }

  /** Ends what is half done: to be called when nothing is in trouble any more. */
  async finish(): Promise<void> {
    await this.#each(this.transfers, (transfer) => this.#advance(transfer));
    const open = this.transfers.filter((one) => one.hasLeft !== one.hasArrived);
    if (open.length > 0) throw new Error(`${open.length} transfers cannot be finished.`);
  }

  /** As the accounts tell them. */
  async balances(): Promise<readonly number[]> {
    const found: number[] = [];
    await this.#each(this.#accounts, async (account) => {
      const outcome = await this.#send({ account, command: "balance" });
      if (outcome.tag !== "ok") throw new Error(`${account} tells no balance: ${outcome.code}`);
      found.push((outcome.result as { readonly balance: number }).balance);
    });
    return found;
  }

  async #advance(transfer: Transfer): Promise<void> {
    transfer.hasLeft ??= await this.#do(transfer.withdraw);
    if (transfer.hasLeft !== true || transfer.hasArrived) return;
    transfer.hasArrived = (await this.#do(transfer.deposit)) === true;
  }

  /** @returns whether it took effect; null where nobody knows, and where it did not run. */
  async #do(step: Step): Promise<boolean | null> {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (attempt > 0) this.askedAgain += 1;
      const outcome = await this.#send(step);
      if (outcome.tag === "ok") {
        this.acknowledged.set(step.key, step);
        return true;
      }
      if (outcome.code === "INSUFFICIENT_FUNDS") return false;
      if (outcome.executed === "no") return null;
    }
    return null;
  }

  #send({ account, command, amount, key }: Ask): Promise<Outcome> {
    const input = amount === undefined ? null : { amount };
    const request = { type: "account", id: account, command, input };
    return outcomeOf(this.#client.ask(key === undefined ? request : { ...request, key }));
  }

  async #each<T>(all: readonly T[], one: (item: T) => Promise<void>): Promise<void> {
    const rest = all.values();
    const caller = async (): Promise<void> => {
      for (const item of rest) await one(item);
    };
    await Promise.all(Array.from({ length: this.#clients }, caller));
  }
}
