import {
  Activity,
  ArrowLeftRight,
  Box,
  ChartColumn,
  EqualNot,
  FlaskConical,
  LayoutGrid,
  ListTree,
  type LucideIcon,
  Repeat,
  ScrollText,
  Server,
  Settings,
} from "lucide-react";

export interface PageLink {
  readonly page: string;
  readonly href: string;
  readonly title: string;
  readonly icon: LucideIcon;
}

export const pages: readonly PageLink[] = [
  { page: "overview", href: "/", title: "Overview", icon: Activity },
  { page: "shards", href: "/shards", title: "Shards", icon: LayoutGrid },
  { page: "nodes", href: "/nodes", title: "Nodes", icon: Server },
  { page: "divergence", href: "/divergence", title: "Divergence", icon: EqualNot },
  { page: "moves", href: "/moves", title: "Moves", icon: ArrowLeftRight },
  { page: "timeline", href: "/timeline", title: "Timeline", icon: ListTree },
  { page: "entities", href: "/entities", title: "Entities", icon: Box },
  { page: "load", href: "/load", title: "Load", icon: ChartColumn },
  { page: "daemons", href: "/daemons", title: "Daemons", icon: Repeat },
  { page: "lab", href: "/lab", title: "Lab", icon: FlaskConical },
  { page: "audit", href: "/audit", title: "Audit", icon: ScrollText },
];

/** At the navigation's foot: nothing of the cluster stands there. */
export const settingsPage: PageLink = {
  page: "settings",
  href: "/settings",
  title: "Settings",
  icon: Settings,
};

/**
 * The page that a path belongs to: `/shards/default/8` is `shard`, `/nodes/node-1` is `node`, and of the
 * lab `/lab/runs` is `lab-runs`, one of them `lab-run`.
 */
export function pageOf(path: string): string {
  const [first = "", second, third] = path.split("/").filter((it) => it !== "");
  if (first === "") return "overview";
  if (first === "lab" && second !== undefined) {
    if (third === undefined) return "lab-runs";
    return third === "import" ? "lab-import" : "lab-run";
  }
  return second === undefined ? first : first.replace(/s$/, "");
}

/** The entry of the navigation that is lit on a page. */
export const sectionOf = (page: string): string => {
  if (page.startsWith("lab-")) return "lab";
  return page === "shard" || page === "node" ? `${page}s` : page;
};
