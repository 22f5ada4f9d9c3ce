import { ownVersions } from "../core/agreement.ts";
import type { NodeRef } from "../core/ids.ts";
import type { GroupDeclaration, NodeInfo } from "../core/log.ts";
import type { FromCoordinator, ToCoordinator } from "../core/messages.ts";
import { RegionRefusedError } from "../errors.ts";
import type { LogFn } from "../node-api.ts";
import type { Clock } from "../ports/clock.ts";

export interface RegistrationPorts {
  readonly clock: Clock;
  readonly groups: readonly GroupDeclaration[];
  readonly info: (self: NodeRef) => NodeInfo;
  readonly log: LogFn;
  /** Whether the log already names this life as a member. */
  readonly isMember: (self: NodeRef) => boolean;
  readonly send: (message: ToCoordinator) => void;
}

/** @unit milliseconds */
const firstRetryMs = 50;
const lastRetryMs = 1_000;

/**
 * Asks to take part, until the log says that this life does. A refusal for a reason that waiting does
 * not cure (another shard count) is reported at once and asked again only slowly.
 */
export class Registration {
  readonly #ports: RegistrationPorts;
  readonly #joined = Promise.withResolvers<void>();
  #self: NodeRef | null = null;
  #cancel: (() => void) | null = null;
  #delayMs = firstRetryMs;

  constructor(ports: RegistrationPorts) {
    this.#ports = ports;
    // Whoever starts the node awaits it; a later life's refusal is logged.
    this.#joined.promise.catch(() => undefined);
  }

  /** The first life has joined. @throws {RegionRefusedError} */
  get joined(): Promise<void> {
    return this.#joined.promise;
  }

  begin(self: NodeRef): void {
    this.end();
    this.#self = self;
    this.#delayMs = firstRetryMs;
    this.#ask();
  }

  end(): void {
    this.#self = null;
    this.#cancel?.();
  }

  /** Another coordinator, or one that has become reachable. */
  again(): void {
    if (this.#self === null) return;
    this.#delayMs = firstRetryMs;
    this.#ask();
  }

  /** What is asked for and the log does not show yet. */
  unanswered(): readonly Extract<ToCoordinator, { tag: "register-region" }>[] {
    const self = this.#self;
    if (self === null || this.#ports.isMember(self)) return [];
    const { groups, info } = this.#ports;
    return [{ tag: "register-region", node: info(self), groups, versions: ownVersions }];
  }

  logMoved(): void {
    if (this.#self !== null && this.#ports.isMember(this.#self)) this.#joined.resolve();
  }

  refused(message: Extract<FromCoordinator, { tag: "region-refused" }>): void {
    this.#ports.log("error", "the coordinator refused this node", {
      code: message.code,
      why: message.why,
    });
    if (message.code === "GROUP_MISMATCH" || message.code === "VERSION_MISMATCH")
      this.#joined.reject(new RegionRefusedError(message.why));
    this.#delayMs = lastRetryMs;
  }

  #ask(): void {
    this.#cancel?.();
    const self = this.#self;
    if (self === null) return;
    const [message] = this.unanswered();
    if (message === undefined) return this.#joined.resolve();
    const { clock } = this.#ports;
    this.#ports.send(message);
    this.#cancel = clock.after(this.#delayMs, () => this.#ask());
    this.#delayMs = Math.min(lastRetryMs, this.#delayMs * 2);
  }
}
