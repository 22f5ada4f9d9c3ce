import { createHash } from "node:crypto";
import { Packr } from "msgpackr";
import type { CapturedEntity, EntityName } from "./executor-messages.ts";

/**
 * A shard's volatile state as bytes: one record per entity (its length in four bytes, then msgpack), cut into
 * chunks. So neither side ever packs, hashes or unpacks more than a chunk, or one entity, at a time.
 *
 * Of two records of one entity the later one counts: what changed after it was packed is packed again. A record of
 * no length is the end.
 */
export interface PackedState {
  /** Those that were not taken before the end, each of at most `chunkBytes`. */
  readonly chunks: readonly Uint8Array[];
  /** Hex SHA-256 of all bytes. */
  readonly digest: string;
  /** @unit bytes */
  readonly size: number;
}

const MiB = 1024 * 1024;

/** Small enough that heartbeats and replies pass in between. @unit bytes */
export const chunkBytes: number = 256 * 1024;
/** One entity, its name included, is packed and unpacked in one go, so it may not be larger. @unit bytes */
export const entityLimitBytes: number = 4 * MiB;
/** All volatile entities of one shard together. @unit bytes */
export const stateLimitBytes: number = 256 * MiB;

export const tooLarge: string = `its state is above ${entityLimitBytes / MiB} MiB: an entity of this size cannot move.`;
const tooLargeTogether = (limitBytes: number): string =>
  `with it the volatile state of its shard is above ${limitBytes / MiB} MiB: a shard of this size cannot move.`;

/** An entity that was packed before, and has no state any more. */
export interface GoneEntity extends EntityName {
  readonly gone: true;
}

const headBytes = 4;
// Plain data needs neither records nor references, and a view would keep the whole chunk alive.
const packr = new Packr({
  ...{ useRecords: false, moreTypes: false, structuredClone: false, copyBuffers: true },
});

/** Packs entity by entity. What it is given must be plain data. */
export class StateWriter {
  readonly #limitBytes: number;
  readonly #hash = createHash("sha256");
  #chunks: Uint8Array[] = [];
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #size = 0;
  #taken = 0;

  constructor(limitBytes: number = stateLimitBytes) {
    this.#limitBytes = limitBytes;
  }

  /** @throws where the entity, or all together, would be above the limit. */
  add({ namespace, type, id, state }: CapturedEntity): void {
    this.#record(packr.pack([namespace, type, id, state]));
  }

  remove({ namespace, type, id }: EntityName): void {
    this.#record(packr.pack([namespace, type, id]));
  }

  /** What was added since the last `take`. @unit bytes */
  get waiting(): number {
    return this.#size - this.#taken;
  }

  /** What was added since the last `take`, as chunks; more may follow. */
  take(): readonly Uint8Array[] {
    this.#cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#taken = this.#size;
    return chunks;
  }

  /** @returns null where nothing was ever added. */
  end(): PackedState | null {
    if (this.#size === 0) return null;
    this.#append(new Uint8Array(headBytes));
    this.#size += headBytes;
    return { chunks: this.take(), digest: this.#hash.digest("hex"), size: this.#size };
  }

  #record(record: Uint8Array): void {
    if (record.length > entityLimitBytes) throw new Error(tooLarge);
    const size = this.#size + headBytes + record.length;
    if (size + headBytes > this.#limitBytes) throw new Error(tooLargeTogether(this.#limitBytes));
    const head = Buffer.allocUnsafe(headBytes);
    head.writeUInt32LE(record.length);
    this.#append(head);
    this.#append(record);
    this.#size = size;
  }

  #append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + chunkBytes - this.#waiting);
      this.#pieces.push(piece);
      this.#waiting += piece.length;
      at += piece.length;
      if (this.#waiting === chunkBytes) this.#cut();
    }
  }

  #cut(): void {
    if (this.#waiting === 0) return;
    const chunk = joined(this.#pieces, this.#waiting);
    this.#hash.update(chunk);
    this.#chunks.push(chunk);
    this.#pieces = [];
    this.#waiting = 0;
  }
}

/** Takes chunks in their order and gives entities back. */
export class StateReader {
  /** What is not read yet; a record may begin in one chunk and end in another. */
  #bytes: Uint8Array = new Uint8Array(0);
  #isAtEnd = false;

  push(chunk: Uint8Array): void {
    const { length } = this.#bytes;
    this.#bytes = length === 0 ? chunk : joined([this.#bytes, chunk], length + chunk.length);
  }

  /** Everything was read, the mark of the end too. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** @returns null where the next one is not here whole, or there is none. @throws where it is no entity. */
  next(): CapturedEntity | GoneEntity | null {
    const bytes = this.#bytes;
    if (bytes.length < headBytes) return null;
    if (this.#isAtEnd) throw new Error(`${bytes.length} bytes after the end`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = headBytes + view.getUint32(0, true);
    if (end > headBytes + entityLimitBytes) throw new Error(`a record of ${end} bytes`);
    if (bytes.length < end) return null;
    this.#bytes = bytes.subarray(end);
    if (end === headBytes) {
      this.#isAtEnd = true;
      return this.next();
    }
    const record: unknown = packr.unpack(bytes.subarray(headBytes, end));
    if (!isRecord(record)) throw new Error("a record that is no entity");
    const [namespace, type, id, state] = record;
    const entity = { namespace, type, id };
    return record.length === 3 ? { ...entity, gone: true } : { ...entity, state };
  }
}

/** All at once, for what is small. */
export function packState(entities: readonly CapturedEntity[]): PackedState | null {
  const writer = new StateWriter();
  for (const entity of entities) writer.add(entity);
  return writer.end();
}

const isRecord = (value: unknown): value is readonly [string, string, string, unknown?] =>
  Array.isArray(value) &&
  (value.length === 3 || value.length === 4) &&
  value.slice(0, 3).every((part) => typeof part === "string");

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
