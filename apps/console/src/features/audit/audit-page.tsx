"use client";
import { useState } from "react";
import { plural } from "../../live/say.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { TableTools } from "../../ui/rows/table-tools.tsx";
import { Empty } from "../../ui/section.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import type { AuditAction } from "../../wire/audit-view.ts";
import { useFilterKey } from "../keys/use-filter-key.ts";
import { exported, type Result, resultOf, stateWords } from "./audit.model.ts";
import { AuditDetail } from "./audit-detail.tsx";
import { AuditTable } from "./audit-table.tsx";
import { type AuditList, useAudit } from "./use-audit.ts";

const results = [
  { value: "all", label: "All" },
  { value: "done", label: "Done" },
  { value: "failed", label: "Failed" },
  { value: "refused", label: "Refused" },
] as const;

/** Who did what, what came of it, and what was not allowed. */
export function AuditPage() {
  const [text, setText] = useState("");
  const [result, setResult] = useState<(typeof results)[number]["value"]>("all");
  const [selected, setSelected] = useState<string | null>(null);
  const list = useAudit(text.trim());
  const filterField = useFilterKey();
  const isShown = (it: AuditAction): boolean =>
    result === "all" || resultOf(it) === (result as Result);
  const actions = list.actions?.filter(isShown) ?? null;
  const chosen = list.actions?.find((it) => it.action === selected) ?? null;
  return (
    <div className="page flex h-full flex-col">
      <div className="bar">
        <h1 className="text-4 mr-1 font-semibold">Audit</h1>
        <input
          className="inp quiet w-64 small:w-full"
          ref={filterField}
          type="search"
          placeholder="Who, what, or about what"
          aria-label="Filter the audit"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Segmented label="Outcome" value={result} options={results} change={setResult} />
        <span className="text-2 text-fg-2" role="status">
          {actions !== null && plural(actions.length, "action")}
          {list.hasOlder && ", and older ones"}
        </span>
        <span className="flex-1" />
        <TableTools name="audit" columns={exported} rows={() => actions ?? []} />
        {list.newer > 0 && (
          <Button testId="audit-newer" onClick={list.readAgain}>
            Show {list.newer} newer
          </Button>
        )}
      </div>
      <AuditNotes list={list} />
      <div className="flex min-h-0 flex-1 small:flex-col">
        <div className="min-h-0 min-w-0 flex-1">
          {actions !== null && actions.length > 0 && (
            <AuditTable
              actions={actions}
              selected={selected}
              select={setSelected}
              older={list.hasOlder ? list.readOlder : null}
            />
          )}
          {actions !== null && actions.length === 0 && (
            <Empty
              title={
                text === "" && result === "all"
                  ? "Nobody did anything yet"
                  : "Nothing passes the filter"
              }
            >
              {list.state !== null && `Actions are kept for ${plural(list.state.keptDays, "day")}.`}
            </Empty>
          )}
        </div>
        {chosen !== null && <AuditDetail it={chosen} close={() => setSelected(null)} />}
      </div>
    </div>
  );
}

function AuditNotes({ list }: { readonly list: AuditList }) {
  const words = list.state === null ? null : stateWords(list.state);
  return (
    <>
      {words !== null && (
        <p className="note bg-unknown-soft" role="status" data-testid="audit-state">
          <Glyph name="question" tone="unknown" />
          {words}
        </p>
      )}
      {list.problem !== null && (
        <div className="note bg-danger-soft" role="alert">
          <Glyph name="cross" tone="danger" />
          <span>
            {list.problem.title} {list.problem.detail}
          </span>
          <span className="flex-1" />
          <Button onClick={list.readAgain}>Try again</Button>
        </div>
      )}
    </>
  );
}
