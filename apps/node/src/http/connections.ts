import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/**
 * Who may hold connections of the one port.
 *
 * HTTP, observation and mesh each have a budget, so that a flood on one of them cannot starve the
 * others. A fresh connection belongs to nobody until its first request says what it is; of those the
 * oldest is dropped when there are too many, so that silent connections cannot keep peers out.
 */
export type Plane = "http" | "observe" | "mesh";

export interface ConnectionLimits extends Readonly<Record<Plane, number>> {
  /** Connections that have not sent a request yet. */
  readonly undecided: number;
}

const defaultConnectionLimits: ConnectionLimits = {
  http: 512,
  observe: 64,
  mesh: 256,
  undecided: 256,
};

const planes: readonly Plane[] = ["http", "observe", "mesh"];

export class Connections {
  readonly limits: ConnectionLimits;
  readonly #undecided = new Set<Socket>();
  readonly #held: Readonly<Record<Plane, Set<Socket>>> = {
    http: new Set(),
    observe: new Set(),
    mesh: new Set(),
  };

  constructor(limits: ConnectionLimits = defaultConnectionLimits) {
    this.limits = limits;
  }

  /** A bound for the server as a whole; the budgets keep below it by themselves. */
  get maximum(): number {
    return planes.reduce((sum, plane) => sum + this.limits[plane], this.limits.undecided);
  }

  open(socket: Socket): void {
    this.#undecided.add(socket);
    socket.once("close", () => {
      this.#undecided.delete(socket);
      for (const plane of planes) this.#held[plane].delete(socket);
    });
    if (this.#undecided.size <= this.limits.undecided) return;
    const [oldest] = this.#undecided;
    oldest?.destroy();
  }

  /** @returns false when the plane's budget is used up; the connection then stays where it was. */
  admit(socket: Socket, plane: Plane): boolean {
    const from = this.#setOf(socket);
    const to = this.#held[plane];
    // A connection that was never opened here is a request made inside the process.
    if (from === null || from === to) return true;
    if (to.size >= this.limits[plane]) return false;
    from.delete(socket);
    to.add(socket);
    return true;
  }

  #setOf(socket: Socket): Set<Socket> | null {
    if (this.#undecided.has(socket)) return this.#undecided;
    const plane = planes.find((candidate) => this.#held[candidate].has(socket));
    return plane === undefined ? null : this.#held[plane];
  }

  /** Upgraded connections are no longer the server's own: it would wait for them for ever. */
  destroyUpgraded(): void {
    for (const plane of ["observe", "mesh"] as const) destroyEach(this.#held[plane]);
  }

  destroyAll(): void {
    this.destroyUpgraded();
    destroyEach(this.#held.http);
    destroyEach(this.#undecided);
  }

  counts(): Readonly<Record<Plane | "undecided", number>> {
    const { http, observe, mesh } = this.#held;
    return {
      http: http.size,
      observe: observe.size,
      mesh: mesh.size,
      undecided: this.#undecided.size,
    };
  }
}

/** Which plane an upgrade asks for; null where there is none at this path. */
export function planeOfUpgrade(request: IncomingMessage): Exclude<Plane, "http"> | null {
  const [path] = (request.url ?? "").split("?", 1);
  if (path === "/mesh") return "mesh";
  return path === "/socket.io/" ? "observe" : null;
}

function destroyEach(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
}
