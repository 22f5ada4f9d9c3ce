import type { Metadata } from "next";
import { LoadPage } from "../../features/load/load-page.tsx";

export const metadata: Metadata = { title: "Load" };

export default function Page() {
  return <LoadPage />;
}
