import type { Role } from "../../wire/roles.ts";

/** What somebody may do here, said to them. */
export const roleMeans: Readonly<Record<Role, string>> = {
  viewer: "You may read everything and change nothing.",
  operator: "You may plan, move, cordon, drain, scale and heal.",
  chaos: "You may do what operators may, and set faults.",
  admin: "You may do everything.",
};
