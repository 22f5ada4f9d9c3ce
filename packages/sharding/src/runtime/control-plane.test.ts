import { describe, expect, it } from "vitest";
import { emptyCluster } from "../core/cluster.ts";
import type { NodeRef } from "../core/ids.ts";
import type { LogEntry } from "../core/log.ts";
import type { FromCoordinator } from "../core/messages.ts";
import { createDropCounter } from "../ports/drop-counter.ts";
import type { Transport } from "../ports/transport.ts";
import { ControlPlane } from "./control-plane.ts";

const life = (nodeId: string): NodeRef => ({ nodeId, incarnation: `${nodeId}-1` });
const self = life("self");
const leader = life("leader");
const other = life("other");
const term = 3;

/** A node that knows `leader` to hold term 3, and what reached its other halves. */
function plane(timeline: number | null = 1) {
  const heard: string[] = [];
  const sent: unknown[] = [];
  const send = (_to: string, _channel: string, message: unknown) => {
    sent.push(message);
    return "queued";
  };
  const drops = createDropCounter();
  const control = new ControlPlane(
    {
      transport: { connected: () => [other], send } as unknown as Transport,
      self: () => self,
      cluster: () => ({ ...emptyCluster("h"), term, coordinator: leader }),
      timeline: () => timeline,
      log: () => undefined,
      drops,
    },
    {
      isLeading: () => false,
      toCoordinator: () => heard.push("to the coordinator"),
      order: (message) => heard.push(message.tag),
      refused: (message) => heard.push(message.tag),
      answered: (from) => {
        if (from.nodeId !== "leader") return false;
        heard.push("admin-answer");
        return true;
      },
      log: () => heard.push("log"),
      behind: () => heard.push("behind"),
      state: (from, { tag }) => {
        if (from.nodeId === "other") return false;
        heard.push(tag);
        return true;
      },
      request: () => undefined,
      events: (_from, message) => heard.push(message.tag),
      unsent: () => undefined,
      told: () => undefined,
    },
  );
  const unauthorized = (variant: "control" | "handoff" = "control") =>
    drops.snapshot().find((one) => one.variant === variant && one.reason === "unauthorized")?.count;
  return { control, heard, sent, unauthorized };
}

const elected = (by: NodeRef, ofTerm: number): LogEntry => ({
  ...{ type: "coordinator-elected", ...by, seq: 9, at: "", term: ofTerm },
});
const directives = (ofTerm: number): FromCoordinator[] => {
  const to = { term: ofTerm, incarnation: self.incarnation };
  return [
    { tag: "region-registered", ...to, seq: 1 },
    { tag: "region-refused", ...to, code: "INCARNATION_DEAD", why: "" },
    { tag: "host-shards", ...to, shards: [] },
    { tag: "begin-handoffs", ...to, handoffs: [] },
    { tag: "stop-shards", ...to, shards: [] },
    { tag: "log", term: ofTerm, timeline: 1, history: "h", entries: [] },
  ];
};
const answer: FromCoordinator = {
  ...{ tag: "admin-answer", requestId: "r-1", answer: { ok: true, seq: 1, planId: null } },
};

describe("a directive", () => {
  it.each([...directives(term), answer])("$tag is obeyed from the node that leads", (message) => {
    const { control, heard, unauthorized } = plane();
    control.receive(leader, "control", message);
    expect(heard).toContain(message.tag);
    expect(unauthorized()).toBe(0);
  });

  it.each([...directives(term), answer])(
    "$tag of a node that does not lead is dropped and counted",
    (message) => {
      const { control, heard, unauthorized } = plane();
      control.receive(other, "control", message);
      control.receive({ ...leader, incarnation: "leader-0" }, "control", message);
      expect(heard.filter((what) => what !== "admin-answer")).toEqual([]);
      expect(unauthorized()).toBe(message.tag === "admin-answer" ? 1 : 2);
    },
  );

  it.each(directives(term - 1))(
    "$tag of a past term changes nothing, whoever sent it",
    (message) => {
      const { control, heard } = plane();
      control.receive(leader, "control", message);
      control.receive(other, "control", message);
      expect(heard).toEqual([]);
    },
  );

  it.each(directives(term + 1))(
    "$tag of a term that is not known sends the node to the log",
    (message) => {
      const { control, heard } = plane();
      control.receive(other, "control", message);
      expect(heard).toEqual(["behind"]);
    },
  );

  it.each(directives(term).slice(0, -1))("$tag to another life is dropped", (message) => {
    const { control, heard } = plane();
    control.receive(leader, "control", { ...message, incarnation: "self-0" });
    expect(heard).toEqual([]);
  });
});

describe("a new term", () => {
  const push = (entries: LogEntry[]): FromCoordinator => ({
    ...{ tag: "log", term: term + 1, timeline: 1, history: "h", entries },
  });

  it("is learnt at once from the node that was elected", () => {
    const { control, heard } = plane();
    control.receive(other, "control", push([elected(other, term + 1)]));
    expect(heard).toEqual(["log"]);
  });

  it("is looked up where somebody else says who was elected", () => {
    const { control, heard } = plane();
    control.receive(other, "control", push([elected(leader, term + 1)]));
    expect(heard).toEqual(["behind"]);
  });
});

describe("entries of another database", () => {
  // A standby that was promoted while the old primary went on: both logs continue with the same number.
  it.each([term, term + 1])("are not believed in term %i, whoever leads there", (ofTerm) => {
    const by = ofTerm === term ? leader : other;
    for (const own of [2, null]) {
      const { control, heard } = plane(own);
      control.receive(by, "control", {
        ...{ tag: "log", term: ofTerm, timeline: 1, history: "h", entries: [elected(by, ofTerm)] },
      });
      expect(heard).toEqual(["behind"]);
    }
  });
});

describe("carried state", () => {
  const grant = { group: "default", shard: 0, epoch: 1 };
  const chunk = {
    ...{ tag: "state-chunk", ...grant, handoffId: "h-1", offset: 0, whole: null },
    bytes: new Uint8Array(1),
  };
  const warm = { tag: "warm-state", ...grant, entities: [] };
  it.each([chunk, { tag: "state-taken", handoffId: "h-1", received: 1 }, warm])(
    "$tag of a third node is counted",
    (message) => {
      const { control, heard, unauthorized } = plane();
      control.receive(leader, "data", message);
      control.receive(other, "data", message);
      expect(heard).toEqual([message.tag]);
      expect(unauthorized("handoff")).toBe(1);
      expect(unauthorized()).toBe(0);
    },
  );
});

describe("a message about events", () => {
  it.each([{ tag: "follow-events" }, { tag: "events-stored", shards: [] }])(
    "$tag is taken from any authenticated node",
    (message) => {
      const { control, heard, unauthorized } = plane();
      control.receive(leader, "data", message);
      control.receive(other, "data", message);
      expect(heard).toEqual([message.tag, message.tag]);
      expect(unauthorized()).toBe(0);
    },
  );
});

describe("committed entries", () => {
  it("go out under their own term, also where this node's copy has not come that far", () => {
    const { control, sent } = plane();
    const entries = [elected(self, term + 1)];
    control.push("h", entries);
    expect(sent).toEqual([{ tag: "log", term: term + 1, timeline: 1, history: "h", entries }]);
  });

  it("do not go out while nobody knows which database they are of", () => {
    const { control, sent } = plane(null);
    control.push("h", [elected(self, term + 1)]);
    expect(sent).toEqual([]);
  });
});
