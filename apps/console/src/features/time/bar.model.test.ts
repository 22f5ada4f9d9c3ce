import { expect, test } from "vitest";
import { barText, markAt, ticksOf, timeAt, windowFor, xOf } from "./bar.model.ts";
import { momentOf, momentUrl } from "./moment-url.ts";

const minute = 60_000;

test("the window ends now in the present, and stands while the cursor is in it", () => {
  const live = windowFor(null, 10 * minute, null, 100 * minute);
  expect(live).toEqual({ fromMs: 90 * minute, toMs: 100 * minute });
  expect(windowFor(live, 10 * minute, 95 * minute, 101 * minute)).toBe(live);
});

test("a cursor outside the window takes it along, and never beyond now", () => {
  const live = { fromMs: 90 * minute, toMs: 100 * minute };
  expect(windowFor(live, 10 * minute, 50 * minute, 101 * minute)).toEqual({
    fromMs: 45 * minute,
    toMs: 55 * minute,
  });
  expect(windowFor(live, 10 * minute, 100.5 * minute, 101 * minute).toMs).toBe(101 * minute);
});

test("pixels and times are each other's inverse, and a pointer outside means an end", () => {
  const window = { fromMs: 1000, toMs: 5000 };
  expect(timeAt(xOf(2000, window, 400), window, 400)).toBe(2000);
  expect(timeAt(-50, window, 400)).toBe(1000);
  expect(timeAt(900, window, 400)).toBe(5000);
});

test("there are at most as many times under the bar as there is room for", () => {
  for (const span of [minute, 15 * minute, 24 * 60 * minute]) {
    for (const width of [90, 300, 1200]) {
      const ticks = ticksOf({ fromMs: 7 * minute, toMs: 7 * minute + span }, width);
      expect(ticks.length).toBeLessThanOrEqual(Math.max(1, Math.floor(width / 90)) + 4);
    }
  }
});

test("a mark is hit within six pixels, the nearest one first", () => {
  const mark = (atMs: number) =>
    ({ pos: atMs, atMs, kind: "fault", subject: "n", words: "w" }) as const;
  const window = { fromMs: 0, toMs: 1000 };
  const marks = [mark(100), mark(108), mark(500)];
  expect(markAt(marks, 107, window, 1000)?.pos).toBe(108);
  expect(markAt(marks, 507, window, 1000)).toBeNull();
});

test("who does not see the bar hears what is in it", () => {
  const bucket = { fromMs: 0, isGap: false, faults: 0, divergent: 0, danger: 0, classes: {} };
  const marks = (["fault", "fault", "gap"] as const).map((kind, pos) => ({
    pos,
    atMs: pos,
    kind,
    subject: "",
    words: "",
  }));
  const buckets = [
    { ...bucket, events: 2 },
    { ...bucket, events: 3 },
  ];
  expect(barText({ fromMs: 0, toMs: 1, buckets, marks, isPartial: false })).toBe(
    "5 events, 2 faults set, 1 gap in the recording",
  );
});

test("an address names the moment and keeps what else it says", () => {
  const href = "http://c/shards?q=owner%3Anode-1&at=5#x";
  expect(momentUrl(href, 1_800_000_000_123)).toBe(
    "http://c/shards?q=owner%3Anode-1&at=1800000000123#x",
  );
  expect(momentUrl(href, null)).toBe("http://c/shards?q=owner%3Anode-1#x");
  expect(momentOf(href)).toBe(5);
  expect(momentOf("http://c/shards")).toBeNull();
  for (const bad of ["", "now", "-1", "1e9", "99999999999999999"]) {
    expect(momentOf(`http://c/?at=${bad}`)).toBe("malformed");
  }
});
