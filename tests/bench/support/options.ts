import { BadOption } from "./bench.ts";

type Flags = Readonly<Record<string, string>>;

/** @returns the parts that `--only` names; all of them without it. @throws {BadOption} */
export function partsOf<P extends string>(parts: readonly P[], { only }: Flags): readonly P[] {
  if (only === undefined) return parts;
  return only.split(",").map((text) => {
    const found = parts.find((name) => name === text);
    if (found !== undefined) return found;
    throw new BadOption(`--only has "${text}"; it takes ${parts.join(", ")}, separated by commas.`);
  });
}

/** Who may be measured beside ours, where `--peer` names them. */
const peers = ["effect"] as const;
export type PeerName = (typeof peers)[number];

/** @returns null without `--peer`. @throws {BadOption} */
export function peerOf({ peer }: Flags): PeerName | null {
  if (peer === undefined) return null;
  const found = peers.find((name) => name === peer);
  if (found !== undefined) return found;
  throw new BadOption(`--peer is "${peer}"; it takes ${peers.join(", ")}.`);
}

/** How long something goes on, where `--seconds` says so. @throws {BadOption} */
export function secondsOf({ seconds }: Flags, usual: number): number {
  if (seconds === undefined) return usual;
  if (/^[1-9]\d{1,5}$/.test(seconds)) return Number(seconds);
  throw new BadOption(`--seconds is "${seconds}"; it takes a whole number from 10 to 999999.`);
}
