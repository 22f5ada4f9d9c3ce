import type { Command } from "./commands.ts";

/** Who may do what. Least first: each may do all that those before it may. */
export const roles = ["viewer", "operator", "chaos", "admin"] as const;
export type Role = (typeof roles)[number];

export const may = (role: Role, needs: Role): boolean =>
  roles.indexOf(role) >= roles.indexOf(needs);

/** The least role for each command. Healing must never be hard, so it asks for no more than other work does. */
export const commandNeeds = {
  preview: "operator",
  plan: "operator",
  node: "operator",
  unpin: "operator",
  scale: "operator",
  fault: "chaos",
  heal: "operator",
  "heal-all": "operator",
} as const satisfies Record<Command["kind"], Role>;

/** Routes that change something, beside the commands; `*` is one part of a path. */
const routeNeeds: Readonly<Record<string, Role>> = {
  "PUT /api/load": "operator",
  // Whoever it is asked by, each command has its own row above.
  "POST /api/command": "viewer",
  "POST /api/lab/runs": "chaos",
  // It ends faults: that is healing.
  "POST /api/lab/runs/*/stop": "operator",
};

const patterns = Object.entries(routeNeeds).map(([route, needs]) => ({
  pattern: new RegExp(`^${route.replaceAll("*", "[^/]+")}$`),
  needs,
}));

/** The least role for one of the console's routes. One that changes something and has no row is for admins only. */
export const routeNeedsOf = (method: string, path: string): Role =>
  patterns.find((it) => it.pattern.test(`${method} ${path}`))?.needs ??
  (method === "GET" ? "viewer" : "admin");

/** Why a role may not, in a few words for beside the control; null when it may. */
export function whyNot(role: Role, needs: Role): string | null {
  if (may(role, needs)) return null;
  return role === "viewer" ? "a viewer may not act" : `this needs the role ${needs}`;
}
