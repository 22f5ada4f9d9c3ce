import { chromium, type LaunchOptions } from "@playwright/test";
import { chooseBrowser, isExecutable } from "./browser.ts";
import { unpackBrowser } from "./packaged-browser.ts";

const { PATH = "", E2E_BROWSER = "", ...rest } = process.env;

/** A browser that talks to nobody but the page it is sent to. */
const args = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  // Its sandbox needs an ordinary account.
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

export async function launchOptions(): Promise<LaunchOptions> {
  const browser = chooseBrowser({
    wish: E2E_BROWSER,
    searchPath: PATH,
    downloaded: chromium.executablePath(),
    isExecutable,
  });
  if (browser.tag === "installed") return { executablePath: browser.path, args };
  const { executablePath, env } = await unpackBrowser();
  return { executablePath, args, env: { ...rest, PATH, ...env } as Record<string, string> };
}
