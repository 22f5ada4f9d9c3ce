import type { Metadata } from "next";
import { DaemonsPage } from "../../features/daemons/daemons-page.tsx";

export const metadata: Metadata = { title: "Daemons" };

export default function Page() {
  return <DaemonsPage />;
}
