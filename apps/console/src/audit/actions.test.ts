import { beforeEach, describe, expect, test, vi } from "vitest";
import type { NodeAnswer } from "../relay/node-http.ts";
import type { ActedFrame } from "../wire/relay-frames.ts";
import type { Role } from "../wire/roles.ts";
import { Actions, type Asked } from "./actions.ts";
import { AuditLog } from "./audit-log.ts";
import { AuditReader } from "./audit-reader.ts";
import type { AuditRow } from "./audit-row.ts";
import type { AuditTable } from "./audit-table.ts";

const key = "6f1c2a60-0000-4000-8000-000000000001";
const done: NodeAnswer = { ok: true, status: 200, body: { state: "up", cordoned: true } };
const tokens = { viewer: "v", operator: "o", chaos: "c", admin: "a" };

let table: { rows: AuditRow[]; isAway: boolean; wait: Promise<void> | null };
let told: ActedFrame[];
let audit: AuditLog;

/** What Postgres does with the rows: the second of an action and phase is none. */
const fakeTable = (): AuditTable =>
  ({
    insert: async (rows: readonly AuditRow[]) => {
      if (table.isAway) throw new Error("away");
      for (const row of rows) {
        const isThere = table.rows.some((it) => it.action === row.action && it.phase === row.phase);
        if (!isThere) table.rows.push(row);
      }
    },
    claim: async (row: AuditRow) => {
      await table.wait;
      if (table.isAway) throw new Error("away");
      if (table.rows.some((it) => it.action === row.action)) return false;
      table.rows.push(row);
      return true;
    },
    outcomeOf: async (action: string) =>
      table.rows.find((it) => it.action === action && it.phase === "outcome") ?? null,
    deleteBefore: async () => undefined,
  }) as Partial<AuditTable> as AuditTable;

function createActions(withTable = true): Actions {
  const it = withTable ? fakeTable() : null;
  audit = new AuditLog(it, () => {}, 90);
  return new Actions({
    audit,
    table: it,
    tokens,
    tell: (frame) => void told.push(frame),
    position: () => 7,
  });
}

beforeEach(() => {
  table = { rows: [], isAway: false, wait: null };
  told = [];
});

const asked = (role: Role, more: Partial<Asked> = {}): Asked => ({
  caller: { tag: "actor", actor: { name: "ana", role }, session: null },
  address: "127.0.0.1",
  key,
  needs: "operator",
  name: { kind: "cordon", subject: "node-2" },
  body: { kind: "node", nodeId: "node-2", verb: "cordon" },
  before: { state: "up", cordoned: false },
  isHealing: false,
  ...more,
});

const codeOf = (answer: NodeAnswer): string => (answer.ok ? "ok" : answer.problem.code);

describe("an action", () => {
  test("is done as who asked, written down twice and told", async () => {
    const perform = vi.fn(async () => done);
    const answer = await createActions().act(asked("operator"), perform);
    expect(answer).toBe(done);
    expect(perform).toHaveBeenCalledWith({ token: "o", by: "ana" }, expect.anything());
    await vi.waitFor(() => expect(table.rows).toHaveLength(2));
    expect(table.rows[0]).toMatchObject({
      phase: "intent",
      actor: "ana",
      role: "operator",
      pos: 7,
    });
    expect(table.rows[1]).toMatchObject({
      phase: "outcome",
      body: { result: "done", before: { cordoned: false }, after: { cordoned: true } },
    });
    expect(told).toMatchObject([{ actor: "ana", kind: "cordon", subject: "node-2" }]);
  });

  test("asked for twice with one key is done once, and both get the answer", async () => {
    const perform = vi.fn(async () => done);
    const actions = createActions();
    const both = await Promise.all([1, 2].map(() => actions.act(asked("operator"), perform)));
    expect(both).toEqual([done, done]);
    expect(await actions.act(asked("operator"), perform)).toBe(done);
    expect(perform).toHaveBeenCalledTimes(1);
    expect(told).toHaveLength(1);
  });

  test("asked for through two consoles is done by one, and the other answers the same", async () => {
    const perform = vi.fn(async () => done);
    const [one, two] = [createActions(), createActions()];
    const both = await Promise.all([one, two].map((it) => it.act(asked("operator"), perform)));
    expect(both).toEqual([done, done]);
    expect(perform).toHaveBeenCalledTimes(1);
  });

  test("with the key of another one is refused", async () => {
    const actions = createActions();
    await actions.act(asked("operator"), async () => done);
    const other = asked("operator", { body: { kind: "heal-all" } });
    expect(codeOf(await actions.act(other, async () => done))).toBe("ACTION_KEY_REUSED");
    expect(codeOf(await actions.act(asked("admin"), async () => done))).toBe("ACTION_KEY_REUSED");
  });

  test("that fails unexpectedly still has its outcome", async () => {
    const answer = await createActions().act(asked("operator"), async () => {
      throw new Error("boom");
    });
    expect(codeOf(answer)).toBe("CONSOLE_FAILED");
    await vi.waitFor(() =>
      expect(table.rows[1]).toMatchObject({ phase: "outcome", body: { result: "failed" } }),
    );
  });
});

