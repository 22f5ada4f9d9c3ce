import type { LogEntry } from "@leasehold/sharding/observe";
import type { Socket } from "socket.io";

const logFrameEntries = 500;

/**
 * Who observes one invented node, and how far in the log each is. As at a real node, a frame leaves only when the one
 * before has left: a console that cannot keep up is sent less often, not more and more.
 */
export class FakeObservers {
  readonly #seqs = new Map<Socket, number>();

  /** @param seq infinite: it wants no log. */
  add(socket: Socket, seq: number): void {
    this.#seqs.set(socket, seq);
    socket.on("disconnect", () => this.#seqs.delete(socket));
  }

  /** All that was given to them has left this process. */
  get areIdle(): boolean {
    return [...this.#seqs.keys()].every(isIdle);
  }

  get logFollowers(): number {
    return [...this.#seqs.values()].filter(Number.isFinite).length;
  }

  tellLog({ history, entries: log }: Log, authorityAgeMs: number): void {
    for (const [socket, seq] of this.#seqs) {
      if (seq >= log.length || !isIdle(socket)) continue;
      const entries = log.slice(seq, seq + logFrameEntries);
      this.#seqs.set(socket, seq + entries.length);
      socket.emit("log", { history, entries, authorityAgeMs });
    }
  }
}

const isIdle = (socket: Socket): boolean => socket.conn.transport.writable;

interface Log {
  readonly history: string;
  /** The first has the position 1. */
  readonly entries: readonly LogEntry[];
}
