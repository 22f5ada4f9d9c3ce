import { beforeEach, describe, expect, it } from "vitest";
import type { NodeRef } from "../../core/ids.ts";
import type { AppendResult, Journal } from "../../ports/journal.ts";
import { JournalCheck } from "../../testkit/journal-check.ts";
import { ManualClock } from "./manual-clock.ts";
import type { JournalChange } from "./memory-journal-tables.ts";
import { MemoryPostgres } from "./memory-postgres.ts";

const a: NodeRef = { nodeId: "node-a", incarnation: "life-a" };
const b: NodeRef = { nodeId: "node-b", incarnation: "life-b" };
const group = "default";

describe("a fault of the journal in memory", () => {
  let clock: ManualClock;
  let server: MemoryPostgres;
  let isCut: boolean;
  let journal: Journal;
  let successor: Journal;
  let changes: JournalChange[];

  beforeEach(async () => {
    clock = new ManualClock();
    server = new MemoryPostgres({ clock });
    isCut = false;
    const pass = (direction: "out" | "in", deliver: () => void) => {
      if (!isCut || direction === "out") deliver();
    };
    journal = server.journal({ link: { pass } });
    successor = server.journal();
    changes = [];
    const check = new JournalCheck();
    server.onJournal(check.see);
    server.onJournal((change) => changes.push(change));
    await journal.claim(a, [{ group, shard: 0, epoch: 1 }]);
  });

  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };

  const append = (by: Journal, owner: NodeRef, epoch: number, version = 0) =>
    by.append({
      ...{ group, shard: 0, epoch, incarnation: owner.incarnation, version },
      ...{ namespace: "default", type: "register", id: "x", commandId: `c${version}` },
      ...{ events: [version], outcome: null, isRemoval: false, timers: null },
    });

  const settled = (promise: Promise<AppendResult>) =>
    promise.catch((error: { code: string }) => error.code);

  const takeLease = async (holder: NodeRef) => {
    const session = await server.sessions().open({ holder, ttlMs: 60_000, timeoutMs: 300 });
    await session.take({ ...holder, address: "", process: null }, null);
    return session;
  };

  it("a hung append keeps its head locked while its writer lives, and commits when it goes on", async () => {
    await takeLease(a);
    server.journals.hangAppends(1);
    const hung = settled(append(journal, a, 1));
    await pass(10);
    const claimed = successor.claim(b, [{ group, shard: 0, epoch: 2 }]);
    await pass(2_600);
    expect(await claimed).toEqual(["busy"]);
    expect(server.journals.resumeHung()).toBe(1);
    await pass(10);
    expect(await hung).toBe("committed");
    expect(await successor.claim(b, [{ group, shard: 0, epoch: 2 }])).toEqual(["claimed"]);
    expect(changes.map(({ tag }) => tag)).toEqual([
      "head-claimed",
      "event-committed",
      "head-claimed",
    ]);
  });

  it("a hung append of a dead life is ended by the claim, and never commits (S4)", async () => {
    server.journals.hangAppends(1);
    const hung = settled(append(journal, a, 1));
    await pass(10);
    const claimed = successor.claim(b, [{ group, shard: 0, epoch: 2 }]);
    await pass(100);
    expect(await claimed).toEqual(["claimed"]);
    expect(await hung).toBe("STORE_UNAVAILABLE");
    expect(server.journals.resumeHung()).toBe(0);
    expect(changes.map(({ tag }) => tag)).toEqual(["head-claimed", "head-claimed"]);
  });

  it("another append waits for the head that a hung one holds", async () => {
    server.journals.hangAppends(1);
    void settled(append(journal, a, 1));
    await pass(10);
    const next = settled(append(server.journal(), a, 1));
    await pass(10);
    server.journals.resumeHung();
    await pass(10);
    expect(await next).toBe("conflict");
  });

  it("a cut way back: the append took effect, and the lookup says so", async () => {
    await append(journal, a, 1);
    isCut = true;
    const lost = settled(append(journal, a, 1, 1));
    await pass(5_100);
    expect(await lost).toBe("STORE_UNAVAILABLE");
    isCut = false;
    const entity = { group, shard: 0, namespace: "default", type: "register", id: "x" };
    expect(await journal.findCommand({ ...entity, commandId: "c1", key: null })).toBe(true);
  });

  it("a server that stopped rejects, and knows everything when it starts again", async () => {
    await append(journal, a, 1);
    server.stop();
    expect(await settled(append(journal, a, 1, 1))).toBe("STORE_UNAVAILABLE");
    server.start();
    expect(await append(journal, a, 1, 1)).toBe("committed");
  });
});
