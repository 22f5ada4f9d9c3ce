/** One call to a register, as its caller saw it. Times are on one monotonic clock. @unit milliseconds */
export interface Operation {
  readonly kind: "read" | "write" | "cas";
  readonly startMs: number;
  readonly endMs: number;
  /** What it would set; no two operations set the same. Null for a read. */
  readonly value: string | null;
  /** What a cas compares with. */
  readonly expect?: string | null;
  readonly outcome:
    | {
        readonly tag: "answered";
        readonly version: number;
        readonly seen: string | null;
        /** Whether it says that it set its value. */
        readonly applied: boolean;
      }
    /** It surely did not run, or nobody knows. */
    | { readonly tag: "not-executed" }
    | { readonly tag: "unknown" };
}

/**
 * Whether a history of one register is linearizable, and nothing acknowledged is lost (S5).
 *
 * The journal is the order: entry `i` is the value of version `i + 1`. Each answer says its version, so
 * nothing has to be searched for: (1) what was acknowledged stands at its version; (2) what began after
 * another one had ended has a version as high, and a higher one if it wrote; (3) what was seen is what the
 * journal has at that version, written by a command that had begun before; (4) what nobody knows is
 * looked up in the journal, which has each value once at most.
 *
 * @returns a sentence per violation.
 */
export function judgeRegister(
  operations: readonly Operation[],
  journal: readonly unknown[],
): readonly string[] {
  const writers = new Map(
    operations.filter((one) => one.value !== null).map((one) => [one.value, one]),
  );
  return [
    ...judgeJournal(writers, journal),
    ...operations.flatMap((one) => judgeAnswer(one, journal, writers)),
    ...judgeOrder(operations, journal),
  ];
}

const valueAt = (journal: readonly unknown[], version: number): unknown =>
  version <= 0 ? null : journal[version - 1];

type Writers = ReadonlyMap<unknown, Operation>;

const nameOf = ({ kind, value, startMs }: Operation): string =>
  `${kind}${value === null ? "" : ` of ${value}`} at ${startMs.toFixed(1)}`;

function judgeJournal(writers: Writers, journal: readonly unknown[]): readonly string[] {
  const faults: string[] = [];
  for (const [index, value] of journal.entries()) {
    const writer = writers.get(value);
    const what = `version ${index + 1} (${String(value)})`;
    if (journal.indexOf(value) !== index) faults.push(`${what} took effect twice.`);
    if (writer === undefined) faults.push(`${what} was written by nobody.`);
    else if (writer.outcome.tag === "not-executed") {
      faults.push(`${what} is of a ${nameOf(writer)} that was told it had not run.`);
    }
  }
  return faults;
}

function judgeAnswer(
  one: Operation,
  journal: readonly unknown[],
  writers: Writers,
): readonly string[] {
  if (one.outcome.tag !== "answered") return [];
  const { version, seen, applied } = one.outcome;
  const faults: string[] = [];
  const stands = valueAt(journal, version);
  if (stands !== seen) {
    faults.push(`${nameOf(one)} answered ${seen} as version ${version}, which is ${stands}.`);
  }
  if (applied && stands !== one.value) faults.push(`${nameOf(one)} was acknowledged and is lost.`);
  if (!applied && one.value !== null && journal.includes(one.value)) {
    faults.push(`${nameOf(one)} was refused and took effect.`);
  }
  const compared = applied ? valueAt(journal, version - 1) : stands;
  if (one.kind === "cas" && (compared === one.expect) !== applied) {
    faults.push(`${nameOf(one)} compared ${one.expect} with ${String(compared)} wrongly.`);
  }
  const writer = writers.get(stands);
  if (!applied && writer !== undefined && writer.startMs > one.endMs) {
    faults.push(`${nameOf(one)} saw what was written after it.`);
  }
  return faults;
}

/** Walks the calls as they begin, and keeps the highest version of those that had ended by then. */
function judgeOrder(
  operations: readonly Operation[],
  journal: readonly unknown[],
): readonly string[] {
  const placed = operations.flatMap((operation) => {
    const { outcome, value, endMs } = operation;
    if (outcome.tag === "answered") {
      return [{ operation, endMs, version: outcome.version, wrote: outcome.applied }];
    }
    const version = value === null ? 0 : journal.indexOf(value) + 1;
    if (version === 0) return [];
    // It may take effect long after its caller has given up.
    return [{ operation, endMs: Number.POSITIVE_INFINITY, version, wrote: true }];
  });
  const ended = placed.toSorted((a, b) => a.endMs - b.endMs);
  const faults: string[] = [];
  let highest = 0;
  let next = 0;
  for (const one of placed.toSorted((a, b) => a.operation.startMs - b.operation.startMs)) {
    for (; next < ended.length; next += 1) {
      const before = ended[next];
      if (before === undefined || before.endMs >= one.operation.startMs) break;
      highest = Math.max(highest, before.version);
    }
    if (one.version < highest || (one.wrote && one.version === highest)) {
      faults.push(
        `${nameOf(one.operation)} has version ${one.version} after ${highest} was answered.`,
      );
    }
  }
  return faults;
}
