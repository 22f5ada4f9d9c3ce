import { measureHttp } from "./ask/http.ts";
import {
  type AskRun,
  measureHot,
  measureLocal,
  measureRemote,
  measureSizes,
} from "./ask/in-memory.ts";
import { benchOf } from "./support/bench-of.ts";
import type { Figure } from "./support/figures.ts";
import { partsOf, peerOf } from "./support/options.ts";
import { openPeer } from "./support/peer.ts";
import { withPostgres } from "./support/postgres.ts";

const parts = {
  local: measureLocal,
  remote: measureRemote,
  hot: measureHot,
  sizes: measureSizes,
  http: measureHttp,
} as const satisfies Readonly<Record<string, (run: AskRun) => Promise<readonly Figure[]>>>;
const names = Object.keys(parts) as (keyof typeof parts)[];

/** What a peer is measured beside, too. */
const beside: ReadonlySet<keyof typeof parts> = new Set(["local", "remote"]);

export const bench = benchOf({
  title:
    "volatile asks of about 100 bytes on 1,000 entities, beside what they are made of at least",
  flags: ["only", "peer"],
  check: (flags) => void [partsOf(names, flags), peerOf(flags)],
  async figures({ rounds = 7, progress, flags }) {
    const figures: Figure[] = [];
    for (const part of partsOf(names, flags)) {
      // Each begins with an empty server.
      const found = await withPostgres(async (postgres) => {
        const peer = beside.has(part)
          ? await openPeer(peerOf(flags), postgres.url, progress)
          : null;
        const run = { databaseUrl: postgres.url, rounds, progress, peer };
        try {
          return await parts[part](run);
        } finally {
          await peer?.close();
        }
      });
      figures.push(...found);
    }
    return figures;
  },
});
