import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  type AnyEntityDefinition,
  command,
  defineEntity,
  type EntityClient,
  type EntityId,
  emit,
} from "./definition.ts";

const Counter = defineEntity("counter", {
  state: () => ({ value: 0 }),
  commands: {
    add: command(z.object({ by: z.number().int() }), ({ state }, { by }) => (state.value += by)),
    get: command(({ state }) => state.value),
    reset: command((context) => {
      context.state = { value: 0 };
    }),
    later: command(z.string().transform(Number), async ({ state }, value) => {
      expectTypeOf(value).toEqualTypeOf<number>();
      expectTypeOf(state).toEqualTypeOf<{ value: number }>();
      return { was: state.value, at: new Date(0) };
    }),
    perhaps: command(z.object({ by: z.number() }).optional(), (_context, input) => input?.by),
  },
});

type Client = EntityClient<typeof Counter>;

test("a client method takes the schema's input and promises the handler's answer", () => {
  expectTypeOf<Client["add"]>().toEqualTypeOf<(input: { by: number }) => Promise<number>>();
  expectTypeOf<Client["later"]>().toEqualTypeOf<
    (input: string) => Promise<{ was: number; at: Date }>
  >();
  // @ts-expect-error the schema wants a number.
  expectTypeOf<Client["add"]>().toBeCallableWith({ by: "1" });
});

test("a command without input is called without an argument", () => {
  expectTypeOf<Client["get"]>().toBeCallableWith();
  expectTypeOf<Client["get"]>().toBeCallableWith(undefined);
  expectTypeOf<ReturnType<Client["get"]>>().toEqualTypeOf<Promise<number>>();
  // @ts-expect-error it takes nothing.
  expectTypeOf<Client["get"]>().toBeCallableWith(1);
});

test("an optional input may be left out", () => {
  expectTypeOf<Client["perhaps"]>().toBeCallableWith();
  expectTypeOf<Client["perhaps"]>().toBeCallableWith({ by: 1 });
});

test("an answer of undefined is typed as the null that arrives", () => {
  expectTypeOf<ReturnType<Client["reset"]>>().toEqualTypeOf<Promise<null>>();
  expectTypeOf<ReturnType<Client["perhaps"]>>().toEqualTypeOf<Promise<number | null>>();
});

test("every definition is an AnyEntityDefinition", () => {
  expectTypeOf(Counter).toExtend<AnyEntityDefinition>();
});

test("a state that depends on the id types the handlers too", () => {
  defineEntity("greeter", {
    state: (entity: EntityId) => ({ name: entity.id }),
    commands: {
      name: command(({ state }) => {
        expectTypeOf(state).toEqualTypeOf<{ name: string }>();
        return state.name;
      }),
    },
  });
});

test("a handler can call another entity through its context, typed", () => {
  defineEntity("proxy", {
    state: () => ({}),
    commands: {
      forward: command(z.object({ to: z.string() }), ({ node }, { to }) => {
        const answer = node.entity(Counter, to).add({ by: 1 });
        expectTypeOf(answer).toEqualTypeOf<Promise<number>>();
        return answer;
      }),
    },
  });
});

test("a definition written in a list of erased ones types its handlers all the same", () => {
  const definitions: readonly AnyEntityDefinition[] = [
    defineEntity("inline", {
      state: () => ({ value: 0 }),
      commands: {
        get: command(({ state }) => {
          expectTypeOf(state).toEqualTypeOf<{ value: number }>();
          return state.value;
        }),
      },
    }),
  ];
  expectTypeOf(definitions).toExtend<readonly AnyEntityDefinition[]>();
});

const Account = defineEntity("account", {
  state: () => ({ balance: 0 }),
  events: {
    deposited: (state, { amount }: { amount: number }) => ({ balance: state.balance + amount }),
    closed: (state, _data: { why: string }) => ({ ...state, closed: true }),
  },
  commands: {
    deposit: command(z.object({ amount: z.number() }), ({ state }, { amount }) => {
      expectTypeOf(state).toEqualTypeOf<{ balance: number }>();
      return emit({ balance: state.balance + amount }, { deposited: { amount } });
    }),
    sweep: command(async () => emit(null, { deposited: { amount: 1 } }, { closed: { why: "x" } })),
    nothing: command(() => emit("nothing")),
    balance: command(({ state }) => ({ balance: state.balance }), { read: "fenced" }),
  },
});

test("a durable command's client gets the answer, without the events", () => {
  type AccountClient = EntityClient<typeof Account>;
  expectTypeOf<ReturnType<AccountClient["deposit"]>>().toEqualTypeOf<
    Promise<{ balance: number }>
  >();
  expectTypeOf<ReturnType<AccountClient["sweep"]>>().toEqualTypeOf<Promise<null>>();
  expectTypeOf<ReturnType<AccountClient["nothing"]>>().toEqualTypeOf<Promise<string>>();
  expectTypeOf(Account).toExtend<AnyEntityDefinition>();
});

test("a command emits only what its definition lists, with the data that its fold takes", () => {
  const spec = {
    state: () => ({ n: 0 }),
    events: { set: (_: { n: number }, n: number) => ({ n }) },
  };
  // @ts-expect-error no event of this name.
  defineEntity("a", { ...spec, commands: { go: command(() => emit(null, { sett: 1 })) } });
  // @ts-expect-error the fold takes a number.
  defineEntity("a", { ...spec, commands: { go: command(() => emit(null, { set: "1" })) } });
  // @ts-expect-error a volatile entity has no events.
  defineEntity("a", { state: spec.state, commands: { go: command(() => emit(null, { set: 1 })) } });
  defineEntity("a", { ...spec, commands: { go: command(() => emit(null, { set: 1 })) } });
});
