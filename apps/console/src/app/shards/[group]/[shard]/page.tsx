import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { ShardPage } from "../../../../features/shard/shard-page.tsx";

interface Props {
  readonly params: Promise<{ readonly group: string; readonly shard: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { group, shard } = await params;
  return { title: `Shard ${decodeURIComponent(group)}/${shard}` };
}

export default async function Page({ params }: Props) {
  const { group, shard } = await params;
  if (!/^\d+$/.test(shard)) notFound();
  return <ShardPage shard={{ group: decodeURIComponent(group), shard: Number(shard) }} />;
}
