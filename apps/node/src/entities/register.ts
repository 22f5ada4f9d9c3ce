import { isDeepStrictEqual } from "node:util";
import { command, defineEntity, emit } from "@leasehold/sharding";
import { z } from "zod";

type Json = z.infer<ReturnType<typeof z.json>>;

/** One value that survives everything. Every answer says its version: what consistency checks ask for. */
export const Register = defineEntity("register", {
  state: (): { readonly value: Json } => ({ value: null }),
  events: {
    written: (_state, next: Json) => ({ value: next }),
  },
  commands: {
    read: command(({ state }) => ({ value: state.value })),
    write: command(z.object({ value: z.json() }), (_context, input) =>
      emit({ value: input.value }, { written: input.value }),
    ),
    /** Answers the value afterwards, whether it was set or not. */
    cas: command(
      z.object({ expect: z.json(), value: z.json() }),
      ({ state }, { expect, value: next }) =>
        isDeepStrictEqual(state.value, expect)
          ? emit({ ok: true, value: next }, { written: next })
          : { ok: false, value: state.value },
    ),
  },
});
