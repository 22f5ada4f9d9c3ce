import type { Metadata } from "next";
import { Suspense } from "react";
import { TimelinePage } from "../../features/timeline/timeline-page.tsx";

export const metadata: Metadata = { title: "Timeline" };

export default function Page() {
  return (
    <Suspense>
      <TimelinePage />
    </Suspense>
  );
}
