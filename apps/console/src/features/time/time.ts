"use client";
import { toast } from "sonner";
import { useStore } from "zustand";
import { live } from "../../live/use-live.ts";
import { Reels } from "../../tape/reels.ts";
import { TimeMachine, type TimeState } from "../../tape/time-machine.ts";

/** What this page has read of the tape. */
export const reels = new Reels();

/** One for the whole application: the past stays while pages come and go. */
export const time = new TimeMachine(live, reels);

export const useTime = <T>(select: (state: TimeState) => T): T => useStore(time.store, select);

export const step = (direction: 1 | -1): void => {
  time.step(direction).catch((error: unknown) => time.fail(error));
};

/** To the next thing that went wrong, and says what it was. */
export const leap = (direction: "next" | "previous"): void => {
  time.jump(direction).then(
    (mark) => {
      if (mark !== null) toast(mark.words);
      else toast(`Nothing ${direction === "next" ? "after" : "before"} this is marked.`);
    },
    (error: unknown) => time.fail(error),
  );
};
