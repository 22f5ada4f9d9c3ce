import { describe, expect, test } from "vitest";
import { everyCommand } from "../testing/every-command.ts";
import { nameOf } from "./action-words.ts";
import { type Command, command } from "./commands.ts";
import { commandNeeds, may, type Role, roles, routeNeedsOf, whyNot } from "./roles.ts";

/** Every command and who may give it, written out once more. */
const table: Readonly<Record<Command["kind"], readonly Role[]>> = {
  preview: ["operator", "chaos", "admin"],
  plan: ["operator", "chaos", "admin"],
  node: ["operator", "chaos", "admin"],
  unpin: ["operator", "chaos", "admin"],
  scale: ["operator", "chaos", "admin"],
  fault: ["chaos", "admin"],
  heal: ["operator", "chaos", "admin"],
  "heal-all": ["operator", "chaos", "admin"],
};

test.each(Object.entries(table))("%s", (kind, allowed) => {
  const needs = commandNeeds[kind as Command["kind"]];
  expect(roles.filter((role) => may(role, needs))).toEqual(allowed);
});

test("every command that can be read has a role and a name of its own", () => {
  const kinds = command.def.options.map((it) => it.shape.kind.def.values[0]);
  expect(kinds.toSorted()).toEqual(Object.keys(commandNeeds).toSorted());
  expect(new Set(everyCommand.map((it) => nameOf(it).kind)).size).toBe(everyCommand.length);
});

describe("routes", () => {
  test("reading is for viewers; what changes something and was forgotten is for admins only", () => {
    expect(routeNeedsOf("GET", "/api/anything")).toBe("viewer");
    expect(routeNeedsOf("PUT", "/api/load")).toBe("operator");
    expect(routeNeedsOf("POST", "/api/lab/runs")).toBe("chaos");
    expect(routeNeedsOf("POST", "/api/lab/runs/r-1/stop")).toBe("operator");
    expect(routeNeedsOf("POST", "/api/lab/runs/r-1/stop/x")).toBe("admin");
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      expect(routeNeedsOf(method, "/api/anything")).toBe("admin");
    }
  });
});

test("a control that is off says why in a few words", () => {
  expect(whyNot("viewer", "chaos")).toBe("a viewer may not act");
  expect(whyNot("operator", "chaos")).toBe("this needs the role chaos");
  expect(whyNot("chaos", "operator")).toBeNull();
});
