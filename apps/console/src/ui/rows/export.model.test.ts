import { describe, expect, test } from "vitest";
import { type ExportColumn, exportName, toCsv, toJson } from "./export.model.ts";

interface Row {
  readonly id: string;
  readonly epoch: number | null;
  readonly pinned: boolean;
}

const columns: readonly ExportColumn<Row>[] = [
  { name: "id", of: (it) => it.id },
  { name: "epoch", of: (it) => it.epoch },
  { name: "pinned", of: (it) => it.pinned },
];
const row = (id: string): Row => ({ id, epoch: 4, pinned: false });
const moment = { cluster: "orders/eu", seq: 3850, at: new Date("2026-11-22T17:40:07.221Z") };

describe("an export", () => {
  test.each([
    ["a", "a"],
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["two\nlines", '"two\nlines"'],
    ["=1+1", "'=1+1"],
    ["-x,y", `"'-x,y"`],
    ["", ""],
  ])("writes the text %j as %j", (text, expected) => {
    expect(toCsv(columns, [row(text)])).toBe(`id,epoch,pinned\r\n${expected},4,false\r\n`);
  });

  test("leaves a cell empty where nothing is known, and a negative number a number", () => {
    const rows: Row[] = [
      { id: "a", epoch: null, pinned: true },
      { id: "b", epoch: -1, pinned: true },
    ];
    expect(toCsv(columns, rows)).toBe("id,epoch,pinned\r\na,,true\r\nb,-1,true\r\n");
  });

  test("as JSON says of which cluster and when, and keeps text as it is", () => {
    expect(JSON.parse(toJson(columns, [row("=1")], moment))).toEqual({
      cluster: "orders/eu",
      seq: 3850,
      at: "2026-11-22T17:40:07.221Z",
      rows: [{ id: "=1", epoch: 4, pinned: false }],
    });
  });

  test("is named by cluster, table and moment, in letters that every file system takes", () => {
    expect(exportName("shards", "csv", moment)).toBe(
      "orders_eu-shards-20261122T174007Z-seq3850.csv",
    );
  });
});
