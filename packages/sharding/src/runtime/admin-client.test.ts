import { describe, expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import type { NodeRef } from "../core/ids.ts";
import type { AdminAnswer, AdminCommand } from "../core/messages.ts";
import { AdminClient } from "./admin-client.ts";

const life = (nodeId: string): NodeRef => ({ nodeId, incarnation: `${nodeId}-1` });
const command: AdminCommand = { tag: "cordon", by: "ann", nodeId: "b" };
const preview: AdminCommand = { tag: "preview", by: "ann", request: { kind: "rebalance" } };
const done: AdminAnswer = { ok: true, seq: 1, planId: null };
const notLeading: AdminAnswer = { ok: false, code: "NOT_COORDINATOR", why: "" };

/** A carrier of commands, and whom it asked under which id. */
function carrier({ isCut = false } = {}) {
  const clock = new ManualClock();
  const asked: { to: NodeRef; requestId: string }[] = [];
  let leader = life("a");
  let term = 1;
  const client = new AdminClient({
    clock,
    coordinator: () => leader,
    term: () => term,
    send: (to, { requestId }) => {
      if (!isCut) asked.push({ to, requestId });
      return !isCut;
    },
    write: ({ requestId }) => {
      asked.push({ to: leader, requestId });
      return true;
    },
    forget: () => undefined,
    seq: () => 1,
  });
  /** As the log says it, in a term of its own. */
  const lead = (nodeId: string) => {
    leader = life(nodeId);
    term += 1;
  };
  /** Lets time pass, with what follows from it. */
  const run = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
  };
  return { client, asked, lead, run };
}

describe("an operator's command", () => {
  it("is done when the one that was asked says so", async () => {
    const { client, asked } = carrier();
    const answer = client.ask(command, 1_000);
    client.newCoordinator();
    client.lost(life("b"));
    expect(client.answered(life("a"), asked[0]?.requestId ?? "", done)).toBe(true);
    expect(await answer).toEqual({ seq: 1, planId: null, preview: null });
  });

  it("takes no answer of another node than was asked, unless that one leads now", async () => {
    const { client, asked, lead } = carrier();
    const answer = client.ask(command, 1_000);
    const { requestId } = asked[0] as { requestId: string };
    expect(client.answered(life("x"), requestId, done)).toBe(false);
    expect(client.answered({ ...life("a"), incarnation: "a-0" }, requestId, done)).toBe(false);
    lead("b");
    expect(client.answered(life("b"), requestId, done)).toBe(true);
    expect(await answer).toEqual({ seq: 1, planId: null, preview: null });
  });

  it("is asked again, under another id, where the one that was asked does not lead", async () => {
    const { client, asked, lead, run } = carrier();
    const answer = client.ask(command, 1_000);
    lead("b");
    client.answered(life("a"), asked[0]?.requestId ?? "", notLeading);
    await run(100);
    expect(asked.map(({ to }) => to.nodeId)).toEqual(["a", "b"]);
    expect(asked[1]?.requestId).not.toBe(asked[0]?.requestId);
    client.answered(life("b"), asked[1]?.requestId ?? "", done);
    expect(await answer).toEqual({ seq: 1, planId: null, preview: null });
  });

  it("is not asked again when its coordinator went away: it may have been done", async () => {
    const { client, asked, lead, run } = carrier();
    const answer = client.ask(command, 1_000);
    const failed = expect(answer).rejects.toThrow("look at the cluster before you ask again");
    lead("b");
    client.lost(life("a"));
    await failed;
    await run(200);
    expect(asked).toHaveLength(1);
  });

  it.each(["b", "a"])(
    "has an end with the term that it was asked in, led by %s then",
    async (next) => {
      const { client, asked, lead, run } = carrier();
      const answer = client.ask(command, 1_000);
      const failed = expect(answer).rejects.toMatchObject({ executed: "unknown" });
      client.newCoordinator();
      lead(next);
      client.newCoordinator();
      await failed;
      await run(200);
      expect(asked).toHaveLength(1);
    },
  );

  it("in a letter outlives the link and the term: the next coordinator reads it", async () => {
    const { client, asked, lead } = carrier({ isCut: true });
    const answer = client.ask(command, 1_000);
    client.lost(life("a"));
    lead("b");
    client.newCoordinator();
    client.answered(life("b"), asked[0]?.requestId ?? "", done);
    expect(await answer).toEqual({ seq: 1, planId: null, preview: null });
    expect(asked).toHaveLength(1);
  });

  it("that changes nothing is asked once again, of the one that leads then", async () => {
    const { client, asked, lead, run } = carrier();
    const answer = client.ask(preview, 1_000);
    const failed = expect(answer).rejects.toThrow("The coordinator b went away");
    lead("b");
    client.newCoordinator();
    await run(100);
    expect(asked.map(({ to }) => to.nodeId)).toEqual(["a", "b"]);
    client.lost(life("b"));
    await failed;
    await run(100);
    expect(asked).toHaveLength(2);
  });

  it("that nobody takes ends at its deadline as not done", async () => {
    const { client, asked, run } = carrier();
    const failed = expect(client.ask(command, 200)).rejects.toMatchObject({
      ...{ code: "NO_COORDINATOR", executed: "no" },
    });
    const answerAll = (): void => {
      for (const { to, requestId } of asked.splice(0)) {
        client.answered(to, requestId, notLeading);
      }
    };
    for (let passed = 0; passed < 300; passed += 10) {
      answerAll();
      await run(10);
    }
    await failed;
  });

  it("without an answer ends at its deadline, and an answer after that is nobody's", async () => {
    const { client, asked, run } = carrier();
    const failed = expect(client.ask(command, 500)).rejects.toThrow("did not answer within 500 ms");
    await run(500);
    await failed;
    expect(client.answered(life("a"), asked[0]?.requestId ?? "", done)).toBe(true);
  });
});
