/** What one transport may use of memory, sockets and time. */
export interface WebsocketLimits {
  /** The largest frame sent or taken. A handoff chunk stays below a quarter of it. @default 4 MiB */
  readonly maxFrameBytes: number;
  /** So many waiting messages are written at once, and not at the end of the turn that makes them. @default 32 */
  readonly frameMessages: number;
  /** How deep a message may nest; deeper ones are neither sent nor taken. @default 128 */
  readonly maxDepth: number;
  /** Waiting messages per peer and channel; `send` answers `full` beyond. @default 65536 */
  readonly queueMessages: number;
  /** Waiting bytes per peer and channel, those on their way into the socket included. @default 16 MiB */
  readonly queueBytes: number;
  /** Bytes handed to one socket before the rest waits in the queue. @default 1 MiB */
  readonly socketBytes: number;
  /** @unit milliseconds @default 1000 */
  readonly pingIntervalMs: number;
  /** A peer that was not heard for this long is closed: half-open connections. @unit milliseconds @default 3000 */
  readonly silenceMs: number;
  /** A connection that has not proven itself by then is closed. @unit milliseconds @default 2000 */
  readonly helloTimeoutMs: number;
  /** The first pause between two dials; it doubles, with jitter. @unit milliseconds @default 50 */
  readonly backoffMinMs: number;
  /** @unit milliseconds @default 1000 */
  readonly backoffMaxMs: number;
  /** Accepted sockets that have not proven themselves; the oldest gives way to a new one. @default 64 */
  readonly maxPendingSockets: number;
  /** Accepted sockets in all; further ones are refused. @default 1024 */
  readonly maxSockets: number;
}

const MiB = 1024 * 1024;

export const defaultLimits: WebsocketLimits = {
  maxFrameBytes: 4 * MiB,
  frameMessages: 32,
  maxDepth: 128,
  queueMessages: 65_536,
  queueBytes: 16 * MiB,
  socketBytes: MiB,
  pingIntervalMs: 1_000,
  silenceMs: 3_000,
  helloTimeoutMs: 2_000,
  backoffMinMs: 50,
  backoffMaxMs: 1_000,
  maxPendingSockets: 64,
  maxSockets: 1_024,
};
