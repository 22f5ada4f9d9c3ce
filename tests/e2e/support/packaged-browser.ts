import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import packaged, { inflate } from "@sparticuz/chromium";

export interface PackagedBrowser {
  readonly executablePath: string;
  /** It brings its libraries and fonts, for machines that have none. */
  readonly env: { readonly LD_LIBRARY_PATH: string; readonly FONTCONFIG_PATH: string };
}

const home = join(dirname(fileURLToPath(import.meta.resolve("@sparticuz/chromium"))), "..");
const cache = join(import.meta.dirname, "../../node_modules/.cache");

/** Unpacks it once per version: three seconds and 210 MB. */
export async function unpackBrowser(): Promise<PackagedBrowser> {
  requireLinux();
  const { version } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  const directory = join(cache, `leasehold-chromium-${version}`);
  if (!existsSync(directory)) await unpackInto(directory);
  return {
    executablePath: join(directory, "chromium"),
    env: {
      LD_LIBRARY_PATH: join(directory, "al2023", "lib"),
      FONTCONFIG_PATH: join(directory, "fonts"),
    },
  };
}

/** By a rename at the end: a run that is killed half-way must not leave half a browser. */
async function unpackInto(directory: string): Promise<void> {
  const half = `${directory}.${process.pid}`;
  await mkdir(half, { recursive: true });
  const before = process.env["TMPDIR"];
  // The package unpacks into the system's directory for temporary files and nowhere else.
  process.env["TMPDIR"] = half;
  try {
    await packaged.executablePath();
    await inflate(join(home, "bin", "al2023.tar.br"));
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
  await writeFile(join(half, "fonts", "fonts.conf"), fontsIn(join(directory, "fonts")));
  await rename(half, directory).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    // Another run was faster; its copy is as good.
    await rm(half, { recursive: true });
  });
}

const fontsIn = (directory: string): string =>
  `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${directory}</dir><dir>/usr/share/fonts</dir><cachedir>${directory}/cache</cachedir></fontconfig>
`;

function requireLinux(): void {
  if (process.platform === "linux" && process.arch === "x64") return;
  throw new Error(
    `No Chromium on the PATH, and none is packaged for ${process.platform} ${process.arch}. ` +
      "Install one, or run: pnpm --filter @leasehold/tests exec playwright install chromium",
  );
}
