import type { Row } from "./bench.ts";

/** Rows with the same keys, numbers at the right. */
export function printTable(rows: readonly Row[]): void {
  const [first] = rows;
  if (first === undefined) return;
  const keys = Object.keys(first);
  const cells = rows.map((row) => keys.map((key) => String(row[key] ?? "")));
  const widths = keys.map((key, i) =>
    Math.max(key.length, ...cells.map((cell) => (cell[i] ?? "").length)),
  );
  const line = (values: readonly string[]): string =>
    values
      .map((value, i) =>
        typeof first[keys[i] as string] === "number"
          ? value.padStart(widths[i] ?? 0)
          : value.padEnd(widths[i] ?? 0),
      )
      .join("  ");
  console.log(line(keys));
  console.log(widths.map((width) => "-".repeat(width)).join("  "));
  for (const row of cells) console.log(line(row));
}
