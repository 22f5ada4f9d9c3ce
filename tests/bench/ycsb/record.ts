import { command, defineEntity, emit } from "@leasehold/sharding";
import { z } from "zod";

export const fieldCount = 10;
const valueLength = 100;

export type Fields = Readonly<Record<string, string>>;

/** Another value each time, as long as YCSB's. */
export const changedTo = (turn: number): string => String(turn).padEnd(valueLength, "x");

export const fieldsOf = (turn: number): Fields =>
  Object.fromEntries(Array.from({ length: fieldCount }, (_, i) => [`field${i}`, changedTo(turn)]));

const change = z.object({ field: z.string(), value: z.string() });

/** A durable record of ten fields with 100 characters each. */
export const UserRecord = defineEntity("user-record", {
  state: (): { fields: Fields } => ({ fields: {} }),
  events: {
    inserted: (_, fields: Fields) => ({ fields }),
    changed: (
      { fields },
      { field, value }: { readonly field: string; readonly value: string },
    ) => ({
      fields: { ...fields, [field]: value },
    }),
  },
  commands: {
    insert: command(z.record(z.string(), z.string()), (_, fields) =>
      emit(null, { inserted: fields }),
    ),
    read: command(({ state }) => state.fields),
    update: command(change, (_, changed) => emit(null, { changed })),
  },
});
