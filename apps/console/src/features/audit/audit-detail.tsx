import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { actedWords } from "../../wire/action-words.ts";
import type { AuditAction } from "../../wire/audit-view.ts";
import { changesOf, momentOf, resultLook, resultOf } from "./audit.model.ts";

/** One action in full: what was wanted, what came of it, what it changed. */
export function AuditDetail({ it, close }: { readonly it: AuditAction; close(): void }) {
  const result = resultOf(it);
  const { glyph, tone } = resultLook[result];
  const moment = momentOf(it);
  const changes = changesOf(it.outcome?.before ?? null, it.outcome?.after ?? null);
  return (
    <aside
      className="insp w-[320px] flex-none small:w-full small:border-t small:border-l-0"
      aria-label="Action"
      data-testid="audit-detail"
    >
      <div>
        <h2 className="text-4 font-semibold">
          {it.actor}{" "}
          {result === "under way" ? `asked: ${it.kind} ${it.subject}` : actedWords(it, result)}
        </h2>
        <p className="text-2 mt-1 flex items-center gap-1.5">
          <Glyph name={glyph} tone={tone} />
          {result}
          {it.outcome?.code !== null && it.outcome !== null && (
            <span className="n text-fg-2">{it.outcome.code}</span>
          )}
        </p>
        {it.outcome?.words !== null && <p className="mt-1">{it.outcome?.words}</p>}
        {it.outcome === null && (
          <p className="mt-1">
            No outcome was written: it is under way, or its console ended first.
          </p>
        )}
      </div>
      {changes.length > 0 && (
        <div>
          <h3>Before and after</h3>
          <table className="tbl" aria-label="Before and after">
            <tbody>
              {changes.map((change) => (
                <tr key={change.name} data-changed={change.isChanged}>
                  <td className="p-0! text-fg-2">{change.name}</td>
                  <td className="n">{change.before}</td>
                  <td className="n w-px px-0!">{change.isChanged ? "→" : ""}</td>
                  <td className={change.isChanged ? "n font-medium text-fg-0" : "n"}>
                    {change.after}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div>
        <h3>Asked</h3>
        <pre className="n text-2 whitespace-pre-wrap! break-words">
          {JSON.stringify(it.asked, null, 1)}
        </pre>
      </div>
      <div>
        <dl className="kv">
          <dt>Began</dt>
          <dd className="n">{it.at}</dd>
          <dt>Ended</dt>
          <dd className="n">{it.outcome?.at ?? "–"}</dd>
          <dt>Role</dt>
          <dd>{it.role ?? "nobody was signed in"}</dd>
          <dt>Key</dt>
          <dd className="n truncate">{it.action}</dd>
        </dl>
      </div>
      <footer>
        {moment !== null && (
          // Not a part of this page: the whole console goes to that moment.
          <a className="btn" href={moment}>
            See that moment
          </a>
        )}
        <Button kind="ghost" onClick={close}>
          Close
        </Button>
      </footer>
    </aside>
  );
}
