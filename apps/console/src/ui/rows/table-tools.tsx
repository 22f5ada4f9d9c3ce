import { Download } from "lucide-react";
import { count } from "../../live/say.ts";
import { useLive } from "../../live/use-live.ts";
import { type ExportColumn, exportName, toCsv, toJson } from "./export.model.ts";

/** How many rows, what waits to be applied, and the way out of the page. Its place never changes. */
export function TableTools<T>(props: {
  /** In the file's name: `shards`. */
  readonly name: string;
  readonly columns: readonly ExportColumn<T>[];
  /** Everything that passes the filter, in its order; asked when it is exported. */
  rows(): readonly T[];
  readonly changes?: number;
  apply?(): void;
}) {
  const { name, changes = 0 } = props;
  const seq = useLive((it) => it.connection.appliedSeq);
  const cluster = useLive((it) => it.meta?.cluster ?? "cluster");
  const save = (kind: "csv" | "json"): void => {
    const moment = { cluster, seq, at: new Date() };
    const rows = props.rows();
    const text = kind === "csv" ? toCsv(props.columns, rows) : toJson(props.columns, rows, moment);
    download(exportName(name, kind, moment), text, kind);
  };
  return (
    <span className="flex flex-none items-center gap-1" data-testid={`tools-${name}`}>
      <button
        type="button"
        className="btn min-w-[15ch] phone:min-w-0"
        data-kind="ghost"
        style={{ visibility: changes > 0 ? "visible" : "hidden" }}
        data-testid="apply-changes"
        data-count={changes}
        onClick={props.apply}
      >
        <span className="n">{count(changes)}</span> {changes === 1 ? "change" : "changes"} · apply
      </button>
      {(["csv", "json"] as const).map((kind) => (
        <button
          key={kind}
          type="button"
          className="btn px-1.5! text-fg-2! phone:hidden"
          data-kind="ghost"
          aria-label={`Export ${name} as ${kind.toUpperCase()}`}
          data-testid={`export-${kind}`}
          onClick={() => save(kind)}
        >
          <Download className="size-3.5" strokeWidth={1.6} aria-hidden />
          {kind.toUpperCase()}
        </button>
      ))}
    </span>
  );
}

/** Saves a text as a file of the browser's. */
export function download(name: string, text: string, kind: "csv" | "json"): void {
  const type = kind === "csv" ? "text/csv" : "application/json";
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
