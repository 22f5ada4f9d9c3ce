import type { Metadata } from "next";
import { ShardsPage } from "../../features/shards/shards-page.tsx";

export const metadata: Metadata = { title: "Shards" };

export default function Page() {
  return <ShardsPage />;
}
