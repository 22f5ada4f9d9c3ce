/** One column of what is exported. */
export interface ExportColumn<T> {
  readonly name: string;
  of(row: T): string | number | boolean | null | undefined;
}

/** Comma-separated, as RFC 4180 has it: a header, CRLF, and quotes only where they are needed. */
export function toCsv<T>(columns: readonly ExportColumn<T>[], rows: readonly T[]): string {
  const lines = [
    columns.map((it) => cell(it.name)),
    ...rows.map((row) => columns.map((it) => cell(it.of(row)))),
  ];
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

function cell(value: string | number | boolean | null | undefined): string {
  if (typeof value !== "string") return value == null ? "" : String(value);
  // A spreadsheet takes text that begins so for a formula, and whoever names an entity names this text.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toJson<T>(
  columns: readonly ExportColumn<T>[],
  rows: readonly T[],
  about: ExportMoment,
): string {
  const named = rows.map((row) =>
    Object.fromEntries(columns.map((it) => [it.name, it.of(row) ?? null])),
  );
  const { cluster, seq, at } = about;
  return `${JSON.stringify({ cluster, seq, at: at.toISOString(), rows: named }, null, 2)}\n`;
}

/** Of which cluster, and when. */
export interface ExportMoment {
  readonly cluster: string;
  readonly seq: number;
  readonly at: Date;
}

/** `orders-eu-shards-20261122T174007Z-seq3850.csv` */
export function exportName(table: string, kind: "csv" | "json", moment: ExportMoment): string {
  const { cluster, seq, at } = moment;
  const time = at.toISOString().replace(/\.\d+/, "").replaceAll(/[-:]/g, "");
  const safe = cluster.replaceAll(/[^\w.-]+/g, "_");
  return `${safe}-${table}-${time}-seq${seq}.${kind}`;
}
