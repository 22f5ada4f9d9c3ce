import type { AnyEntityDefinition, EntityClient } from "./definition.ts";

/** Carries one command to the entity that the client stands for. */
export type SendCommand = (command: string, input: unknown) => Promise<unknown>;

/** A typed client: an object with one method per command of the definition, each of which is `send`. */
export function createEntityClient<D extends AnyEntityDefinition>(
  definition: D,
  send: SendCommand,
): EntityClient<D> {
  let Client = clients.get(definition);
  if (Client === undefined) {
    Client = clientClass(definition);
    clients.set(definition, Client);
  }
  return new Client(send) as EntityClient<D>;
}

type ClientClass = new (send: SendCommand) => unknown;

// The methods live on a prototype per definition: a client made for a single call is one small object.
const clients = new WeakMap<AnyEntityDefinition, ClientClass>();

function clientClass(definition: AnyEntityDefinition): ClientClass {
  class Client {
    readonly #send: SendCommand;
    constructor(send: SendCommand) {
      this.#send = send;
    }
    static {
      for (const name of Object.keys(definition.commands)) {
        Object.defineProperty(Client.prototype, name, {
          value(this: Client, input?: unknown) {
            return this.#send(name, input);
          },
        });
      }
    }
  }
  return Client;
}
