import type { Page } from "@playwright/test";
import { type FirstLoad, loadFirst } from "../e2e/support/first-load.ts";
import { heapMb, watchFrames } from "../e2e/support/frames.ts";
import { covered, type Outage, outage } from "../e2e/support/outage.ts";
import { pagesOf } from "../e2e/support/pages.ts";
import { withHistory } from "./console/history.ts";
import { scoresOf } from "./console/lighthouse.ts";
import { clickToPending, commitToPixel } from "./console/pixels.ts";
import { type Scene, untilLive, withScene, withSmallCluster } from "./console/scene.ts";
import { pressToPast } from "./console/seeks.ts";
import { type BenchOptions, quantile } from "./support/bench.ts";
import { benchOf } from "./support/bench-of.ts";
import type { Figure } from "./support/figures.ts";
import { partsOf, secondsOf } from "./support/options.ts";

type Measure = (scene: Scene, options: BenchOptions) => Promise<Figure[]>;

/** The long ones take this long, unless `--seconds` says otherwise: 600 for the whole of it. */
const usualSeconds = 60;
const recordedEvents = 500_000;

const atMost = (bound: number) => ({ bound: { atMost: bound, of: "ours" } }) as const;
const atLeast = (bound: number) => ({ bound: { atLeast: bound, of: "ours" } }) as const;

/** In each round an empty page first, in the same browser beside the same feeder. */
const map: Measure = async ({ open }, { rounds = 3, progress }) => {
  const page = await open("/shards");
  const url = page.url();
  const [ours, empty] = [[] as number[], [] as number[]];
  const busy: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    await page.goto("about:blank");
    empty.push(...(await watchFrames(page, 5)).gapsMs);
    await page.goto(url);
    await untilLive(page);
    const before = await appliedSeq(page);
    const { gapsMs, busyShare } = await watchFrames(page, 20);
    const rate = ((await appliedSeq(page)) - before) / 20;
    ours.push(...gapsMs);
    busy.push(100 * busyShare);
    const p95 = quantile(gapsMs, 0.95).toFixed(1);
    progress(`map, round ${round}/${rounds}: p95 ${p95} ms at ${rate.toFixed(0)} events/s`);
  }
  await page.close();
  const frame = (share: number, bound: number): Figure => ({
    what: `map: ms between frames, p${share * 100}`,
    ours: quantile(ours, share),
    beside: { name: "an empty page", value: quantile(empty, share) },
    ...atMost(bound),
  });
  const busiest = { what: "map: % of the main thread", ours: quantile(busy, 0.5), ...atMost(35) };
  return [frame(0.95, 20), frame(0.99, 50), busiest];
};

const pages: Measure = async ({ open }, { progress }) => {
  const page = await open("/");
  const seen: { readonly path: string; readonly nodes: number; readonly busy: number }[] = [];
  for (const path of await pagesOf(page)) {
    await page.goto(new URL(path, page.url()).href);
    await untilLive(page);
    const { gapsMs, busyShare, domNodes } = await watchFrames(page, 5);
    seen.push({ path, nodes: domNodes, busy: 100 * busyShare });
    const p95 = quantile(gapsMs, 0.95).toFixed(1);
    progress(
      `${path}: ${domNodes} elements, ${(100 * busyShare).toFixed(0)} % busy, p95 ${p95} ms`,
    );
  }
  await page.close();
  const most = (of: "nodes" | "busy") => seen.toSorted((a, b) => b[of] - a[of])[0];
  const [largest, busiest] = [most("nodes"), most("busy")];
  return [
    {
      what: `elements, most (${largest?.path})`,
      ours: largest?.nodes ?? Number.NaN,
      ...atMost(3_000),
    },
    {
      what: `% of the main thread, most (${busiest?.path})`,
      ours: busiest?.busy ?? Number.NaN,
      ...atMost(35),
    },
  ];
};

/** The page keeps 20,000 entries to read: it has to have them before growth means anything. */
const heap: Measure = async ({ open }, { progress, flags }) => {
  const seconds = secondsOf(flags, usualSeconds);
  const page = await open("/shards");
  await watchFrames(page, 25);
  const before = await heapMb(page);
  await watchFrames(page, seconds);
  const after = await heapMb(page);
  progress(`heap: ${before.toFixed(1)} MB, ${seconds} s later ${after.toFixed(1)} MB`);
  await page.close();
  return [{ what: `MB that the heap grows in ${seconds} s`, ours: after - before, ...atMost(20) }];
};

const pixel: Measure = async (scene, { progress }) => {
  const page = await scene.open("/shards");
  const waits: number[] = [];
  for (let tries = 0; waits.length < 100 && tries < 200; tries++) {
    const ms = await commitToPixel(scene, page);
    if (ms !== null) waits.push(ms);
  }
  progress(`pixel: ${waits.length} commits seen, the latest after ${Math.max(...waits)} ms`);
  const presses: number[] = [];
  while (presses.length < 20) presses.push(await clickToPending(scene, page));
  await page.close();
  const wait = (share: number, bound: number): Figure => ({
    what: `ms from commit to pixel, p${share * 100}`,
    ours: quantile(waits, share),
    ...atMost(bound),
  });
  const press = { what: "ms from click to pending, worst of 20", ours: Math.max(...presses) };
  return [wait(0.5, 150), wait(0.95, 400), { ...press, ...atMost(100) }];
};

