import { expect, test } from "vitest";
import { chooseBrowser, isExecutable } from "./browser.ts";

const choose = (there: readonly string[], wish = "") =>
  chooseBrowser({
    wish,
    searchPath: "/opt/bin:/usr/bin",
    downloaded: "/cache/chrome",
    isExecutable: (path) => there.includes(path),
  });

test("the system's Chromium is taken, under any of its names", () => {
  for (const path of ["/usr/bin/chromium", "/opt/bin/chromium-browser", "/usr/bin/google-chrome"]) {
    expect(choose([path, "/cache/chrome"])).toEqual({ tag: "installed", path });
  }
});

test("the first directory of the search path wins", () => {
  const path = "/opt/bin/google-chrome";
  expect(choose(["/usr/bin/chromium", path])).toEqual({ tag: "installed", path });
});

test("without one, Playwright's own is taken", () => {
  expect(choose(["/cache/chrome"])).toEqual({ tag: "installed", path: "/cache/chrome" });
});

test("with neither, the packaged one is taken", () => {
  expect(choose([])).toEqual({ tag: "packaged" });
});

test("a wish comes before everything that is there", () => {
  expect(choose(["/usr/bin/chromium"], "packaged")).toEqual({ tag: "packaged" });
  const path = "/home/me/chrome";
  expect(choose(["/usr/bin/chromium"], path)).toEqual({ tag: "installed", path });
});

test("a directory is no program", () => {
  expect(isExecutable("/")).toBe(false);
  expect(isExecutable("/no/such/file")).toBe(false);
  expect(isExecutable(process.execPath)).toBe(true);
});
