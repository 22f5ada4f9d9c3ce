/**
 * Why a mesh connection ended, as WebSocket close codes: 1000-1999 are the protocol's own, 4000-4999 ours.
 * The other side reports the code, so each cause has one of its own.
 */
export const closeCodes = {
  goingAway: 1001,
  protocolError: 1002,
  notBinary: 1003,
  badFrame: 1007,
  tooBig: 1009,
  wrongVersion: 4001,
  wrongCluster: 4002,
  wrongSecret: 4003,
  anotherLife: 4004,
  retiredLife: 4005,
  alreadyConnected: 4006,
  helloTimeout: 4007,
  silence: 4008,
  notWanted: 4009,
  secretMissing: 4010,
  otherChannelEnded: 4011,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

const meanings: Readonly<Record<CloseCode, string>> = {
  1001: "the node is leaving",
  1002: "not a mesh hello",
  1003: "a text frame",
  1007: "a frame that is not a list of plain messages",
  1009: "a frame above the limit",
  4001: "another protocol version",
  4002: "another cluster",
  4003: "another secret",
  4004: "the dialled life is over: another life of the node answered",
  4005: "this life was declared over",
  4006: "already connected",
  4007: "no complete hello in time",
  4008: "silent for too long",
  4009: "no longer wanted",
  4010: "no secret is configured: only loopback may connect",
  4011: "the other channel has ended",
};

/** Both values, for the operators of both sides: the refused node reads them from the close frame. */
export const versionReason = (refused: number, own: number): string =>
  `${meanings[4001]}: ${refused} was refused by a node that has ${own}`;

/** Why a hello was refused, in our own words: of a stranger's text at most two numbers are believed. */
export function explain(code: number, reason: string): string {
  const [, refused, own] = versions.exec(reason) ?? [];
  if (code !== closeCodes.wrongVersion || refused === undefined) return meaningOf(code);
  return `${versionReason(Number(refused), Number(own))}. Run the same release of Leasehold on both`;
}

const versions = /: (\d{1,5}) was refused by a node that has (\d{1,5})$/;

export const meaningOf = (code: number): string =>
  (meanings as Readonly<Record<number, string>>)[code] ?? `closed with code ${code}`;
