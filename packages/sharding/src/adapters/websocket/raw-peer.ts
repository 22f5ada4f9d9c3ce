import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import type { NodeRef } from "../../core/ids.ts";
import type { Channel } from "../../ports/transport.ts";
import { type Hello, Proofs, readBytes, writeBytes, writeHello } from "./hello.ts";

/** A peer for tests that can misbehave: frames are sent as given, nothing is answered by itself. */
export class RawPeer {
  readonly ws: WebSocket;
  readonly frames: Buffer[] = [];
  /** Set when the other side has closed the socket. */
  closeCode: number | null = null;
  closeReason = "";

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data) => this.frames.push(data as Buffer));
    ws.on("close", (code, reason) => {
      this.closeCode = code;
      this.closeReason = reason.toString();
    });
    ws.on("error", () => undefined);
  }

  static async connect(port: number, headers: Record<string, string> = {}): Promise<RawPeer> {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/mesh`, { autoPong: false, headers });
    const peer = new RawPeer(ws);
    await once(ws, "open");
    return peer;
  }

  /** The frame of this index, once it is there. */
  async frame(index: number): Promise<Buffer> {
    while (this.frames.length <= index)
      await Promise.race([once(this.ws, "message"), this.#closed()]);
    return this.frames[index] as Buffer;
  }

  send(frame: Buffer): void {
    this.ws.send(frame);
  }

  async #closed(): Promise<never> {
    const [code] = await once(this.ws, "close");
    throw new Error(`closed with ${code}`);
  }
}

export const helloOf = (from: NodeRef, to: NodeRef, channel: Channel = "data"): Hello => ({
  channel,
  nonce: randomBytes(32),
  cluster: "test",
  from,
  to,
});

/** Says hello as it should be said. @returns the proof that was sent, for replays. */
export async function prove(
  peer: RawPeer,
  hello: Hello,
  secret: string,
): Promise<{ hello: Buffer; proof: Buffer }> {
  const frame = writeHello(hello);
  peer.send(frame);
  const challenge = await peer.frame(0);
  if (readBytes(challenge) === null) throw new Error("not a challenge");
  const proof = writeBytes("proof", new Proofs(secret, frame, challenge).mac("dialler"));
  peer.send(proof);
  return { hello: frame, proof };
}

/** A proven pair of raw connections: up, as far as the other side knows. */
export async function provenPair(
  port: number,
  from: NodeRef,
  to: NodeRef,
  secret: string,
): Promise<{ control: RawPeer; data: RawPeer }> {
  const open = async (channel: Channel): Promise<RawPeer> => {
    const peer = await RawPeer.connect(port);
    await prove(peer, helloOf(from, to, channel), secret);
    await peer.frame(1);
    return peer;
  };
  return { control: await open("control"), data: await open("data") };
}
