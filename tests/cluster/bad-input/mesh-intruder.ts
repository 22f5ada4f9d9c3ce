import type { Socket } from "node:net";
import { Packr } from "msgpackr";
import {
  Proofs,
  writeBytes,
  writeHello,
} from "../../../packages/sharding/src/adapters/websocket/hello.ts";
import { helloOf, RawPeer } from "../../../packages/sharding/src/adapters/websocket/raw-peer.ts";
import { type TestNode, waitUntil } from "../harness.ts";

/** Who knocks at a node's `/mesh`: the harness's own secret and cluster unless said otherwise. */
export interface Papers {
  readonly secret?: string;
  readonly cluster?: string;
}

/** A socket of `node`'s mesh that has not said anything. */
export const knock = (node: TestNode): Promise<RawPeer> =>
  RawPeer.connect(Number(new URL(node.url).port));

/** Says hello, and proves itself as far as the node lets it. */
export async function introduce(
  node: TestNode,
  channel: "control" | "data",
  { secret = "cluster-test", cluster = "default" }: Papers = {},
): Promise<RawPeer> {
  const { nodeId, incarnation } = await node.self();
  const from = { nodeId: "intruder", incarnation: "intruder-life" };
  const peer = await knock(node);
  const hello = writeHello({ ...helloOf(from, { nodeId, incarnation }, channel), cluster });
  peer.send(hello);
  const challenge = await waitUntil("the node challenges the hello, or closes", () =>
    peer.closeCode === null ? peer.frames[0] : "closed",
  );
  if (challenge === "closed") return peer;
  const mac = new Proofs(secret, hello, challenge).mac("dialler");
  peer.send(writeBytes("proof", mac));
  await waitUntil(
    "the node welcomes the proof, or closes",
    () => peer.frames.length > 1 || peer.closeCode !== null,
  );
  return peer;
}

/** Both channels: a peer that the node takes for one of its own. */
export async function intrude(node: TestNode): Promise<{ control: RawPeer; data: RawPeer }> {
  const control = await introduce(node, "control");
  const data = await introduce(node, "data");
  return { control, data };
}

/** The close code that the node answered with. */
export const closeCodeOf = (peer: RawPeer): Promise<number> =>
  waitUntil("the node closes the connection", () => peer.closeCode);

/** A mesh frame as nodes write them. */
export const frameOf = (messages: readonly unknown[]): Buffer =>
  new Packr({ useRecords: false }).pack(messages);

/** What no WebSocket says. */
export function breakProtocol(peer: RawPeer): void {
  (peer.ws as unknown as { _socket: Socket })._socket.write(Buffer.of(0xff, 0xff, 0xff));
}
