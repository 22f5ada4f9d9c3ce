import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { checkPlain, copyPlain, NotPlainError, weighPlain } from "./plain-data.ts";

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>(null, undefined, true, false),
    fc.double(),
    fc.string(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.array(tie("value")),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { noNullPrototype: true },
    ),
  ),
})).value;

test("a copy equals its original and shares nothing with it", () => {
  fc.assert(
    fc.property(plain, (value) => {
      const before = structuredClone(value);
      const copied = copyPlain(value, "value");
      expect(copied).toEqual(value);
      scramble(copied);
      expect(value).toEqual(before);
    }),
  );
});

function scramble(value: unknown): void {
  if (value instanceof Date) value.setTime(0);
  else if (value instanceof Uint8Array) value.fill(1);
  else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) scramble(item);
    Object.assign(value, { 0: "scrambled", scrambled: true });
  }
}

test("what is plain survives msgpack", () => {
  const packr = new Packr({ useRecords: false, copyBuffers: true });
  const value = {
    a: [1, -2.5, "x", null, undefined, true],
    b: { big: 2n ** 63n, at: new Date(5), bytes: Buffer.of(1, 2) },
  };
  checkPlain(value, "value");
  expect(packr.unpack(packr.pack(value))).toEqual(value);
});

test("a weight is no more than what msgpack makes of it, and the counting ends at its limit", () => {
  const packr = new Packr({ useRecords: false, copyBuffers: true });
  fc.assert(
    fc.property(plain, (value) => {
      expect(weighPlain(value, Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(
        packr.pack(value).length,
      );
    }),
  );
  expect(weighPlain(["x".repeat(50), 1.5], 1_000)).toBe(61);
  let looks = 0;
  const watched = Array.from({ length: 100 }, () => ({
    get text() {
      looks += 1;
      return "x".repeat(10);
    },
  }));
  expect(weighPlain(watched, 50)).toBeGreaterThan(50);
  expect(looks).toBeLessThan(10);
  expect(weighPlain(cyclic, Number.POSITIVE_INFINITY)).toBeLessThan(1_000);
});

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

describe("not plain", () => {
  test.each([
    [() => 1, "value is a function"],
    [{ a: [{ f: () => 1 }] }, "value.a.0.f is a function"],
    [{ s: Symbol("x") }, "value.s is a symbol"],
    [[2n ** 64n], "value.0 has more than 64 bits"],
    [{ m: new Map() }, "value.m is a Map"],
    [new Set(), "value is a Set"],
    [{ p: Promise.resolve() }, "value.p is a promise"],
    [{ u: new URL("http://localhost") }, "value.u is an instance of URL"],
    [{ d: new Date(Number.NaN) }, "value.d is an invalid date"],
    [JSON.parse('{"a":{"__proto__":{"x":1}}}'), "value.a has a key __proto__"],
    [new Float64Array(1), "value is an instance of Float64Array"],
  ])("%o", (value, message) => {
    expect(() => copyPlain(value, "value")).toThrow(message);
    expect(() => checkPlain(value, "value")).toThrow(message);
    expect(() => checkPlain(value, "value")).toThrow(NotPlainError);
  });

  test("something that contains itself", () => {
    expect(() => copyPlain(cyclic, "value")).toThrow(/nests deeper than 100 levels/);
    expect(() => checkPlain(cyclic, "value")).toThrow(/nests deeper than 100 levels/);
  });
});
