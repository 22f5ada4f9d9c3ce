import type { Metadata } from "next";
import { ImportPage } from "../../../../features/lab/report/import-page.tsx";

export const metadata: Metadata = { title: "Import a run" };

export default function Page() {
  return <ImportPage />;
}
