import { describe, expect, it } from "vitest";
import type { CapturedEntity } from "./executor-messages.ts";
import {
  chunkBytes,
  entityLimitBytes,
  type GoneEntity,
  type PackedState,
  packState,
  StateReader,
  StateWriter,
} from "./packed-state.ts";

const entity = (id: string, state: unknown): CapturedEntity => ({
  ...{ namespace: "default", type: "t", id },
  state,
});

function unpack(chunks: readonly Uint8Array[]): readonly (CapturedEntity | GoneEntity)[] {
  const reader = new StateReader();
  const entities: (CapturedEntity | GoneEntity)[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== null; next = reader.next()) entities.push(next);
  }
  expect(reader.isAtEnd).toBe(true);
  return entities;
}

describe("packed state", () => {
  it("is what it was, whatever plain data it is", () => {
    const states = [
      ...[null, undefined, true, -1.5, 2 ** 40, 2n ** 63n, -5n, "", "Grüße 🎈", []],
      { at: new Date(-5), bytes: Uint8Array.of(1, 2), list: [1, [2, { deep: undefined }]] },
    ];
    const entities = states.map((state, index) => entity(`e${index}`, state));
    const { chunks } = packState(entities) as PackedState;
    expect(unpack(chunks)).toEqual(entities);
    expect(unpack(chunks).at(-1)).toStrictEqual(entities.at(-1));
  });

  it("is cut where a chunk is full, also in the middle of an entity or of its length", () => {
    const sizes = [chunkBytes - 30, 3 * chunkBytes, 10, 200_000, 1, 1];
    const entities = sizes.map((length, index) => entity(`e${index}`, "x".repeat(length)));
    const { chunks, size, digest } = packState(entities) as PackedState;
    expect(chunks.map((chunk) => chunk.length).slice(0, -1)).toEqual(Array(4).fill(chunkBytes));
    expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(size);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(unpack(chunks)).toEqual(entities);
    // The sender's chunks are not the only way to cut it.
    const bytes = Buffer.concat(chunks);
    const pieces = Array.from({ length: Math.ceil(size / 7_001) }, (_, index) =>
      bytes.subarray(index * 7_001, (index + 1) * 7_001),
    );
    expect(unpack(pieces)).toEqual(entities);
  });

  it("can be taken as it grows, and says that an entity has none any more", () => {
    const writer = new StateWriter();
    writer.add(entity("a", 1));
    writer.add(entity("b", 1));
    expect(writer.waiting).toBeGreaterThan(8);
    const ahead = writer.take();
    expect(writer.waiting).toBe(0);
    expect(writer.take()).toEqual([]);
    writer.add(entity("a", 2));
    writer.remove(entity("b", null));
    const { chunks, size } = writer.end() as PackedState;
    expect([...ahead, ...chunks].reduce((sum, chunk) => sum + chunk.length, 0)).toBe(size);
    const { state: _, ...b } = entity("b", null);
    expect(unpack([...ahead, ...chunks])).toEqual([
      ...[entity("a", 1), entity("b", 1), entity("a", 2)],
      { ...b, gone: true },
    ]);
  });

  it("is not whole without its last bytes, and nothing follows them", () => {
    const { chunks } = packState([entity("a", 1)]) as PackedState;
    const bytes = Buffer.concat(chunks);
    const reader = new StateReader();
    reader.push(bytes.subarray(0, -1));
    expect([reader.next(), reader.next(), reader.isAtEnd]).toEqual([entity("a", 1), null, false]);
    reader.push(bytes.subarray(-1));
    expect([reader.next(), reader.isAtEnd]).toEqual([null, true]);
    reader.push(bytes);
    expect(() => reader.next()).toThrow("after the end");
  });

  it("of no entities is none", () => {
    expect(packState([])).toBeNull();
  });

  it("refuses an entity above its limit, and all of them above theirs", () => {
    const writer = new StateWriter(2 * entityLimitBytes);
    const most = "x".repeat(entityLimitBytes - 30);
    expect(() => writer.add(entity("a", `${most}${most}`))).toThrow("above 4 MiB");
    writer.add(entity("a", most));
    writer.add(entity("b", most));
    expect(() => writer.add(entity("c", most))).toThrow("of its shard is above 8 MiB");
  });

  it.each([
    ["a length above the limit", Buffer.from([255, 255, 255, 255, 0])],
    ["what is no record", Buffer.from([1, 0, 0, 0, 7])],
    ["a record with a name that is none", Buffer.from([5, 0, 0, 0, 0x94, 1, 2, 3, 4])],
    ["bytes that are no msgpack", Buffer.from([2, 0, 0, 0, 0x94, 0xc1])],
  ])("does not take %s for an entity", (_what, bytes) => {
    const reader = new StateReader();
    reader.push(bytes);
    expect(() => reader.next()).toThrow();
  });
});
