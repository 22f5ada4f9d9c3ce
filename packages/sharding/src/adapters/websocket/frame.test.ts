import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { messageSize } from "../message-size.ts";
import { decodeFrame, encodeFrame, ping, pong } from "./frame.ts";
import { scanFrame } from "./frame-scan.ts";

/** Plain data as messages carry it, dates, bytes and undefined included. */
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(
      fc.string(),
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.integer(),
      // As in JSON, minus zero arrives as zero.
      fc.double({ noNaN: true }).map((value) => value + 0),
      fc.boolean(),
      fc.constantFrom(null, undefined, 2 ** 40, -(2 ** 40), "x".repeat(70_000)),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 300 }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    ),
    fc.array(tie("value"), { maxLength: 40 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 40 },
    ),
  ),
})).value;

describe("a frame", () => {
  test("of any plain messages is taken and decodes to them", () => {
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1, maxLength: 20 }), (messages) => {
        const frame = encodeFrame(messages);
        expect(scanFrame(frame, 128)).toBeNull();
        expect(decodeFrame(frame, 128)).toEqual({ tag: "messages", messages });
      }),
      { numRuns: 100 },
    );
  });

  test("cut anywhere is refused", () => {
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1, maxLength: 5 }), fc.nat(), (messages, cut) => {
        const frame = encodeFrame(messages);
        expect(decodeFrame(frame.subarray(0, cut % frame.length), 128).tag).toMatch(
          /^(bad|ping|pong)$/,
        );
      }),
      { numRuns: 100 },
    );
  });

  test("of any bytes is decoded or refused, and never throws or hangs", () => {
    const bytes = fc.tuple(
      fc.constantFrom(0x91, 0x9f, 0xdc, 0xdd),
      fc.uint8Array({ maxLength: 64 }),
    );
    fc.assert(
      fc.property(bytes, ([first, rest]) => {
        expect(decodeFrame(Buffer.of(first, ...rest), 128).tag).toMatch(/^(bad|messages)$/);
      }),
      { numRuns: 1_000 },
    );
  });

  test("may nest as deep as the limit and no deeper", () => {
    const nest = (depth: number): Buffer =>
      Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.of(0xc0)]);
    expect(scanFrame(nest(128), 128)).toBeNull();
    expect(scanFrame(nest(129), 128)).toMatch(/nested/);
    expect(scanFrame(Buffer.concat([Buffer.alloc(129, 0x91), Buffer.of(0x90)]), 129)).toMatch(
      /nested/,
    );
  });

  test("of a ping or a pong is one byte that is no list", () => {
    expect(decodeFrame(ping, 128)).toEqual({ tag: "ping" });
    expect(decodeFrame(pong, 128)).toEqual({ tag: "pong" });
    expect(encodeFrame([])).not.toEqual(ping);
  });
});

describe("the size of a message", () => {
  test("is never less than a fifth of that in its frame", () => {
    fc.assert(
      fc.property(plain, (message) => {
        const bytes = encodeFrame([message]).length;
        expect(messageSize(message, 127) * 5).toBeGreaterThanOrEqual(bytes - 5);
      }),
      { numRuns: 200 },
    );
  });

  test("is infinite beyond the depth that a frame may have", () => {
    let message: unknown = 1;
    for (let depth = 0; depth < 127; depth++) message = [message];
    expect(messageSize(message, 127)).toBeLessThan(1_000);
    expect(scanFrame(encodeFrame([message]), 128)).toBeNull();
    expect(messageSize([message], 127)).toBe(Number.POSITIVE_INFINITY);
    expect(scanFrame(encodeFrame([[message]]), 128)).toMatch(/nested/);
  });
});
