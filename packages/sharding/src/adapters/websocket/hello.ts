import { createHmac, timingSafeEqual } from "node:crypto";
import { protocolVersion } from "../../core/agreement.ts";
import type { NodeRef } from "../../core/ids.ts";
import type { Channel } from "../../ports/transport.ts";

/**
 * The hello by which two nodes prove to each other that they share a secret.
 *
 *     dialler                              acceptor
 *     hello(nonce, cluster, from, to)  ->            who, to whom, which channel
 *                                      <-  challenge(nonce)
 *     proof(mac)                       ->            checked first: an unproven dialler learns nothing
 *                                      <-  welcome(mac)
 *
 * Both macs cover the whole hello and challenge, and each its own direction, so that none can be replayed,
 * reflected or moved to another channel, node or life. The layout is fixed and small; nothing else of a
 * peer is parsed before its proof.
 */
export const nonceBytes = 32;
export const maxHelloBytes = 7 + 1 + nonceBytes + 5 * 256;

export interface Hello {
  readonly channel: Channel;
  readonly nonce: Buffer;
  readonly cluster: string;
  readonly from: NodeRef;
  readonly to: NodeRef;
}

export type HelloKind = "hello" | "challenge" | "proof" | "welcome";
const kinds: readonly HelloKind[] = ["hello", "challenge", "proof", "welcome"];
const channels: readonly Channel[] = ["control", "data"];
const magic = Buffer.from("LHMS", "latin1");
const prefixBytes = magic.length + 3;

/** Magic, version, kind: the part that every protocol version shares. */
function prefix(kind: HelloKind): Buffer {
  const bytes = Buffer.alloc(prefixBytes);
  magic.copy(bytes);
  bytes.writeUInt16BE(protocolVersion, magic.length);
  bytes.writeUInt8(kinds.indexOf(kind), magic.length + 2);
  return bytes;
}

/** Which frame this is: null where it is none of ours. */
export function readPrefix(frame: Buffer): { version: number; kind: HelloKind | null } | null {
  if (frame.length < prefixBytes || !frame.subarray(0, magic.length).equals(magic)) return null;
  return {
    version: frame.readUInt16BE(magic.length),
    kind: kinds[frame.readUInt8(magic.length + 2)] ?? null,
  };
}

/** @throws {RangeError} where a name has more than 255 bytes. */
export function writeHello(hello: Hello): Buffer {
  const names = [
    hello.cluster,
    hello.from.nodeId,
    hello.from.incarnation,
    hello.to.nodeId,
    hello.to.incarnation,
  ];
  return Buffer.concat([
    prefix("hello"),
    Buffer.of(channels.indexOf(hello.channel)),
    hello.nonce,
    ...names.map(writeName),
  ]);
}

function writeName(name: string): Buffer {
  const bytes = Buffer.from(name, "utf8");
  if (bytes.length > 255)
    throw new RangeError(`A mesh name has at most 255 bytes: ${name.slice(0, 40)}...`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

/** @returns null unless every byte is where it belongs. */
export function readHello(frame: Buffer): Hello | null {
  const channel = channels[frame[prefixBytes] ?? 255];
  let at = prefixBytes + 1 + nonceBytes;
  const nonce = frame.subarray(at - nonceBytes, at);
  const names: string[] = [];
  while (names.length < 5 && at < frame.length) {
    const end = at + 1 + (frame[at] ?? 0);
    if (end > frame.length) return null;
    names.push(frame.toString("utf8", at + 1, end));
    at = end;
  }
  const [cluster, fromId, fromLife, toId, toLife] = names;
  if (channel === undefined || at !== frame.length || toLife === undefined) return null;
  if (cluster === undefined || !fromId || !fromLife || !toId) return null;
  return {
    channel,
    nonce,
    cluster,
    from: { nodeId: fromId, incarnation: fromLife },
    to: { nodeId: toId, incarnation: toLife },
  };
}

/** A challenge carries a nonce, proof and welcome a mac: both have 32 bytes. */
export const writeBytes = (kind: HelloKind, bytes: Buffer): Buffer =>
  Buffer.concat([prefix(kind), bytes]);

export function readBytes(frame: Buffer): Buffer | null {
  return frame.length === prefixBytes + nonceBytes ? frame.subarray(prefixBytes) : null;
}

/** The macs of one hello, over both frames that came before them. */
export class Proofs {
  readonly #key: Buffer;
  readonly #transcript: Buffer;

  constructor(secret: string, hello: Buffer, challenge: Buffer) {
    this.#key = createHmac("sha256", secret).update("leasehold mesh").digest();
    this.#transcript = Buffer.concat([hello, challenge]);
  }

  mac(by: "dialler" | "acceptor"): Buffer {
    return createHmac("sha256", this.#key).update(`${by}\0`).update(this.#transcript).digest();
  }

  verify(by: "dialler" | "acceptor", mac: Buffer): boolean {
    const expected = this.mac(by);
    return mac.length === expected.length && timingSafeEqual(mac, expected);
  }
}
