import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Which Chromium the tests drive. */
export type Browser =
  /** One that is on this machine, at `path`. */
  | { readonly tag: "installed"; readonly path: string }
  /** The one that came with the dependencies; it is unpacked first. */
  | { readonly tag: "packaged" };

export interface Whereabouts {
  /** `E2E_BROWSER`: a path, or `packaged`; empty takes what there is. */
  readonly wish: string;
  /** `PATH`. */
  readonly searchPath: string;
  /** Where Playwright keeps its own browser, if it was ever downloaded. */
  readonly downloaded: string;
  readonly isExecutable: (path: string) => boolean;
}

const names = ["chromium", "chromium-browser", "google-chrome"];

/**
 * The system's Chromium, else Playwright's, else the packaged one: a machine that has only what
 * `pnpm install` brings can run the tests, and one that has more does not unpack 200 MB.
 */
export function chooseBrowser(where: Whereabouts): Browser {
  if (where.wish === "packaged") return { tag: "packaged" };
  if (where.wish !== "") return { tag: "installed", path: where.wish };
  const onPath = where.searchPath
    .split(delimiter)
    .filter((directory) => directory !== "")
    .flatMap((directory) => names.map((name) => join(directory, name)));
  const path = [...onPath, where.downloaded].find(where.isExecutable);
  return path === undefined ? { tag: "packaged" } : { tag: "installed", path };
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not ours to run.
    return false;
  }
}
