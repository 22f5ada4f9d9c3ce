import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** One address in front of several servers, as a name that a failover points elsewhere. */
export class TcpForward {
  readonly #sockets = new Set<Socket>();
  readonly #servers = new Set<Socket>();
  /** What is read from the first goes to the second. */
  readonly #ways = new Set<readonly [Socket, Socket]>();
  #isCut = false;
  readonly #server = createServer((client) => this.#join(client));
  #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  /** @param port of the first server, on this machine. */
  static async start(port: number): Promise<TcpForward> {
    const forward = new TcpForward(port);
    forward.#server.listen(0, "127.0.0.1");
    await once(forward.#server, "listening");
    return forward;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections to the former server end. */
  pointTo(port: number): void {
    this.#port = port;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Bytes stop in both directions and wait; connections stay open, and new ones are taken. */
  cut(): void {
    this.#isCut = true;
    for (const [one, other] of this.#ways) one.unpipe(other).pause();
  }

  heal(): void {
    this.#isCut = false;
    for (const [one, other] of this.#ways) one.pipe(other);
  }

  /** From now on what the server answers on its present connections is lost; what it is asked still arrives. */
  loseAnswers(): void {
    for (const server of this.#servers) server.unpipe().resume();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    const server = connect(this.#port, "127.0.0.1");
    this.#servers.add(server);
    server.on("close", () => this.#servers.delete(server));
    for (const way of [
      [client, server],
      [server, client],
    ] as const) {
      const [one, other] = way;
      this.#sockets.add(one);
      this.#ways.add(way);
      if (!this.#isCut) one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        this.#ways.delete(way);
        other.destroy();
      });
    }
  }
}
