import { describe, expect, test, vi } from "vitest";
import { parseFlags } from "./flags.ts";

function parse(...argv: string[]) {
  let said = "";
  const take = (chunk: unknown) => {
    said += String(chunk);
    return true;
  };
  const out = vi.spyOn(process.stdout, "write").mockImplementation(take);
  const err = vi.spyOn(process.stderr, "write").mockImplementation(take);
  try {
    return { ...parseFlags(argv), said };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe("the flags of pnpm start", () => {
  test("have defaults for everything", () => {
    expect(parse()).toMatchObject({
      flags: {
        nodes: 3,
        shards: 256,
        load: 50,
        nodePort: 4100,
        consolePort: 3000,
        dataDir: ".leasehold",
        respawnMs: 10_000,
        fresh: false,
        console: true,
      },
    });
  });

  test("are read, also behind the separator that pnpm hands on", () => {
    const argv = ["--", "--nodes", "5", "--load=0", "--no-console", "--fresh", "--respawn-ms", "0"];
    expect(parse(...argv)).toMatchObject({
      flags: { nodes: 5, load: 0, console: false, fresh: true, respawnMs: 0 },
    });
  });

  test("--lanes is a number or auto, and absent where LEASEHOLD_LANES decides", () => {
    expect(parse("--lanes", "2")).toMatchObject({ flags: { lanes: 2 } });
    expect(parse("--lanes=auto")).toMatchObject({ flags: { lanes: "auto" } });
    expect(parse()).not.toHaveProperty("flags.lanes");
  });

  test.each([
    [["--nodes", "0"], /--nodes.*whole number from 1 to 32/s],
    [["--nodes", "3.5"], /--nodes.*whole number/s],
    [["--nodes", "1e1"], /--nodes.*whole number/s],
    [["--nodes"], /--nodes.*argument missing/s],
    [["--lanes", "0"], /--lanes.*whole number from 1 to 64, or auto/s],
    [["--lanes", "65"], /--lanes.*whole number from 1 to 64, or auto/s],
    [["--lanes", "many"], /--lanes.*whole number from 1 to 64, or auto/s],
    [["--lanes"], /--lanes.*argument missing/s],
    [["--load", "-1"], /--load.*from 0 to 2000/s],
    [["--load", "2001"], /--load.*from 0 to 2000/s],
    [["--respawn-ms", "soon"], /--respawn-ms.*whole number/s],
    [["--data-dir", " "], /--data-dir.*name a directory/s],
    [["--node-port", "65530", "--nodes", "6"], /--node-port 65530.*6 nodes.*port 65536/s],
    [["--console-port", "4102"], /--console-port 4102.*node-2/s],
    [["--colour"], /unknown option '--colour'/],
    [["stray"], /too many arguments/],
  ])("%j is refused with code 2 and a message that names the flag", (argv, message) => {
    const { said, ...parsed } = parse(...argv);
    expect(parsed).toEqual({ tag: "exit", code: 2 });
    expect(said).toMatch(message);
  });

  test("--console-port may be a node's port when there is no console", () => {
    expect(parse("--no-console", "--console-port", "4102").tag).toBe("flags");
  });

  test("--help lists every flag and ends with code 0", () => {
    const { said, ...parsed } = parse("--help");
    expect(parsed).toEqual({ tag: "exit", code: 0 });
    const flags =
      "nodes shards lanes load node-port console-port data-dir respawn-ms fresh no-console";
    for (const flag of flags.split(" ")) expect(said).toContain(`--${flag}`);
  });
});
