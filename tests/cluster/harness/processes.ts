import { readdirSync, readFileSync } from "node:fs";

export interface Found {
  readonly pid: number;
  readonly command: string;
}

/**
 * Every process that has one of these texts in its command line or environment, and what those started.
 * Linux only. One that only waits to be noticed by its parent has ended.
 */
export function findProcesses(texts: readonly string[]): readonly Found[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => describe(Number(name)));
  const found = new Set(all.filter((one) => texts.some((text) => one.text.includes(text))));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    const pids = new Set([...found].map((one) => one.pid));
    for (const one of all) if (pids.has(one.parentPid)) found.add(one);
  }
  return [...found].map(({ pid, command }) => ({ pid, command }));
}

function describe(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parentPid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z") return [];
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    const text = `${command}\0${readFileSync(`/proc/${pid}/environ`, "utf8")}`;
    return [{ pid, parentPid: Number(parentPid), command, text }];
  } catch {
    // It ended meanwhile, or belongs to somebody else.
    return [];
  }
}
