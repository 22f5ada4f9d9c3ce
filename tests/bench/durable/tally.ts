import { command, defineEntity, emit } from "@leasehold/sharding";
import { z } from "zod";

/** What every event carries: with it one has the 200 characters that most of them have. */
const note = "x".repeat(160);

const addend = z.object({ by: z.int() });

const spec = {
  state: () => ({ value: 0 }),
  // What is measured is the executor, not the turning away of entities.
  residentLimit: 2_000_000,
} as const;

/** A durable number. Its state is kept as often as by default. */
export const Tally = tallyOf("tally", 100);
/** The same, and its state is never kept: it is loaded from its events alone. */
export const Eventful = tallyOf("eventful", 1_000_000);

function tallyOf(name: string, snapshotEvery: number) {
  return defineEntity(name, {
    ...{ ...spec, snapshotEvery },
    events: {
      added: ({ value }, { by }: { readonly by: number; readonly note: string }) => ({
        value: value + by,
      }),
    },
    commands: {
      add: command(addend, ({ state }, { by }) => emit(state.value + by, { added: { by, note } })),
      addMany: command(z.object({ count: z.int() }), ({ state }, { count }) =>
        emit(
          state.value + count,
          ...Array.from({ length: count }, () => ({ added: { by: 1, note } })),
        ),
      ),
      get: command(({ state }) => state.value),
    },
  });
}

/** A volatile one, with something to carry. */
export const Box = defineEntity("box", {
  ...spec,
  state: () => ({ value: 0, note: "" }),
  commands: {
    fill: command(({ state }) => {
      state.value = 1;
      state.note = note;
    }),
    get: command(({ state }) => state.value),
  },
});

/** One that may be forgotten, so that any number of ids may pass through. */
export const Passer = defineEntity("passer", {
  state: () => ({ value: 0 }),
  residentLimit: 10_000,
  passivateAfterMs: 600_000,
  commands: { add: command(addend, ({ state }, { by }) => (state.value += by)) },
});

/** The same, durable. */
export const DurablePasser = defineEntity("durable-passer", {
  state: () => ({ value: 0 }),
  residentLimit: 10_000,
  events: { added: ({ value }, by: number) => ({ value: value + by }) },
  commands: { get: command(({ state }) => state.value) },
});

/** As it is stored. */
export const storedEvent = JSON.stringify({ type: "added", data: { by: 1, note } });
