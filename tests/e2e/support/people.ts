import { type Browser, expect, type Page } from "@playwright/test";
import { z } from "zod";
import { ConsolePage } from "./console-page.ts";

/** Who may do what in these tests; the tokens are what they sign in with. */
export const people = {
  sam: { role: "viewer", token: "sams-token-0123456789" },
  ana: { role: "operator", token: "anas-token-0123456789" },
  mira: { role: "chaos", token: "miras-token-0123456789" },
} as const;
export type Person = keyof typeof people;

/** LEASEHOLD_CONSOLE_TOKENS for all of them. */
export const peopleTokens = Object.entries(people)
  .map(([name, { role, token }]) => `${name}:${role}:${token}`)
  .join(",");

const mutation = { "content-type": "application/json", "leasehold-console": "1" };

/** A browser of their own, in which they have signed in on the way to a page. */
export async function enter(
  browser: Browser,
  url: string,
  name: Person,
  path = "/",
): Promise<ConsolePage> {
  const context = await browser.newContext({ baseURL: url, reducedMotion: "reduce" });
  const page = await context.newPage();
  const console = new ConsolePage(page);
  await page.goto(path);
  await signInAs(page, name);
  await console.isLive();
  return console;
}

/** Fills in what the page or the dialog asks for. */
export async function signInAs(page: Page, name: Person): Promise<void> {
  await page.getByLabel("Your operator token").fill(people[name].token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

const auditPage = z.object({
  actions: z.array(
    z.object({
      actor: z.string(),
      kind: z.string(),
      subject: z.string(),
      role: z.string().nullable(),
      outcome: z.object({ result: z.string(), code: z.string().nullable() }).nullable(),
    }),
  ),
});

/** The audit as this browser may read it, newest first. */
export async function auditOf(page: Page, query: string) {
  const answer = await page.request.get(`/api/audit?${query}`);
  expect(answer.status()).toBe(200);
  return auditPage.parse(await answer.json()).actions;
}

const problem = z.looseObject({ code: z.string() });

/** What the page itself could send, with its cookie. */
export async function send(
  page: Page,
  method: "POST" | "PUT",
  path: string,
  data: unknown,
  headers: Readonly<Record<string, string>> = {},
) {
  const answer = await page.request.fetch(path, {
    method,
    data,
    headers: { ...mutation, ...headers },
  });
  const body: unknown = await answer.json();
  return { status: answer.status(), body, code: problem.safeParse(body).data?.code ?? null };
}
