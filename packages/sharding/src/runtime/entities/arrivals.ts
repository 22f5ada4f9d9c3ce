import type { ShardRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import { inSlices } from "../in-slices.ts";
import { Activation } from "./activation.ts";
import { entityKey } from "./entity-key.ts";
import type { EntityType } from "./entity-type.ts";
import type { CapturedEntity, FromExecutor, ToExecutor } from "./executor-messages.ts";
import { type GoneEntity, StateReader } from "./packed-state.ts";
import type { Passivation } from "./passivation.ts";
import { type Fence, Shard } from "./shard.ts";

type Carry = Extract<ToExecutor, { tag: "carry" }>;

export interface ArrivalsParts {
  readonly clock: Clock;
  readonly types: ReadonlyMap<string, EntityType>;
  readonly passivation: Passivation;
  emit(message: FromExecutor): void;
}

interface Arrival {
  readonly shard: Shard;
  readonly reader: StateReader;
  /** Carried entities of types that this node does not know, by key. */
  readonly strays: Map<string, CapturedEntity>;
  /** Pieces that wait; the first one is being read. */
  readonly pieces: Carry[];
}

/**
 * Shards on their way here: their entities are restored while the rest of the state still comes, so that nothing
 * is left to do when the shard is to be opened.
 *
 * Bounded by state-transfer.ts: few chunks wait here that are not restored.
 */
export class Arrivals {
  readonly #parts: ArrivalsParts;
  readonly #arrivals = new Map<string, Arrival>();

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
  }

  carry(piece: Carry): void {
    const arrival = this.#arrivals.get(piece.handoffId) ?? this.#begin(piece);
    arrival.pieces.push(piece);
    if (arrival.pieces.length > 1) return;
    arrival.reader.push(piece.bytes);
    inSlices(this.#parts.clock, () => this.#restoreOne(arrival));
  }

  /** @throws where not all of it is here: `open` is said after the last `carried`. */
  open(handoffId: string, fence: Fence): Shard {
    const arrival = this.#arrivals.get(handoffId);
    if (arrival === undefined || arrival.pieces.length > 0 || !arrival.reader.isAtEnd) {
      throw new Error(`The state of handoff ${handoffId} is not here.`);
    }
    this.#arrivals.delete(handoffId);
    const { shard, strays } = arrival;
    shard.fence = fence;
    shard.phase = "serving";
    shard.strays = [...strays.values()];
    return shard;
  }

  forget(handoffId: string): void {
    const arrival = this.#arrivals.get(handoffId);
    if (arrival === undefined) return;
    this.#arrivals.delete(handoffId);
    arrival.shard.phase = "gone";
    this.#parts.passivation.unloadAll(arrival.shard.activations.all());
  }

  #begin({ group, shard, handoffId }: Carry): Arrival {
    const ref: ShardRef = { group, shard };
    const arriving = new Shard(ref, { epoch: 0, incarnation: "" });
    arriving.phase = "arriving";
    const arrival = { shard: arriving, reader: new StateReader(), strays: new Map(), pieces: [] };
    this.#arrivals.set(handoffId, arrival);
    return arrival;
  }

  /** @returns whether there may be more to restore now. */
  #restoreOne(arrival: Arrival): boolean {
    const { shard, reader, pieces } = arrival;
    const [piece] = pieces;
    if (piece === undefined || shard.phase !== "arriving") return false;
    try {
      const entity = reader.next();
      if (entity === null) return this.#restored(arrival, piece);
      this.#restore(arrival, entity);
      return true;
    } catch (error) {
      const { handoffId } = piece;
      this.forget(handoffId);
      const why = (error as Error).message;
      this.#parts.emit({ tag: "carry-failed", handoffId, why });
      return false;
    }
  }

  /** All of this piece, but for a record that ends in the next one. */
  #restored({ pieces, reader }: Arrival, { handoffId, received }: Carry): boolean {
    pieces.shift();
    const [next] = pieces;
    if (next !== undefined) reader.push(next.bytes);
    this.#parts.emit({ tag: "carried", handoffId, received });
    return next !== undefined;
  }

  /** What came before for the same entity is not so any more. */
  #restore({ shard, strays }: Arrival, entity: CapturedEntity | GoneEntity): void {
    const { types, passivation, clock } = this.#parts;
    const { namespace, type: name, id } = entity;
    const key = entityKey(namespace, name, id);
    const former = shard.activations.get(namespace, name, id);
    if (former !== undefined) passivation.unload(former);
    strays.delete(key);
    if ("gone" in entity) return;
    const type = types.get(name);
    if (type === undefined) return void strays.set(key, entity);
    const activation = new Activation(key, { namespace, type: name, id }, type, shard);
    // It comes from a node whose version of the type was not durable: the journal says what it is.
    if (activation.isDurable) return;
    shard.activations.add(activation);
    passivation.restore(activation, entity.state, clock.monotonicMs());
  }
}
