import type { Metadata } from "next";
import { PlanPage } from "../../../../features/moves/plan-page.tsx";

interface Props {
  readonly params: Promise<{ readonly id: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Plan ${decodeURIComponent((await params).id)}` };
}

export default async function Page({ params }: Props) {
  return <PlanPage planId={decodeURIComponent((await params).id)} />;
}
