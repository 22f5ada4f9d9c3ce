import { describe, expect, test } from "vitest";
import { assigned, entriesOf, smallCluster } from "../testing/factories.ts";
import { Authority, type AuthorityChange } from "./authority.ts";

function authorityOf() {
  const changes: AuthorityChange[] = [];
  const authority = new Authority((change) => changes.push(change));
  authority.offerSnapshot(smallCluster(), 50, 1000);
  return { authority, changes };
}
const next = entriesOf(13, assigned(0, "node-b", 2), assigned(2, "node-b", 2));

describe("merged authority", () => {
  test("adopts each entry once, whoever repeats it", () => {
    const { authority, changes } = authorityOf();
    expect(authority.offerEntries("h1", next, 0, 1000)).toBe("applied");
    expect(authority.offerEntries("h1", next, 0, 1000)).toBe("applied");
    expect(authority.state?.seq).toBe(14);
    expect(changes.map((it) => it.tag)).toEqual(["replaced", "extended"]);
  });

  test("takes the new end of a batch that begins in the past", () => {
    const { authority } = authorityOf();
    authority.offerEntries("h1", next.slice(0, 1), 0, 1000);
    authority.offerEntries("h1", next, 0, 1000);
    expect(authority.tail.entries.map((it) => it.seq)).toEqual([13, 14]);
  });

  test("reports a gap and changes nothing", () => {
    const { authority } = authorityOf();
    expect(authority.offerEntries("h1", next.slice(1), 0, 1000)).toBe("gap");
    expect(authority.state?.seq).toBe(12);
  });

  test("never goes back to a history that was replaced", () => {
    const { authority } = authorityOf();
    authority.offerSnapshot(smallCluster("h2"), 0, 2000);
    authority.offerSnapshot({ ...smallCluster("h1"), seq: 99 }, 0, 3000);
    expect(authority.state?.history).toBe("h2");
  });

  test("refuses an entry that is not of the log's shape", () => {
    const { authority } = authorityOf();
    const broken = [{ ...next[0], seq: 13, epoch: "2" }];
    expect(() => authority.offerEntries("h1", broken, 0, 1000)).toThrow();
    expect(authority.state?.seq).toBe(12);
  });

  test("is as young as the youngest word about it", () => {
    const { authority } = authorityOf();
    expect(authority.ageMs(1000)).toBe(50);
    authority.offerEntries("h1", [], 400, 2000);
    authority.offerEntries("h1", [], 5000, 2000);
    expect(authority.ageMs(2000)).toBe(400);
  });
});
