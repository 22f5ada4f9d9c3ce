import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What a theme can get wrong; structure, names and roles are the same in every theme. */
const ofColours = ["color-contrast", "link-in-text-block"];

/**
 * axe finds nothing against WCAG 2.2 AA; else the failure names the rule and the elements.
 *
 * @param what `colours` is for the second theme of a page that was looked at as a whole. Default: everything.
 */
export async function expectAccessible(
  page: Page,
  what: "everything" | "colours" = "everything",
): Promise<void> {
  // Half of the time goes into a second page that collects what is in frames. There are none.
  expect(page.frames()).toHaveLength(1);
  const axe = new AxeBuilder({ page }).setLegacyMode(true);
  const asked = what === "everything" ? axe.withTags(rules) : axe.withRules(ofColours);
  const { violations } = await asked.analyze();
  const found = violations.map(({ id, help, nodes }) => ({
    id,
    help,
    nodes: nodes.map((it) => `${it.html} ${it.any.map((check) => check.message).join(" ")}`),
  }));
  expect(found, `axe on ${page.url()}`).toEqual([]);
}
