import type { Page } from "@playwright/test";
import { z } from "zod";

const logFrame = z.tuple([
  z.literal("log"),
  z.object({ entries: z.array(z.object({ seq: z.int() })) }),
]);

/** Of each log entry that came over any of the page's lines, from now on, in their order. */
export function noteSeqs(page: Page): readonly number[] {
  const seqs: number[] = [];
  page.on("websocket", (line) =>
    line.on("framereceived", ({ payload }) => seqs.push(...seqsOf(String(payload)))),
  );
  return seqs;
}

/** An event of socket.io is `42` and a JSON array of its name and its body. */
export function seqsOf(message: string): number[] {
  if (!message.startsWith('42["log"')) return [];
  const { data } = logFrame.safeParse(JSON.parse(message.slice(2)));
  return data?.[1].entries.map((entry) => entry.seq) ?? [];
}
