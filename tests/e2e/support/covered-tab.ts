import type { Frame, Page } from "@playwright/test";

/**
 * A page that can be out of sight. A headless browser has no tabs that cover each other, but it does to
 * a frame of another site that is scrolled out of view what it does to a covered tab: no animation frame
 * is run in it. What else a covered tab gets is done by a script: `hidden`, and timers once a second.
 */
export class CoveredTab {
  readonly frame: Frame;
  readonly #page: Page;

  private constructor(page: Page, frame: Frame) {
    this.#page = page;
    this.frame = frame;
  }

  static async open(page: Page, url: string): Promise<CoveredTab> {
    await page.addInitScript(slowTimersWhileCovered);
    await page.setContent(
      `<body style="margin:0;overflow:hidden"><iframe id="tab" src="${url}" style="border:0;width:100vw;height:100vh"></iframe>`,
    );
    const handle = await page.waitForSelector("#tab");
    const frame = await handle.contentFrame();
    if (frame === null) throw new Error("The frame has no content.");
    return new CoveredTab(page, frame);
  }

  cover(): Promise<void> {
    return this.#show("translateY(300vh)", true);
  }

  /** @returns when it was in sight again, by `Date.now()`. */
  async uncover(): Promise<number> {
    const atMs = Date.now();
    await this.#show("", false);
    return atMs;
  }

  /** How many animation frames it runs in some seconds. */
  framesIn(seconds: number): Promise<number> {
    return this.frame.evaluate(countFrames, seconds * 1_000);
  }

  async #show(transform: string, isCovered: boolean): Promise<void> {
    await this.frame.evaluate(
      (it) => window.dispatchEvent(new CustomEvent("cover", { detail: it })),
      isCovered,
    );
    await this.#page.evaluate((it) => {
      const tab = document.getElementById("tab");
      if (tab !== null) tab.style.transform = it;
    }, transform);
  }
}

function slowTimersWhileCovered(): void {
  let isCovered = false;
  const slowMs = 1000;
  const { setTimeout: once, setInterval: often } = window;
  const later = (run: () => void, ms = 0): number =>
    once(run, isCovered ? Math.max(slowMs, ms) : ms);
  const every = (run: () => void, ms = 0): number => {
    let ranAtMs = 0;
    return often(() => {
      if (isCovered && performance.now() - ranAtMs < slowMs) return;
      ranAtMs = performance.now();
      run();
    }, ms);
  };
  Object.assign(window, { setTimeout: later, setInterval: every });
  Object.defineProperty(document, "visibilityState", {
    get: () => (isCovered ? "hidden" : "visible"),
  });
  Object.defineProperty(document, "hidden", { get: () => isCovered });
  window.addEventListener("cover", (event) => {
    isCovered = (event as CustomEvent<boolean>).detail;
    document.dispatchEvent(new Event("visibilitychange"));
  });
}

const countFrames = (ms: number): Promise<number> =>
  new Promise((resolve) => {
    let frames = 0;
    let isOver = false;
    const step = (): void => {
      frames++;
      if (!isOver) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    setTimeout(() => {
      isOver = true;
      resolve(frames);
    }, ms);
  });
