import type { Page } from "@playwright/test";
import { waitUntil } from "../../cluster/harness/wait-until.ts";
import type { Feeder, FeederEvent } from "../../e2e/support/feeder.ts";
import type { Scene } from "./scene.ts";

/** Later than this is not seen any more. @unit milliseconds */
const giveUpMs = 900;

/**
 * From a commit until a person can see it: the stamp of the entry that begins a handoff, by the clock of
 * this machine, until the frame after the one in which that shard's cell has other pixels. The pixel is
 * read back from the canvas in each frame, so that nothing that the page says about itself is believed.
 *
 * @returns null where the cell was not the shard's any more; infinite where nobody could see it in time.
 */
export async function commitToPixel({ feeder }: Scene, page: Page): Promise<number | null> {
  const cell = await waitUntil("a shard at rest is selected", () => selectAnyCell(page));
  const after = await feeder.seq();
  const seen = page.evaluate(whenPixelChanges, { ...cell, giveUpMs });
  // Evaluations run one after the other: the first has begun.
  await page.evaluate(() => undefined);
  await feeder.move(cell.shard, anotherNode(feeder, cell.owner));
  const atMs = await seen;
  if (atMs === null && (await wherePicked(page)) !== cell.at) return null;
  const began = (await feeder.events(after)).find((it) => isBegin(it, cell.shard));
  if (began === undefined || (atMs !== null && atMs < Date.parse(began.at))) return null;
  return atMs === null ? Number.POSITIVE_INFINITY : atMs - Date.parse(began.at);
}

function anotherNode({ nodeIds }: Feeder, owner: string): string {
  const others = nodeIds.filter((it) => it !== owner);
  const chosen = others[Math.floor(Math.random() * others.length)];
  if (chosen === undefined) throw new Error("There is no other node.");
  return chosen;
}

/** Where the chosen cell is drawn. */
const wherePicked = (page: Page): Promise<string | undefined> =>
  page.evaluate(
    () => document.querySelector<HTMLElement>("[data-testid=shard-cell-active]")?.style.cssText,
  );

const isBegin = (it: FeederEvent, shard: number): boolean =>
  it.type === "handoff-began" && it.shard === shard;

interface Cell {
  readonly shard: number;
  readonly owner: string;
  /** Its style. */
  readonly at: string;
  /** A point of the canvas that is empty while the shard is at rest. */
  readonly x: number;
  readonly y: number;
}

async function selectAnyCell(page: Page): Promise<Cell | null> {
  const box = await page.getByTestId("shard-map").boundingBox();
  if (box === null) return null;
  const visible = Math.min(box.height, (page.viewportSize()?.height ?? 0) - box.y);
  await page.mouse.click(
    box.x + box.width * 0.05 + box.width * 0.5 * Math.random(),
    box.y + 20 + (visible - 40) * Math.random(),
  );
  return await page.evaluate(() => {
    const active = document.querySelector<HTMLElement>("[data-testid=shard-cell-active]");
    const canvas = document.querySelector("canvas");
    if (active === null || canvas === null || active.dataset["state"] !== "stable") return null;
    const [cell, map] = [active.getBoundingClientRect(), canvas.getBoundingClientRect()];
    const owner = active.ariaLabel?.split(", ").at(-1) ?? "";
    const shard = Number(active.dataset["shardId"]?.split("/")[1]);
    // A cell at rest leaves its upper edge empty; any other state draws it.
    return {
      shard,
      owner,
      at: active.style.cssText,
      x: cell.x - map.x + cell.width / 2 - 1,
      y: cell.y - map.y,
    };
  });
}

/** Resolves with the time of the frame after the change; null when there is none in time. */
function whenPixelChanges(at: Cell & { readonly giveUpMs: number }): Promise<number | null> {
  const canvas = document.querySelector("canvas");
  const ctx = canvas?.getContext("2d");
  if (!canvas || !ctx) throw new Error("There is no map.");
  const scale = canvas.width / canvas.clientWidth;
  const look = (): number => ctx.getImageData(at.x * scale, at.y * scale, 1, 1).data[3] ?? 0;
  const before = look();
  const endAtMs = Date.now() + at.giveUpMs;
  return new Promise((resolve) => {
    const step = (): void => {
      if (look() !== before) requestAnimationFrame(() => resolve(Date.now()));
      else if (Date.now() > endAtMs) resolve(null);
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}

/** From a press until the button says that it is at work, as the frame after it. @unit milliseconds */
export async function clickToPending({ feeder }: Scene, page: Page): Promise<number> {
  await feeder.fault(1, { kind: "cut-link", peer: "node-003", ttlMs: 60_000 });
  const button = page.getByTestId("heal-all");
  await button.waitFor();
  const seen = button.evaluate(
    (it) =>
      new Promise<number>((resolve) => {
        let pressedAtMs = 0;
        const press = (event: Event): void => {
          pressedAtMs = event.timeStamp;
        };
        it.addEventListener("click", press, { capture: true, once: true });
        const observer = new MutationObserver(() => {
          if (pressedAtMs === 0) return;
          observer.disconnect();
          requestAnimationFrame(() => requestAnimationFrame((now) => resolve(now - pressedAtMs)));
        });
        const states = ["disabled", "aria-busy", "data-state"];
        observer.observe(it, { attributeFilter: states, characterData: true, subtree: true });
      }),
  );
  await page.evaluate(() => undefined);
  await button.click();
  const tookMs = await seen;
  await page.locator('[data-testid=fault-pill][data-count="0"]').waitFor();
  return tookMs;
}
