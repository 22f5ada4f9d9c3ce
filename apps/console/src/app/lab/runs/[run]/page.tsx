import type { Metadata } from "next";
import { RunPage } from "../../../../features/lab/report/run-page.tsx";

interface Props {
  readonly params: Promise<{ readonly run: string }>;
}

export const metadata: Metadata = { title: "Run" };

export default async function Page({ params }: Props) {
  return <RunPage id={decodeURIComponent((await params).run)} />;
}
