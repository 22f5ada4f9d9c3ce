import type { LogEntry } from "@leasehold/sharding/observe";
import Link from "next/link";
import { live, useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { clockTime, entryText } from "./entry-text.ts";

/** The last entries of the cluster log, newest first, without their dates. */
export function LogRows(props: {
  readonly limit: number;
  /** Where the page says already whom the rows are about. */
  readonly hidesSubject?: boolean;
  readonly only?: (entry: LogEntry) => boolean;
}) {
  // A new summary means that there may be new entries.
  useSummary();
  const entries = lastEntries(live.mirror.log.entries, props.limit, props.only);
  if (entries.length === 0) {
    return <p className="text-2 px-(--gutter) py-2 text-fg-2">No entries yet.</p>;
  }
  return (
    <table className="tbl" aria-label="Cluster log">
      <tbody>
        {entries.map((entry) => {
          const { subject, href, detail, glyph, tone } = entryText(entry);
          return (
            <tr key={entry.seq} data-testid="log-row" data-seq={entry.seq} data-type={entry.type}>
              <td className="n text-1 w-px border-0 text-fg-2" title={entry.at}>
                {clockTime(entry.at).slice(3)}
              </td>
              <td className="w-px border-0 px-1.5">
                <Glyph name={glyph} tone={tone} className="align-[-1px]" />
              </td>
              <td className="w-px border-0 px-1.5 font-mono tracking-[-.02em] text-fg-0">
                {entry.type}
              </td>
              {props.hidesSubject !== true && (
                <td className="n w-px border-0 px-1.5 text-fg-0">
                  {href === null ? (
                    subject
                  ) : (
                    <Link href={href} prefetch={false}>
                      {shortened(subject)}
                    </Link>
                  )}
                </td>
              )}
              <td className="max-w-0 truncate border-0 px-1.5">{detail}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Beside its entry's type a worker's shard needs no more than `settler/2`. */
const shortened = (subject: string): string => subject.replace(/^(default\/|daemon:)/, "");

function lastEntries(
  all: readonly LogEntry[],
  limit: number,
  only: ((entry: LogEntry) => boolean) | undefined,
): LogEntry[] {
  const found: LogEntry[] = [];
  for (let at = all.length - 1; at >= 0 && found.length < limit; at--) {
    const entry = all[at];
    if (entry !== undefined && (only === undefined || only(entry))) found.push(entry);
  }
  return found;
}
