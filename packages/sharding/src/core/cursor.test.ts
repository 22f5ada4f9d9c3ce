import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CursorContent, decodeCursor, encodeCursor, type ShardPosition } from "./cursor.ts";

const byShard = (a: ShardPosition, b: ShardPosition): number =>
  a.group === b.group ? a.shard - b.shard : a.group < b.group ? -1 : 1;

const positions = fc.uniqueArray(
  fc.record({
    group: fc.constantFrom("default", "a", "z.9"),
    shard: fc.nat(2 ** 20),
    seq: fc.maxSafeNat(),
  }),
  { selector: ({ group, shard }) => `${group}/${shard}` },
);

describe("a cursor", () => {
  it("says what it was made from, in the order of the shards", async () => {
    await fc.assert(
      fc.property(fc.string(), positions, (cluster, at) => {
        const content = { cluster, only: null, positions: at };
        const cursor = encodeCursor(content);
        expect(decodeCursor(cursor)).toEqual({ ...content, positions: at.toSorted(byShard) });
        expect(JSON.parse(JSON.stringify({ cursor }))).toEqual({ cursor });
      }),
    );
  });

  it("of one shard says which, and has no other", () => {
    const only = { group: "default", shard: 3 };
    const content: CursorContent = { cluster: "c", only, positions: [{ ...only, seq: 8 }] };
    expect(decodeCursor(encodeCursor(content))).toEqual(content);
    const other = [...content.positions, { group: "default", shard: 4, seq: 1 }];
    expect(decodeCursor(encodeCursor({ ...content, positions: other }))).toBeNull();
  });

  it.each([
    ...[undefined, null, 7, {}, [], "", "start", "null", "[]", '[1,"c",null]', '[1,"c",null,{},0]'],
    ...['[2,"c",null,{}]', '["1","c",null,{}]', "[1,2,null,{}]", '[1,"c",null,[]]'],
    ...['[1,"c",["default"],{}]', '[1,"c",["",1],{}]', '[1,"c",["default",-1],{}]', '[1,"c",7,{}]'],
    ...['[1,"c",null,{"default":7}]', '[1,"c",null,{"default":[1]}]', '[1,"c",null,{"":[0,1]}]'],
    ...['[1,"c",null,{"default":[1,-1]}]', '[1,"c",null,{"default":[1,1.5]}]'],
    ...['[1,"c",null,{"default":[1,"2"]}]', '[1,"c",null,{"default":[1,1e99]}]'],
    ...['[1,"c",null,{"default":[1,1,1,2]}]', '[1,"c",null,{"default":[2,1,1,2]}]'],
  ])("is not %j", (text) => {
    expect(decodeCursor(text)).toBeNull();
  });

  it("that lost a character, or has another one, is none or another one", async () => {
    const at = [4, 5].map((shard) => ({ group: "default", shard, seq: shard * 10 }));
    const cursor = encodeCursor({ cluster: "c", only: null, positions: at });
    for (let place = 0; place < cursor.length; place += 1) {
      const short = cursor.slice(0, place) + cursor.slice(place + 1);
      for (const text of [cursor.slice(0, place), short]) {
        const read = decodeCursor(text);
        expect(read === null || encodeCursor(read) !== cursor, text).toBe(true);
      }
    }
  });
});
