import { Button } from "../../../ui/button.tsx";
import { download } from "../../../ui/rows/table-tools.tsx";
import type { LabRun } from "../../../wire/lab.ts";
import { fileName, fileText } from "./run-file.ts";

/** Gives the run away as a file, which any console reads without a cluster. */
export function ExportRun({ run }: { readonly run: LabRun }) {
  const save = (): void => download(fileName(run), fileText(run), "json");
  return (
    <Button className="phone:hidden" testId="export-run" onClick={save}>
      Export JSON
    </Button>
  );
}
