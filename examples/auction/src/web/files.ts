import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

const html = "text/html; charset=utf-8";
const css = "text/css; charset=utf-8";
const script = "text/javascript; charset=utf-8";

/** What a browser may have, by its path. The page imports the rules that the entities decide by. */
const files: Readonly<Record<string, readonly [URL, string]>> = {
  "/": [new URL("../page/index.html", import.meta.url), html],
  "/page/style.css": [new URL("../page/style.css", import.meta.url), css],
  "/page/page.ts": [new URL("../page/page.ts", import.meta.url), script],
  "/page/house.ts": [new URL("../page/house.ts", import.meta.url), script],
  "/page/card.ts": [new URL("../page/card.ts", import.meta.url), script],
  "/rules.ts": [new URL("../rules.ts", import.meta.url), script],
};

/** Read each time, so that a change shows with the next reload; TypeScript goes out without its types. */
export async function fileAt(path: string): Promise<PageFile | null> {
  if (!Object.hasOwn(files, path)) return null;
  const [url, type] = files[path] as readonly [URL, string];
  const text = await readFile(url, "utf8");
  return { type, text: type === script ? stripTypeScriptTypes(text) : text };
}
