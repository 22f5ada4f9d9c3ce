import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { MovesPage } from "../../features/moves/moves-page.tsx";

export const metadata: Metadata = { title: "Moves" };

interface Props {
  readonly searchParams: Promise<{ readonly plan?: string | readonly string[] }>;
}

export default async function Page({ searchParams }: Props) {
  // Links from before plans had pages of their own.
  const { plan } = await searchParams;
  if (typeof plan === "string") redirect(`/moves/plans/${encodeURIComponent(plan)}`);
  return <MovesPage />;
}
