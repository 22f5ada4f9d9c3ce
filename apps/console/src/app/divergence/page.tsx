import type { Metadata } from "next";
import { DivergencePage } from "../../features/divergence/divergence-page.tsx";

export const metadata: Metadata = { title: "Divergence" };

export default function Page() {
  return <DivergencePage />;
}
