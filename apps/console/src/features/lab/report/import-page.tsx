"use client";
import Link from "next/link";
import { type ChangeEvent, type DragEvent, useState } from "react";
import { Button } from "../../../ui/button.tsx";
import { Glyph } from "../../../ui/glyph.tsx";
import { Empty } from "../../../ui/section.tsx";
import type { LabRun } from "../../../wire/lab.ts";
import { ExportRun } from "./export-run.tsx";
import { fileLimit, readRunFile } from "./run-file.ts";
import { RunReport } from "./run-report.tsx";

interface Shown {
  readonly name: string;
  readonly run: LabRun;
}

/** Reads the report of any console, here in the browser: nothing of it is sent, nothing is kept. */
export function ImportPage() {
  const [shown, setShown] = useState<Shown | null>(null);
  const [refused, setRefused] = useState<{ readonly name: string; readonly why: string } | null>(
    null,
  );
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    const { name } = file;
    const reading = await readFile(file);
    setRefused(reading.ok ? null : { name, why: reading.why });
    setShown(reading.ok ? { name, run: reading.run } : null);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    void read(event.dataTransfer.files[0]);
  };
  if (shown !== null) {
    return (
      <RunReport
        run={shown.run}
        chip={
          <span className="badge" data-tone="unknown" data-flat="false" title={shown.name}>
            imported
          </span>
        }
        actions={
          <>
            <ExportRun run={shown.run} />
            <Button onClick={() => setShown(null)}>Close</Button>
          </>
        }
      />
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a file can also be chosen with the button
    <div className="page" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <div className="bar">
        <span className="text-2 text-fg-2">
          <Link href="/lab">Lab</Link> / <Link href="/lab/runs">Runs</Link> /
        </span>
        <h1 className="text-4">Import</h1>
      </div>
      {refused !== null && (
        <p
          className="text-2 flex gap-2 border-line-1 border-b bg-danger-soft px-(--gutter) py-2.5"
          role="alert"
          data-testid="import-refused"
        >
          <Glyph name="tri" tone="danger" className="mt-0.5" />
          <span>
            <b className="n font-medium text-fg-0">{refused.name}</b> is not shown. {refused.why}{" "}
            Nothing of it was kept.
          </span>
        </p>
      )}
      <Empty title="Read the report of a run">
        <p>
          A file that was saved with <i>Export JSON</i>, on this console or another. It is read in
          this browser: nothing is sent, and nothing is kept after this page.
        </p>
        <ChooseFile read={read} />
      </Empty>
    </div>
  );
}

function ChooseFile({ read }: { readonly read: (file: File | undefined) => Promise<void> }) {
  const change = (event: ChangeEvent<HTMLInputElement>): void => {
    void read(event.target.files?.[0]);
    // The same file again, once it is mended, is a choice as well.
    event.target.value = "";
  };
  return (
    <label className="btn mt-3 focus-within:shadow-(--focus-ring)">
      Choose a file…
      <input
        className="sr-only"
        type="file"
        accept="application/json,.json"
        aria-label="Report to import"
        onChange={change}
      />
    </label>
  );
}

async function readFile(file: File): Promise<ReturnType<typeof readRunFile>> {
  if (file.size > fileLimit) {
    const megabytes = (file.size / 1_000_000).toFixed(1);
    return { ok: false, why: `It has ${megabytes} MB; a report has less than 5.` };
  }
  return readRunFile(await file.text());
}
