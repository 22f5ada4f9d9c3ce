import { describe, expect, test } from "vitest";
import { ClusterNameError } from "./errors.ts";
import { consoleSchemaNameOf, schemaNameOf } from "./schema-name.ts";

describe("schemaNameOf", () => {
  test("a cluster's schema carries its name, with underscores for hyphens", () => {
    expect(schemaNameOf("shop")).toBe("leasehold_shop");
    expect(schemaNameOf("shop-eu-1")).toBe("leasehold_shop_eu_1");
  });

  test("a name of 40 characters still fits Postgres' limit of 63 bytes", () => {
    expect(schemaNameOf("a".repeat(40)).length).toBeLessThanOrEqual(63);
  });

  test.each([
    ["empty", ""],
    ["an underscore, which a hyphen also becomes", "shop_eu"],
    ["an upper-case letter", "Shop"],
    ["a digit first", "1shop"],
    ["a hyphen first", "-shop"],
    ["a quote", 'shop"; drop schema public; --'],
    ["a letter outside ASCII", "größe"],
    ["a line break at the end", "shop\n"],
    ["41 characters", "a".repeat(41)],
  ])("%s is refused, and the message quotes the name", (_what, name) => {
    expect(() => schemaNameOf(name)).toThrow(ClusterNameError);
    expect(() => schemaNameOf(name)).toThrow(JSON.stringify(name));
  });
});

test("a console's schema is never a cluster's", () => {
  expect(consoleSchemaNameOf("shop-eu")).toBe("leaseholdconsole_shop_eu");
  expect(consoleSchemaNameOf("a".repeat(40)).length).toBeLessThanOrEqual(63);
  expect(schemaNameOf("console-shop-eu")).not.toBe(consoleSchemaNameOf("shop-eu"));
});
