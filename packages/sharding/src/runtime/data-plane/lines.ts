import type { ShardRef } from "../../core/ids.ts";
import { type Home, Route } from "../../core/route.ts";
import { Budget } from "../../core/waiting-line.ts";
import type { DataPlaneLimits } from "./limits.ts";
import type { Pending } from "./pending.ts";
import type { Locate } from "./sender-ports.ts";
import { ShardTable } from "./shard-table.ts";

/** The requests of this node to one shard. */
export interface Line {
  readonly ref: ShardRef;
  readonly route: Route<Pending>;
  cancelBackoff: (() => void) | null;
}

/** One line for each shard that was ever asked, on the way that this node's copy of the log says. */
export class Lines {
  readonly #limits: DataPlaneLimits;
  readonly #locate: Locate;
  readonly #budget: Budget;
  readonly #lines = new ShardTable<Line>();

  constructor(limits: DataPlaneLimits, locate: Locate) {
    this.#limits = limits;
    this.#locate = locate;
    this.#budget = new Budget(limits.heldBytesTotal);
  }

  of(ref: ShardRef): Line {
    return this.#lines.get(ref) ?? this.#open({ group: ref.group, shard: ref.shard });
  }

  /** Only where there is one: news of a shard that nobody asks for opens nothing. */
  find(ref: ShardRef): Line | undefined {
    return this.#lines.get(ref);
  }

  all(): Iterable<Line> {
    return this.#lines.values();
  }

  homeOf(ref: ShardRef): Home | null {
    const { home, epoch } = this.#locate(ref);
    return home === null ? null : { node: home, epoch };
  }

  #open(ref: ShardRef): Line {
    const { heldMessages: messages, heldBytes: bytes } = this.#limits;
    const route = new Route<Pending>({ messages, bytes }, this.#budget);
    route.moved(this.homeOf(ref));
    return this.#lines.set(ref, { ref, route, cancelBackoff: null });
  }
}
