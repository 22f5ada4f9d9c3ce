import { promisify } from "node:util";
import { gunzipSync, gzip } from "node:zlib";
import { afterEach, expect, test, vi } from "vitest";
import { readConfig } from "../relay/config.ts";
import { Hub } from "../relay/hub.ts";
import { assigned, entriesOf, smallCluster } from "../testing/factories.ts";
import type { PackedSegment } from "./pack.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";

type Table = NonNullable<RecorderOptions["store"]>["table"];

/** Takes segments as the table in Postgres does: only behind everything that it has. */
class FakeTable implements Table {
  readonly saved: PackedSegment[] = [];
  /** Set, each write waits for it. */
  gate: Promise<void> = Promise.resolve();
  writing = 0;
  /** Set, the question for what there is waits for it. */
  endsGate: Promise<void> = Promise.resolve();
  asking = 0;
  problem: Error | null = null;

  async append(it: PackedSegment): Promise<boolean> {
    this.writing++;
    await this.gate;
    if (it.firstPos <= (this.saved.at(-1)?.lastPos ?? 0)) return false;
    this.saved.push(it);
    return true;
  }

  async ends(): Promise<null> {
    if (this.problem !== null) throw this.problem;
    this.asking++;
    await this.endsGate;
    return null;
  }

  async begin(): Promise<void> {}
  async trim(): Promise<void> {}
}

let stop: (() => Promise<void>) | null = null;
afterEach(async () => await stop?.());

function startRecorder() {
  const hub = new Hub(readConfig({}), () => {});
  const table = new FakeTable();
  const lock = { isHeld: true, yield: vi.fn() };
  const log = vi.fn();
  const keep = { keepMs: 3_600_000, keepBytes: 1 << 30 };
  const recorder = new Recorder({ hub, store: { table, lock }, log, ...keep });
  stop = () => recorder.stop();
  recorder.start();
  hub.authority.offerSnapshot(smallCluster(), 0, hub.nowMs());
  return { hub, table, lock, log, recorder };
}

const soon = { timeout: 10_000, interval: 10 };

test("stopped while a segment is on its way to the table, it saves that one once and then the rest", async () => {
  const { hub, table, lock, recorder } = startRecorder();
  const { promise, resolve: open } = Promise.withResolvers<void>();
  table.gate = promise;
  await vi.waitFor(() => expect(table.writing).toBe(1), soon);
  const { state } = hub.authority;
  const seq = state?.seq ?? 0;
  hub.authority.offerEntries("h1", entriesOf(seq + 1, assigned(0, "node-b", 2)), 0, hub.nowMs());
  const last = recorder.position();
  const stopping = recorder.stop();
  // The little that there is to save is packed sooner than this: a second write would be under way by now.
  await promisify(gzip)(Buffer.alloc(1 << 24));
  open();
  await stopping;
  expect(lock.yield).not.toHaveBeenCalled();
  expect(table.writing).toBe(table.saved.length);
  expect(table.saved.at(-1)?.lastPos).toBe(last);
});

test("what is heard while it asks how far the tape is, is in the keyframe that it begins with", async () => {
  const { hub, table, recorder } = startRecorder();
  const { promise, resolve: open } = Promise.withResolvers<void>();
  table.endsGate = promise;
  await vi.waitFor(() => expect(table.asking).toBe(1), soon);
  const seq = (hub.authority.state?.seq ?? 0) + 1;
  hub.authority.offerEntries("h1", entriesOf(seq, assigned(0, "node-b", 2)), 0, hub.nowMs());
  open();
  const first = await vi.waitFor(() => {
    const found = recorder.memory.first;
    if (found === null) throw new Error("Nothing is recorded yet.");
    return found;
  }, soon);
  expect(JSON.parse(gunzipSync(first.frame).toString("utf8")).cluster.seq).toBe(seq);
});

test("a console that ends while Postgres is away ends all the same, and says what was not saved", async () => {
  const { table, log, recorder } = startRecorder();
  table.problem = new Error("nobody answers");
  await recorder.stop();
  expect(log).toHaveBeenCalledWith("warn", "tape not saved", { error: "nobody answers" });
});
