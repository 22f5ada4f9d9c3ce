import type { Metadata } from "next";
import { Suspense } from "react";
import { PreviewPage } from "../../../../features/moves/preview-page.tsx";

export const metadata: Metadata = { title: "Plan preview" };

export default function Page() {
  return (
    <Suspense>
      <PreviewPage />
    </Suspense>
  );
}
