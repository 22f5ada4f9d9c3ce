import type { SendCommand } from "../runtime/entities/client.ts";
import {
  type AnyEntityDefinition,
  type EntityClient,
  reservedCommands,
} from "../runtime/entities/definition.ts";

/** A typed client without its definition: whatever may name a command is one. */
export const entityByName = <D extends AnyEntityDefinition>(send: SendCommand): EntityClient<D> =>
  new Proxy({} as EntityClient<D>, {
    get: (target, name) =>
      typeof name === "string" && !reservedCommands.has(name)
        ? (input?: unknown) => send(name, input)
        : Reflect.get(target, name),
  });