describe("whoever may not", () => {
  test.each([
    ["viewer", asked("viewer"), "ROLE_REQUIRED"],
    [
      "an operator who wants to break something",
      asked("operator", { needs: "chaos" }),
      "ROLE_REQUIRED",
    ],
    [
      "nobody",
      asked("viewer", { caller: { tag: "nobody", state: "signed-out" } }),
      "SIGN_IN_REQUIRED",
    ],
    [
      "a session that ended",
      asked("viewer", { caller: { tag: "nobody", state: "expired" } }),
      "SESSION_EXPIRED",
    ],
  ])(
    "%s is refused, nothing is asked of the cluster, and it is written down",
    async (_who, it, code) => {
      const perform = vi.fn(async () => done);
      expect(codeOf(await createActions().act(it, perform))).toBe(code);
      expect(perform).not.toHaveBeenCalled();
      await vi.waitFor(() =>
        expect(table.rows[1]).toMatchObject({ body: { result: "refused", problem: { code } } }),
      );
      expect(told).toEqual([]);
    },
  );

  test("cannot fill the disk: refusals beyond a burst are counted instead", async () => {
    const actions = createActions();
    for (let at = 0; at < 100; at++) await actions.act(asked("viewer"), async () => done);
    expect(audit.state.refusalsNotKept).toBe(70);
    await vi.waitFor(() => expect(table.rows).toHaveLength(60));
  });
});

describe("too much at once", () => {
  test("is refused with how long to wait, and healing is not held up by it", async () => {
    const actions = createActions();
    const codes: string[] = [];
    for (let at = 0; at < 60; at++) {
      codes.push(codeOf(await actions.act(asked("operator", { key: null }), async () => done)));
    }
    expect(codes.slice(0, 40)).toEqual(Array(40).fill("ok"));
    expect(codes.at(-1)).toBe("RATE_LIMITED");
    const healing = asked("operator", { key: null, isHealing: true });
    expect(codeOf(await actions.act(healing, async () => done))).toBe("ok");
  });
});

describe("without Postgres", () => {
  test("an action does not wait for one that hangs, and healing not even a moment", async () => {
    const hanging = Promise.withResolvers<void>();
    table.wait = hanging.promise;
    const actions = createActions();
    const heal = vi.fn(async () => done);
    const healed = actions.act(asked("operator", { key: null, isHealing: true }), heal);
    await new Promise(setImmediate);
    expect(heal, "at once").toHaveBeenCalled();
    expect(codeOf(await healed)).toBe("ok");
    expect(codeOf(await actions.act(asked("operator"), async () => done))).toBe("ok");
    hanging.resolve();
  });

  test("rows wait for it, bounded and counted, and are written when it is back", async () => {
    table.isAway = true;
    const actions = createActions();
    await actions.act(asked("operator"), async () => done);
    await vi.waitFor(() => expect(audit.state).toMatchObject({ tag: "waiting", waiting: 2 }));
    const row = audit.remembered[0];
    if (row === undefined) throw new Error("It remembers.");
    for (let at = 0; at < 2000; at++) audit.note({ ...row, action: `row ${at}` });
    expect(audit.state).toMatchObject({ waiting: 2000, lost: 2 });
    table.isAway = false;
    audit.start();
    await vi.waitFor(() => expect(audit.state).toMatchObject({ tag: "kept", waiting: 0 }), 5000);
    expect(table.rows).toHaveLength(2000);
    await audit.stop();
  });

  test("a console that has none at all remembers what it did", async () => {
    const actions = createActions(false);
    await actions.act(asked("operator"), async () => done);
    await actions.act(asked("viewer", { key: null }), async () => done);
    const everything = { before: null, limit: 10, actor: null, kind: null, text: null };
    const page = await new AuditReader(null, audit).page(everything);
    expect(page.state.tag).toBe("memory");
    expect(page.actions.map((it) => it.outcome?.result)).toEqual(["refused", "done"]);
  });
});
