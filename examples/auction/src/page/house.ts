import {
  type Bid,
  type LotState,
  lotEvents,
  noLot,
  noPurse,
  type PurseState,
  purseEvents,
} from "../rules.ts";

/** An event of a durable entity, as the server passes it on. */
interface HouseEvent {
  readonly entity: { readonly type: "lot" | "purse"; readonly id: string };
  readonly version: number;
  readonly name: string;
  readonly data: unknown;
  readonly at: string;
  /** Of the lot. */
  readonly shard: number;
}

export interface SeenLot {
  readonly id: string;
  readonly state: LotState;
  readonly shard: number;
  readonly openedMs: number;
  /** Latest first. */
  readonly trail: readonly Bid[];
}

type Fold<S> = (state: S, data: unknown) => S;

/** Everything that the page knows: the same folds over the same events as on the nodes. */
export class House {
  readonly lots = new Map<string, SeenLot>();
  readonly purses = new Map<string, PurseState>();
  isLive = false;
  /** Where one can look into entities and break things; null where no console runs. */
  consoleUrl: string | null = null;
  /** The server's clock minus this one's. @unit milliseconds */
  #aheadMs = 0;
  #homes: readonly (string | null)[] = [];
  readonly #versions = new Map<string, number>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The browser connects again by itself, and says the cursor of what it got last. */
  follow(source: EventSource): void {
    const hear = (kind: string, take: (data: unknown) => void): void =>
      source.addEventListener(kind, (message) => {
        take(JSON.parse(message.data));
        this.#changed();
      });
    hear("hello", (hello) => {
      const { now, consoleUrl } = hello as { now: number; consoleUrl: string | null };
      this.#aheadMs = now - Date.now();
      this.consoleUrl = consoleUrl;
      this.isLive = true;
    });
    hear("homes", (homes) => {
      this.#homes = homes as readonly (string | null)[];
    });
    hear("events", (events) => {
      for (const event of events as readonly HouseEvent[]) this.#apply(event);
    });
    hear("forget", () => {
      for (const known of [this.lots, this.purses, this.#versions]) known.clear();
    });
    source.addEventListener("error", () => {
      this.isLive = false;
      this.#changed();
    });
  }

  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** The node that serves the lot; null while none does. */
  homeOf({ shard }: SeenLot): string | null {
    return this.#homes[shard] ?? null;
  }

  /** Each event comes at least once: its version says whether it is new. */
  #apply({ entity: { type, id }, version, name, data, at, shard }: HouseEvent): void {
    const key = `${type}/${id}`;
    if (version <= (this.#versions.get(key) ?? 0)) return;
    this.#versions.set(key, version);
    if (type === "purse") {
      const fold = purseEvents[name as keyof typeof purseEvents] as Fold<PurseState>;
      this.purses.set(id, fold(this.purses.get(id) ?? noPurse, data));
      return;
    }
    const fold = lotEvents[name as keyof typeof lotEvents] as Fold<LotState>;
    const { state = noLot, openedMs = Date.parse(at), trail = [] } = this.lots.get(id) ?? {};
    const bids = name === "bid" ? [data as Bid, ...trail] : trail;
    this.lots.set(id, { id, state: fold(state, data), shard, openedMs, trail: bids });
  }
}
