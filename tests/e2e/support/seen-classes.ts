import type { Page } from "@playwright/test";

/** The largest count of a class so far, and the sentences that stood first while it was counted. */
export interface SeenClass {
  readonly most: number;
  readonly sentences: readonly string[];
  /** When it was first there, by `Date.now()`. */
  readonly firstAtMs: number;
}

/**
 * From now on notes what the divergence page that is open there shows, however short: some classes come
 * and go between two looks, so a test must watch before it breaks something.
 *
 * @returns reads what was seen so far, in the order of its first appearance.
 */
export async function watchClasses(page: Page): Promise<() => Promise<Map<string, SeenClass>>> {
  const seen = await page.evaluateHandle(() => {
    const noted = new Map<string, { most: number; firstAtMs: number; sentences: Set<string> }>();
    const look = (): void => {
      for (const it of document.querySelectorAll<HTMLElement>("[data-testid=divergence-class]")) {
        const { class: name = "", count = "0" } = it.dataset;
        if (Number(count) === 0) continue;
        const note = noted.get(name) ?? { most: 0, firstAtMs: Date.now(), sentences: new Set() };
        noted.set(name, note);
        note.most = Math.max(note.most, Number(count));
        const first = document.querySelector(`li[data-class="${name}"]`)?.textContent;
        if (first) note.sentences.add(first);
      }
    };
    look();
    const everything = { subtree: true, attributes: true, childList: true, characterData: true };
    new MutationObserver(look).observe(document.body, everything);
    return noted;
  });
  return async () => {
    const noted = await seen.evaluate((all) =>
      [...all].map(([name, it]) => [name, { ...it, sentences: [...it.sentences] }]),
    );
    return new Map(noted as [string, SeenClass][]);
  };
}
