import { describe, expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import {
  CommandInvalidError,
  NodeNotReadyError,
  OutcomeUnknownError,
  StoreUnavailableError,
} from "../errors.ts";
import { askUntilKnown } from "./ask-until-known.ts";

const unknown = () => new OutcomeUnknownError("nobody knows");
const absent = () => new NodeNotReadyError("not executed");

/** How a call ends whose tries end so, one after the other, the last for ever. */
async function end(tries: readonly (Error | string)[], isOver = () => false) {
  const clock = new ManualClock();
  let asked = 0;
  const ask = async (): Promise<string> => {
    const result = tries[Math.min(asked, tries.length - 1)] as Error | string;
    asked += 1;
    if (result instanceof Error) throw result;
    return result;
  };
  let ended: unknown = null;
  askUntilKnown({ clock, deadlineMs: 100, ask, isOver }).then(
    (value) => {
      ended = value;
    },
    (error: { code: string }) => {
      ended = error.code;
    },
  );
  while (ended === null) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (ended === null) clock.advance(10);
  }
  return [ended, asked];
}

describe("a call under a key", () => {
  it("is asked again while its outcome is unknown, until its answer is known", async () => {
    expect(await end([unknown(), unknown(), "7"])).toEqual(["7", 3]);
  });

  it("of which a try is unknown is unknown, though every later one was not executed", async () => {
    expect(await end([unknown(), absent()])).toEqual(["OUTCOME_UNKNOWN", 5]);
    expect(await end([unknown(), new StoreUnavailableError("away"), "7"])).toEqual(["7", 3]);
  });

  it("that was not executed at first ends so, and with a known failure at once", async () => {
    expect(await end([absent()])).toEqual(["NODE_NOT_READY", 1]);
    expect(await end([new CommandInvalidError("no", [])])).toEqual(["COMMAND_INVALID", 1]);
  });

  it("is not asked again by a node that ends", async () => {
    expect(await end([unknown(), "7"], () => true)).toEqual(["OUTCOME_UNKNOWN", 1]);
  });
});
