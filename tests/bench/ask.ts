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
import { partsOf } from "./support/options.ts";
import { withPostgres } from "./support/postgres.ts";

const parts = {
  local: measureLocal,
  remote: measureRemote,
  hot: measureHot,
  sizes: measureSizes,
  http: measureHttp,
} as const satisfies Readonly<Record<string, (run: AskRun) => Promise<readonly Figure[]>>>;
const names = Object.keys(parts) as (keyof typeof parts)[];

export const bench = benchOf({
  title:
    "volatile asks of about 100 bytes on 1,000 entities, beside what they are made of at least",
  flags: ["only"],
  check: (flags) => void partsOf(names, flags),
  async figures({ rounds = 7, progress, flags }) {
    const figures: Figure[] = [];
    for (const part of partsOf(names, flags)) {
      // Each begins with an empty server.
      const found = await withPostgres(({ url }) =>
        parts[part]({ databaseUrl: url, rounds, progress, peer: null }),
      );
      figures.push(...found);
    }
    return figures;
  },
});
