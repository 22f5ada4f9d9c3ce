import { describe, expect, test } from "vitest";
import { Lanes } from "../../live/lanes.ts";
import { Slots } from "./slots.ts";

function lanesOf(): Lanes {
  const lanes = new Lanes();
  for (const flat of [0, 2, 4, 6]) lanes.add("a", flat);
  for (const flat of [1, 3]) lanes.add("b", flat);
  return lanes;
}

function moveOf(isOrdered: boolean) {
  const lanes = lanesOf();
  const slots = new Slots(lanes, isOrdered);
  lanes.remove("a", 2);
  lanes.add("b", 2);
  const touched: string[] = [];
  slots.move(2, "a", "b", (key, index) => touched.push(`${key}${index}`));
  return { slots, touched };
}

describe("slots of a lane map", () => {
  test("fills the hole with the last cell: three cells change, however long the lane", () => {
    const { slots, touched } = moveOf(false);
    expect(slots.of("a")).toEqual([0, 6, 4]);
    expect(slots.of("b")).toEqual([1, 3, 2]);
    expect(touched).toEqual(["a1", "a3", "b2"]);
    expect([0, 6, 4, 2].map((flat) => slots.indexOf(flat))).toEqual([0, 1, 2, 2]);
  });

  test("keeps numbered tiles in the order of their numbers", () => {
    const { slots } = moveOf(true);
    expect(slots.of("a")).toEqual([0, 4, 6]);
    expect(slots.of("b")).toEqual([1, 2, 3]);
  });

  test("touches the place that a lane has lost", () => {
    expect(moveOf(true).touched).toContain("a3");
  });
});
