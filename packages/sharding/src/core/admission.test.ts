import { describe, expect, it } from "vitest";
import { type Admission, admit, type HostingView, type InboundStream } from "./admission.ts";

const request = { epoch: 5, seen: 3 };
const fresh: InboundStream = { ticket: 3, epoch: 5, outstanding: 0, quiet: false };

const streams = {
  "nothing outstanding": fresh,
  "requests outstanding under this epoch": { ...fresh, outstanding: 2 },
  "a bounce that the sender has not seen": { ...fresh, ticket: 4 },
} satisfies Record<string, InboundStream>;

type Case = `${HostingView["phase"]} at ${4 | 5 | 6}`;

/** A request of epoch 5, by how the node holds the shard and what it remembers of the sender. */
const table: Record<Case, Record<keyof typeof streams, Admission>> = {
  "serving at 4": row("not-yet", "not-yet", "not-yet"),
  "serving at 5": row("accept", "accept", "not-yet"),
  "serving at 6": row("accept", "not-yet", "not-yet"),
  "starting at 4": row("not-yet", "not-yet", "not-yet"),
  "starting at 5": row("park", "park", "not-yet"),
  "starting at 6": row("park", "not-yet", "not-yet"),
  "draining at 4": row("not-yet", "not-yet", "not-yet"),
  "draining at 5": row("not-hosting", "not-hosting", "not-hosting"),
  "draining at 6": row("not-hosting", "not-hosting", "not-hosting"),
  "none at 4": row("not-yet", "not-yet", "not-yet"),
  "none at 5": row("not-hosting", "not-hosting", "not-hosting"),
  "none at 6": row("not-hosting", "not-hosting", "not-hosting"),
};

function row(
  idle: Admission,
  outstanding: Admission,
  unseen: Admission,
): Record<keyof typeof streams, Admission> {
  return {
    "nothing outstanding": idle,
    "requests outstanding under this epoch": outstanding,
    "a bounce that the sender has not seen": unseen,
  };
}

describe.each(Object.keys(table) as Case[])("%s", (name) => {
  const [phase, , epoch] = name.split(" ") as [HostingView["phase"], "at", string];
  it.each(Object.keys(streams) as (keyof typeof streams)[])("%s", (key) => {
    expect(admit(streams[key], { phase, epoch: Number(epoch) }, request)).toBe(table[name][key]);
  });
});

it("under a new epoch a request waits for older ones only while they may still bounce", () => {
  const serving: HostingView = { phase: "serving", epoch: 6 };
  const outstanding = { ...fresh, outstanding: 1 };
  expect(admit(outstanding, serving, request)).toBe("not-yet");
  expect(admit({ ...outstanding, quiet: true }, serving, request)).toBe("accept");
});
