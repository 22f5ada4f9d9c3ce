import type { Metadata } from "next";
import { Suspense } from "react";
import { EntitiesPage } from "../../features/entities/entities-page.tsx";

export const metadata: Metadata = { title: "Entities" };

export default function Page() {
  return (
    <Suspense>
      <EntitiesPage />
    </Suspense>
  );
}
