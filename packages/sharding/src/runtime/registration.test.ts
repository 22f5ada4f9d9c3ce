import { describe, expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import { ownVersions } from "../core/agreement.ts";
import type { FromCoordinator, RefusalCode, ToCoordinator } from "../core/messages.ts";
import { Registration } from "./registration.ts";

const self = { nodeId: "a", incarnation: "a-1" };
const info = { ...self, address: "http://a", zone: "", weight: 1, labels: {} };
const refused = (code: RefusalCode): Extract<FromCoordinator, { tag: "region-refused" }> => ({
  ...{ tag: "region-refused", term: 1, incarnation: self.incarnation, code, why: "planted" },
});

/** A life that asks to take part, when it asked, and a log that can name it. */
function asking() {
  const clock = new ManualClock();
  const startMs = clock.monotonicMs();
  const asked: { atMs: number; message: ToCoordinator }[] = [];
  const log = { isMember: false };
  const registration = new Registration({
    clock,
    groups: [],
    info: () => info,
    log: () => undefined,
    isMember: () => log.isMember,
    send: (message) => asked.push({ atMs: clock.monotonicMs() - startMs, message }),
  });
  registration.begin(self);
  return { clock, asked, log, registration };
}

describe("a registration", () => {
  it("says who asks, for which groups, in which versions", () => {
    expect(asking().asked.map(({ message }) => message)).toEqual([
      { tag: "register-region", node: info, groups: [], versions: ownVersions },
    ]);
  });

  it("is repeated until the log names this life, ever more seldom", async () => {
    const { clock, asked, log, registration } = asking();
    clock.advance(3_600);
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, 50, 150, 350, 750, 1_550, 2_550, 3_550]);
    log.isMember = true;
    registration.logMoved();
    await registration.joined;
    clock.advance(10_000);
    expect(asked).toHaveLength(8);
  });

  it("is asked of a new coordinator at once", () => {
    const { clock, asked, registration } = asking();
    clock.advance(3_000);
    const before = asked.length;
    registration.again();
    expect(asked).toHaveLength(before + 1);
  });

  it.each(["GROUP_MISMATCH", "VERSION_MISMATCH"] as const)(
    "that is refused for %s ends the start, however often that is said",
    async (code) => {
      const { registration } = asking();
      registration.refused(refused(code));
      registration.refused(refused(code));
      await expect(registration.joined).rejects.toThrow("planted");
    },
  );

  it("that is refused for a reason that may pass is repeated slowly", () => {
    const { clock, asked, registration } = asking();
    registration.refused(refused("INCARNATION_DEAD"));
    clock.advance(2_100);
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, 50, 1_050, 2_050]);
  });

  it("ends with its life", () => {
    const { clock, asked, registration } = asking();
    registration.end();
    clock.advance(10_000);
    expect(asked).toHaveLength(1);
  });
});
