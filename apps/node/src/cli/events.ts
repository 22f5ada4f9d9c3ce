import type { Command } from "commander";
import type { ClusterAnswer } from "../http/routes/cluster.ts";
import { addClientFlags, type ClientFlags, NodeClient } from "./client.ts";
import { type CliIo, CommandFailed } from "./io.ts";
import { wholeNumber } from "./whole-number.ts";

interface EventFlags extends ClientFlags {
  readonly after?: number;
  readonly follow?: true;
}

interface Event {
  readonly seq: number;
  readonly at: string;
  readonly term: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Page {
  readonly history: string;
  readonly seq: number;
  readonly events: readonly Event[];
}

const followEveryMs = 500;
const shownAtFirst = 20;
const pageSize = 1000;

export function registerEvents(program: Command, io: CliIo): void {
  addClientFlags(program.command("events"))
    .description(
      "Print the cluster log: every change of ownership and membership. JSON is one entry a line.",
    )
    .option(
      "--after <seq>",
      `begin after this seq [default: the last ${shownAtFirst} entries]`,
      wholeNumber(0),
    )
    .option("-f, --follow", "go on with new entries until interrupted")
    .action(async (flags: EventFlags) => {
      const client = new NodeClient(io, flags);
      const after = flags.after ?? (await firstShown(client));
      const print = (event: Event): void =>
        io.out(flags.json === true ? JSON.stringify(event) : describe(event));
      const position = await printUntilCurrent(client, { history: null, after }, print, io);
      if (flags.follow === true) await follow(client, position, print, io);
    });
}

const firstShown = async (client: NodeClient): Promise<number> =>
  Math.max(0, (await client.get<ClusterAnswer>("/v1/cluster")).seq - shownAtFirst);

interface Position {
  readonly history: string | null;
  readonly after: number;
}

async function printUntilCurrent(
  client: NodeClient,
  from: Position,
  print: (event: Event) => void,
  io: CliIo,
): Promise<Position> {
  let position = from;
  for (;;) {
    const page = await client.get<Page>(`/v1/events?after=${position.after}&limit=${pageSize}`);
    if (position.history !== null && page.history !== position.history) {
      io.err(`The log is another one since a restore (history ${page.history}); it begins again.`);
      position = { history: page.history, after: 0 };
      continue;
    }
    for (const event of page.events) print(event);
    position = { history: page.history, after: page.events.at(-1)?.seq ?? position.after };
    // An empty page with more to follow: the node cannot read the rest now.
    if (page.events.length === 0 || position.after >= page.seq) return position;
  }
}

/** Ends only by an interruption, or when the entries are past retention. */
async function follow(
  client: NodeClient,
  from: Position,
  print: (event: Event) => void,
  io: CliIo,
): Promise<never> {
  let position = from;
  let isAway = false;
  for (;;) {
    await io.pause(followEveryMs);
    try {
      position = await printUntilCurrent(client, position, print, io);
      isAway = false;
    } catch (error) {
      if (!(error instanceof CommandFailed) || error.problem?.retryable === false) throw error;
      if (!isAway) io.err(`${error.message} Waiting for it.`);
      isAway = true;
    }
  }
}

function describe({ seq, at, term: _term, type, ...fields }: Event): string {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
    );
  return [String(seq).padStart(8), at, type, ...details].join("  ");
}
