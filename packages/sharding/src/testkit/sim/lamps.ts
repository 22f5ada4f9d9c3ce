import type { MemoryPostgres } from "../../adapters/memory/index.ts";
import type { ClusterState } from "../../core/cluster.ts";
import { findShard } from "../../core/cluster.ts";
import type { Incarnation, ShardRef } from "../../core/ids.ts";
import {
  type AnyEntityDefinition,
  type CommandContext,
  command,
  defineEntity,
  emit,
} from "../../runtime/entities/definition.ts";
import type { Random } from "./random.ts";

interface Lit {
  readonly by: Incarnation;
}

const burn = ({ fence }: CommandContext<unknown>) => emit(null, { lit: { by: fence.incarnation } });

/** A durable entity that is to run wherever it is: once lit, it is lit again by each life that gets it. */
export const lampEntity = defineEntity("lamp", {
  state: () => ({}),
  events: { lit: (state: object, _lit: Lit) => state },
  commands: {
    light: command((context: CommandContext<object>) => {
      context.timers.set("relight", { onStart: true, command: "relight" });
      return burn(context);
    }),
    relight: command(burn),
  },
}) as unknown as AnyEntityDefinition;

/** L3: remembered entities run again, without a message, wherever their shard has come to. */
export class Lamps {
  readonly #lastLit = new Map<string, { readonly ref: ShardRef; readonly by: Incarnation }>();
  readonly #known = new Set<string>();
  #isStopped = false;

  watch(postgres: MemoryPostgres): void {
    postgres.onJournal((change) => {
      if (change.tag !== "event-committed" || change.type !== "lamp") return;
      const { group, shard, id } = change;
      const { by } = (change.event as { readonly data: Lit }).data;
      this.#lastLit.set(id, { ref: { group, shard }, by });
    });
  }

  /** Acknowledged events are lost, outside of what is promised. */
  stop(): void {
    this.#isStopped = true;
  }

  next(random: Random) {
    const id = `lamp${random.below(4)}`;
    return {
      request: { type: "lamp", id, command: "light", input: undefined },
      answered: () => {
        this.#known.add(id);
      },
    };
  }

  /** Those that the life that has their shard now has not lit. */
  dark(state: ClusterState): readonly string[] {
    if (this.#isStopped) return [];
    return [...this.#known].flatMap((id) => {
      const lit = this.#lastLit.get(id);
      const row = lit === undefined ? undefined : findShard(state, lit.ref);
      if (row?.state === "hosted" && row.owner.incarnation === lit?.by) return [];
      return [`L3: ${id} was lit by ${lit?.by}, and its shard is ${JSON.stringify(row)}`];
    });
  }
}
