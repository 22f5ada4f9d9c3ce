import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanText } from "./text.ts";

describe("cleanText", () => {
  test("leaves ordinary text alone", () => {
    expect(cleanText("Grüße, 火 \u{1F525}")).toBe("Grüße, 火 \u{1F525}");
  });

  test("whatever comes in, what comes out is well-formed, without NUL and short enough", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.nat(50), (text, limit) => {
        const clean = cleanText(`${text}\ud800\u0000`, limit);
        expect(clean.isWellFormed()).toBe(true);
        expect(clean).not.toContain("\u0000");
        expect(clean.length).toBeLessThanOrEqual(limit);
      }),
    );
  });
});