const outages: Measure = async (scene, { rounds = 3, progress }) => {
  const page = await scene.open("/shards");
  const seen: Outage[] = [];
  for (let round = 1; round <= rounds; round++) {
    const it = await outage(scene, page, 5_000);
    const { staleAfterMs, missed, caughtUpMs } = it;
    seen.push(it);
    progress(`outage ${round}: stale after ${staleAfterMs} ms; ${missed} missed, ${caughtUpMs} ms`);
  }
  await page.close();
  const stale = Math.max(...seen.map((it) => it.staleAfterMs));
  const back = Math.max(...seen.map((it) => it.caughtUpMs));
  return [
    { what: "ms from silence to stale, worst", ours: stale, ...atMost(2_500) },
    { what: "ms to catch up on 5,000 events, worst", ours: back, ...atMost(2_000) },
  ];
};

const hidden: Measure = async (scene, { progress, flags }) => {
  const seconds = Math.min(300, Math.max(20, secondsOf(flags, usualSeconds) / 2));
  const page = await scene.browser.newPage({ viewport: { width: 1440, height: 900 } });
  const { frames, missed, backMs } = await covered(scene, page, seconds);
  progress(`covered: ${frames} frames in ${seconds} s, ${missed} events, back in ${backMs} ms`);
  await page.close();
  return [{ what: `ms until live after ${seconds} s covered`, ours: backMs, ...atMost(1_000) }];
};

const load: Measure = async ({ open, browser }, { progress }) => {
  const first = await open("/");
  const paths = await pagesOf(first);
  const { origin } = new URL(first.url());
  await first.close();
  const seen: FirstLoad[] = [];
  for (const path of paths) {
    // A page of its own has a cache of its own.
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const it = await loadFirst(page, origin + path, untilLive);
    progress(
      `${path}: ${kb(it.scriptBytes)} kB of scripts, LCP ${it.lcpMs.toFixed(0)} ms, CLS ${it.cls.toFixed(3)}`,
    );
    seen.push(it);
    await page.close();
  }
  const most = (of: "scriptBytes" | "lcpMs" | "cls"): number =>
    Math.max(...seen.map((it) => it[of]));
  return [
    {
      what: "kB of scripts on a first load, gzipped, most",
      ours: kb(most("scriptBytes")),
      ...atMost(300),
    },
    { what: "ms to the largest paint, worst page", ours: most("lcpMs"), ...atMost(1_200) },
    { what: "layout shift, worst page", ours: most("cls"), ...atMost(0.02) },
  ];
};

const kb = (bytes: number): number => Math.round(bytes / 1_000);

/** Anywhere in a recording of 500,000 events, most of it not read yet. */
async function seek({ progress }: BenchOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  await withHistory(progress, recordedEvents, async (page) => {
    for (const restMs of [0, 300]) {
      const waits: number[] = [];
      for (let tries = 0; waits.length < 60 && tries < 120; tries++) {
        const ms = await pressToPast(page, restMs);
        if (ms !== null) waits.push(ms);
      }
      progress(`seek: ${waits.length} moments of ${recordedEvents} events, ${restMs} ms of rest`);
      const wait = (share: number): Figure => ({
        what: `ms from a press on the time bar to that moment, ${restMs} ms at rest, p${share * 100}`,
        ours: quantile(waits, share),
        ...atMost(50),
      });
      figures.push(wait(0.5), wait(0.95));
    }
  });
  return figures;
}

/** Without the large cluster: Lighthouse slows the machine down itself. */
async function lighthouse({ progress }: BenchOptions): Promise<Figure[]> {
  const { desktop, mobile } = await withSmallCluster(progress, async (url) => ({
    desktop: await scoresOf(url, "desktop"),
    mobile: await scoresOf(url, "mobile"),
  }));
  progress(`lighthouse: ${JSON.stringify({ desktop, mobile })}`);
  return [
    { what: "Lighthouse desktop", ours: desktop.performance, ...atLeast(95) },
    { what: "Lighthouse accessibility", ours: desktop.accessibility, ...atLeast(100) },
    {
      what: "Lighthouse desktop, ms to the largest paint",
      ours: desktop.largestPaintMs,
      ...atMost(1_200),
    },
    { what: "Lighthouse desktop, layout shift", ours: desktop.layoutShift, ...atMost(0.02) },
    { what: "Lighthouse mobile", ours: mobile.performance, ...atLeast(80) },
  ];
}

const atScale = { map, pages, heap, pixel, outage: outages, covered: hidden, load } as const;
const alone = { seek, lighthouse } as const;
const parts = [
  ...(Object.keys(atScale) as (keyof typeof atScale)[]),
  ...(Object.keys(alone) as (keyof typeof alone)[]),
] as const;
const isAtScale = (part: (typeof parts)[number]): part is keyof typeof atScale => part in atScale;

const appliedSeq = async (page: Page): Promise<number> =>
  Number(await page.locator("main").getAttribute("data-applied-seq"));

export const bench = benchOf({
  title:
    "the console before an invented cluster of 10,000 shards on 100 nodes at 1,000 events/s, in a real browser",
  flags: ["only", "seconds"],
  check(flags) {
    partsOf(parts, flags);
    secondsOf(flags, usualSeconds);
  },
  async figures(options) {
    const chosen = partsOf(parts, options.flags);
    const large = chosen.filter(isAtScale);
    const figures: Figure[] = [];
    if (large.length > 0) {
      await withScene(options.progress, async (scene) => {
        for (const part of large) figures.push(...(await atScale[part](scene, options)));
      });
    }
    for (const part of chosen) {
      if (!isAtScale(part)) figures.push(...(await alone[part](options)));
    }
    return figures;
  },
});
