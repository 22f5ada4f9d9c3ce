import { Effect, Schema } from "effect";
import { ClusterSchema, Entity } from "effect/cluster";
import { Rpc } from "effect/rpc";

const shape = { payload: { amount: Schema.Int, note: Schema.String }, success: Schema.Int };

/** The same counter as ours; what is persisted is stored before it is answered. */
export const Counter = Entity.make("Counter", [
  Rpc.make("add", shape),
  Rpc.make("addDurably", shape).annotate(ClusterSchema.Persisted, true),
]);

export const counterLayer = Counter.toLayer(
  Effect.sync(() => {
    let value = 0;
    const add = ({ payload }: { readonly payload: { readonly amount: number } }) =>
      Effect.sync(() => (value += payload.amount));
    return Counter.of({ add, addDurably: add });
  }),
  { maxIdleTime: "10 minutes" },
);
