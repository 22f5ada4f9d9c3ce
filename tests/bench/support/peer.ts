import type { Measured } from "./asking.ts";
import type { PeerName } from "./options.ts";

/** Of entities in the process that asks, of those in another one, or of the former stored before they answer. */
export type AskKind = "local" | "remote" | "durable";

/** Somebody else's cluster of entities, measured as ours are: a counter, 1,000 of them. */
export interface Peer {
  /** Only what was answered counts. */
  ask(kind: AskKind, inFlight: number, ms: number): Promise<Measured>;
  /** What so many more loaded entities take in the process that asks. */
  heapBytesPerEntity(count: number): Promise<number>;
  close(): Promise<void>;
}

const peers: Readonly<Record<PeerName, () => Promise<OpenPeer>>> = {
  effect: async () => (await import("../peers/effect-peer.ts")).openEffect,
};

/** On a database of its own, on the server that ours is on. Installs its packages first, where they are missing. */
export type OpenPeer = (serverUrl: string, progress: (line: string) => void) => Promise<Peer>;

export const openPeer = async (
  name: PeerName | null,
  ...given: Parameters<OpenPeer>
): Promise<Peer | null> => (name === null ? null : await (await peers[name]())(...given));
