import { Packr } from "msgpackr";
import { scanFrame } from "./frame-scan.ts";

/**
 * One frame is one msgpack list of messages: one codec call, however many messages share it.
 * Ping and pong are frames of one byte, which no list can be. They are not WebSocket pings, because those
 * would be answered below the gate, where a cut link still looks alive.
 */
const packr = new Packr({
  useRecords: false,
  moreTypes: false,
  structuredClone: false,
  // A view would keep the whole chunk that was read from the socket alive.
  copyBuffers: true,
});

export const ping: Buffer = Buffer.of(0x01);
export const pong: Buffer = Buffer.of(0x02);

/** @throws where a message is not plain data. */
export const encodeFrame = (messages: readonly unknown[]): Buffer => packr.pack(messages);

export type Decoded =
  | { readonly tag: "ping" | "pong" }
  | { readonly tag: "messages"; readonly messages: readonly unknown[] }
  | { readonly tag: "bad"; readonly why: string };

export function decodeFrame(frame: Buffer, maxDepth: number): Decoded {
  if (frame.length === 1 && frame[0] === ping[0]) return { tag: "ping" };
  if (frame.length === 1 && frame[0] === pong[0]) return { tag: "pong" };
  const fault = scanFrame(frame, maxDepth);
  if (fault !== null) return { tag: "bad", why: fault };
  try {
    // Bytes inside a message come out as what the frame is: plain ones, as they were sent.
    const bytes = new Uint8Array(frame.buffer, frame.byteOffset, frame.length);
    return { tag: "messages", messages: packr.unpack(bytes) as unknown[] };
  } catch (error) {
    return { tag: "bad", why: error instanceof Error ? error.message : String(error) };
  }
}
