import { describe, expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import type { NodeRef } from "../core/ids.ts";
import type { AdminAnswer, AdminCommand } from "../core/messages.ts";
import { AdminClient } from "./admin-client.ts";

const life = (nodeId: string): NodeRef => ({ nodeId, incarnation: `${nodeId}-1` });
const command: AdminCommand = { tag: "cordon", by: "ann", nodeId: "b" };
const done: AdminAnswer = { ok: true, seq: 1, planId: null };
const notLeading: AdminAnswer = { ok: false, code: "NOT_COORDINATOR", why: "" };

/** A carrier of commands, and whom it asked under which id. */
function carrier() {
  const clock = new ManualClock();
  const asked: { to: NodeRef; requestId: string }[] = [];
  let leader = life("a");
  const client = new AdminClient({
    clock,
    coordinator: () => leader,
    send: (to, { requestId }) => {
      asked.push({ to, requestId });
      return true;
    },
    forget: () => undefined,
    seq: () => 1,
  });
  const lead = (nodeId: string) => {
    leader = life(nodeId);
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

  it("without an answer ends at its deadline, and an answer after that is nobody's", async () => {
    const { client, asked, run } = carrier();
    const failed = expect(client.ask(command, 500)).rejects.toThrow("did not answer within 500 ms");
    await run(500);
    await failed;
    expect(client.answered(life("a"), asked[0]?.requestId ?? "", done)).toBe(true);
  });
});
