import type { AskAnswer, AskRequest, EntityOptions } from "../node-api.ts";
import { createEntityClient } from "../runtime/entities/client.ts";
import type { AnyEntityDefinition, EntityClient } from "../runtime/entities/definition.ts";
import { askNodes } from "./ask-nodes.ts";
import { entityByName } from "./entity-by-name.ts";
import { NodeRing, type Nodes } from "./node-ring.ts";
import { NodeSlots } from "./node-slots.ts";
import { checkClientOptions, nodesOf } from "./options.ts";

/** What {@link createClient} takes. */
export interface ClientOptions {
  /**
   * Where nodes are reached, for instance `http://10.0.0.7:4101`, or one address behind which a balancer knows
   * them. One is enough; with several, a command that one of them did not take goes to the next. A function is
   * asked before each attempt, so that the list may change.
   */
  readonly nodes: Nodes;
  /** The nodes' `LEASEHOLD_TOKEN`. @default none */
  readonly token?: string;
  /**
   * For one command with all its attempts. The error that ends it comes half a second later at the latest.
   * @unit milliseconds @default 10000 @minimum 1 @maximum 60000
   */
  readonly deadlineMs?: number;
  /** How many commands one node is asked at a time; others wait their turn. @default 64 @minimum 1 */
  readonly connections?: number;
  /** @default the global one */
  readonly fetch?: typeof fetch;
}

/**
 * Calls entities over the HTTP of any node, with the types, errors and options of a node of one's own.
 *
 * - What was not executed, and may be tried again, is tried at another node, until the deadline.
 * - What may have been executed is sent again only under an idempotency key, and only a durable entity then
 *   answers; else it fails with {@link OutcomeUnknownError}. No key is made up: a durable entity stores what it
 *   answers under one, reads too.
 * - A node that says `Connection: close` is leaving, and is asked only if all others say so, too.
 * - Inputs and answers travel as JSON: a date in an answer arrives as text, and an input that JSON would change
 *   is refused with {@link CommandInvalidError}.
 */
export interface Client {
  /** A typed client of one entity, wherever it lives. */
  entity<D extends AnyEntityDefinition>(
    definition: D,
    id: string,
    options?: EntityOptions,
  ): EntityClient<D>;
  /**
   * The same where the definition is there only as a type, so that its handlers stay out of a browser's bundle:
   * `client.entity<typeof Cart>("cart", "cart-42")`.
   */
  entity<D extends AnyEntityDefinition = never>(
    type: string,
    id: string,
    options?: EntityOptions,
  ): EntityClient<D>;
  /** The untyped form. */
  ask(request: AskRequest): Promise<AskAnswer>;
}

/** Commands that wait for one node; more are refused as `OVERLOADED`. */
const waitingLimit = 10_000;

/**
 * Makes a client. It holds no connection of its own and need not be closed.
 *
 * @throws {OptionsError} a URL, the token or the deadline makes no sense.
 */
export function createClient(options: ClientOptions): Client {
  const { deadlineMs = 10_000, connections = 64 } = options;
  checkClientOptions({ ...options, deadlineMs, connections });
  const ports = {
    ring: new NodeRing(nodesOf(options.nodes)),
    slots: new NodeSlots(connections, waitingLimit),
    token: options.token,
    // Called through this arrow: a browser's `fetch` must not be called as another object's method.
    fetch: options.fetch ?? ((...call: Parameters<typeof fetch>) => fetch(...call)),
  };
  const ask = (request: AskRequest): Promise<AskAnswer> =>
    askNodes(ports, { ...request, deadlineMs: request.deadlineMs ?? deadlineMs });
  return {
    ask,
    entity<D extends AnyEntityDefinition>(
      of: D | string,
      id: string,
      more?: EntityOptions,
    ): EntityClient<D> {
      const type = typeof of === "string" ? of : of.type;
      const send = async (command: string, input: unknown): Promise<unknown> =>
        (await ask({ ...more, type, id, command, input })).result;
      return typeof of === "string" ? entityByName<D>(send) : createEntityClient(of, send);
    },
  };
}
