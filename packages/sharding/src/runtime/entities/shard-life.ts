import type { WarmEntity } from "../../core/messages.ts";
import { HandlerAbortedError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import { inSlices, shortSliceMs } from "../in-slices.ts";
import { Activation } from "./activation.ts";
import type { Arrivals } from "./arrivals.ts";
import { Capture } from "./capture.ts";
import type { CommandLoop } from "./command-loop.ts";
import { entityKey } from "./entity-key.ts";
import type { EntityType } from "./entity-type.ts";
import type { FromExecutor, ToExecutor } from "./executor-messages.ts";
import type { Passivation } from "./passivation.ts";
import { handlerAborted, refuse } from "./replies.ts";
import { Shard } from "./shard.ts";
import type { ShardTable } from "./shard-table.ts";
import type { TimerLoop } from "./timers/timer-loop.ts";

type Message<Tag extends ToExecutor["tag"]> = Extract<ToExecutor, { tag: Tag }>;

export interface ShardLifeParts {
  readonly clock: Clock;
  readonly types: ReadonlyMap<string, EntityType>;
  readonly shards: ShardTable;
  readonly loop: CommandLoop;
  readonly passivation: Passivation;
  /** Null where no entity can have any. */
  readonly timers: TimerLoop | null;
  readonly arrivals: Arrivals;
  emit(message: FromExecutor): void;
}

/**
 * How shards come, pause and go. Every message may come twice or late: what is already so is not done
 * again, and a lower epoch than the one held is ignored (shard-life.test.ts has the whole table).
 */
export class ShardLife {
  readonly #parts: ShardLifeParts;

  constructor(parts: ShardLifeParts) {
    this.#parts = parts;
  }

  open(message: Message<"open">): void {
    const held = this.#parts.shards.get(message);
    if (held !== undefined) {
      if (message.epoch <= held.epoch) {
        if (message.carried !== null) this.#parts.arrivals.forget(message.carried);
        return;
      }
      // It left and came back, and the order to drop it was overtaken.
      this.#end(held);
    }
    const { group, shard, epoch, incarnation, carried, warm } = message;
    const fence = { epoch, incarnation };
    const opened =
      carried === null
        ? new Shard({ group, shard }, fence)
        : this.#parts.arrivals.open(carried, fence);
    this.#parts.shards.add(opened);
    this.#warm(opened, warm ?? []);
    this.#parts.timers?.opened(opened, true);
  }

  reopen(message: Message<"reopen">): void {
    const { epoch, incarnation } = message;
    const held = this.#parts.shards.get(message);
    if (held === undefined) {
      // Nothing to go on with. Serving from the start, as after a crash, beats bouncing for ever.
      this.open({ ...message, tag: "open", carried: null });
      return;
    }
    if (epoch < held.epoch) return;
    // Frozen, its state has left under this epoch: somebody else may be serving it. It takes a higher one.
    if (epoch === held.epoch && held.phase === "frozen") return;
    this.#endDrain(held);
    held.fence = { epoch, incarnation };
    this.#thaw(held);
    // Somebody else may have served them in between; those that run had not been let go.
    for (const activation of held.activations.all()) {
      if (activation.isDurable && activation.idle) this.#parts.passivation.unload(activation);
    }
  }

  /** Each drain is answered: from then on nothing that it queued can bounce, and receivers count on that. */
  #endDrain({ phase, handoffId, ref, epoch }: Shard): void {
    if (phase !== "draining" || handoffId === null) return;
    const why = "The handoff was given up.";
    this.#parts.emit({ tag: "capture-failed", ...ref, epoch, handoffId, why });
  }

  copy(message: Message<"copy">): void {
    const held = this.#heldFor(message);
    if (held?.phase !== "serving") return;
    const { handoffId } = message;
    const nowMs = this.#parts.clock.monotonicMs();
    if (held.copy?.handoffId !== handoffId) held.copy = new Capture(held, handoffId, nowMs);
    const { copy } = held;
    const pass = copy.copy();
    const step = (): boolean => held.copy === copy && this.#copyOn(held, copy, pass);
    inSlices(this.#parts.clock, step, shortSliceMs);
  }

  /** How long the handoff has copied ahead: its time runs since then. */
  #copiedMs({ copy, handoffId }: Shard): number {
    return copy?.handoffId === handoffId ? this.#parts.clock.monotonicMs() - copy.sinceMs : 0;
  }

  /** @returns whether there is more to copy. */
  #copyOn(shard: Shard, { handoffId }: Capture, pass: ReturnType<Capture["copy"]>): boolean {
    const step = pass.next();
    if (step.done !== true) return true;
    const { ref, epoch } = shard;
    const said = { ...ref, epoch, handoffId };
    if ("why" in step.value) {
      shard.copy = null;
      this.#parts.emit({ tag: "capture-failed", ...said, why: step.value.why });
    } else this.#parts.emit({ tag: "copied", ...said, chunks: step.value.done });
    return false;
  }

  /** The shard that a handoff takes from here; what cannot be is answered, and what is late is not. */
  #heldFor({ group, shard, epoch, handoffId }: Message<"copy" | "drain">): Shard | null {
    const held = this.#parts.shards.get({ group, shard });
    if (held === undefined || epoch > held.epoch) {
      const why =
        held === undefined ? "It is not open here." : `It is open here at epoch ${held.epoch}.`;
      this.#parts.emit({ tag: "capture-failed", group, shard, epoch, handoffId, why });
      return null;
    }
    return epoch < held.epoch ? null : held;
  }

  drain(message: Message<"drain">): void {
    const { handoffId, abortAfterMs } = message;
    const held = this.#heldFor(message);
    if (held === null) return;
    held.handoffId = handoffId;
    if (held.phase === "frozen") {
      this.#answerCaptured(held);
      return;
    }
    const begins = held.phase === "serving";
    held.phase = "draining";
    if (abortAfterMs !== null) this.#abortLater(held, abortAfterMs - this.#copiedMs(held));
    if (!begins) return;
    this.#parts.timers?.closed(held);
    for (const activation of held.activations.all()) {
      this.#parts.loop.bounceUnstarted(activation);
    }
    // A receiver of those replies may have told the shard to go on, or to go.
    if (held.phase === "draining" && held.running === 0) this.capture(held);
  }

  drop(message: Message<"drop">): void {
    const { group, shard, epoch } = message;
    const held = this.#parts.shards.get(message);
    if (held !== undefined) {
      if (epoch < held.epoch) return;
      this.#end(held);
    }
    this.#parts.emit({ tag: "dropped", group, shard, epoch });
  }

  /** Takes the state of a draining shard whose handlers have ended. */
  capture(shard: Shard): void {
    const { handoffId, copy } = shard;
    if (shard.capture !== null || handoffId === null) return;
    const nowMs = this.#parts.clock.monotonicMs();
    const capture = copy?.handoffId === handoffId ? copy : new Capture(shard, handoffId, nowMs);
    shard.copy = null;
    shard.capture = capture;
    const pass = capture.capture();
    const step = (): boolean => shard.capture === capture && this.#captureOn(shard, pass);
    inSlices(this.#parts.clock, step);
  }

  /** @returns whether there is more to capture. */
  #captureOn(shard: Shard, pass: ReturnType<Capture["capture"]>): boolean {
    const step = pass.next();
    if (step.done !== true) return true;
    const { ref, epoch, handoffId } = shard;
    if (handoffId === null) return false;
    if ("why" in step.value) {
      const { why } = step.value;
      // Its state is whole and nobody else has it: it serves on, without waiting to be told.
      this.#thaw(shard);
      this.#parts.emit({ tag: "capture-failed", ...ref, epoch, handoffId, why });
      return false;
    }
    stopAbort(shard);
    shard.phase = "frozen";
    shard.capture = null;
    shard.captured = step.value.done;
    this.#answerCaptured(shard);
    return false;
  }

  #answerCaptured(shard: Shard): void {
    const { ref, epoch, handoffId, captured } = shard;
    if (handoffId === null || captured === null) return;
    this.#parts.emit({ tag: "captured", ...ref, epoch, handoffId, ...captured });
  }

  #thaw(shard: Shard): void {
    stopAbort(shard);
    shard.phase = "serving";
    shard.handoffId = null;
    shard.copy = null;
    shard.capture = null;
    shard.captured = null;
    this.#parts.timers?.opened(shard, false);
  }

  /** The shard is gone before anybody hears of it: a request that comes back at once is bounced. */
  #end(shard: Shard): void {
    stopAbort(shard);
    shard.phase = "gone";
    shard.copy = null;
    shard.capture = null;
    const { shards, loop, passivation } = this.#parts;
    shards.remove(shard);
    this.#parts.timers?.closed(shard);
    const idle: Activation[] = [];
    for (const activation of shard.activations.all()) {
      if (activation.idle) idle.push(activation);
      else loop.drop(activation, "Its home gave the shard up while the command ran.");
    }
    passivation.unloadAll(idle);
  }

  #abortLater(shard: Shard, afterMs: number): void {
    stopAbort(shard);
    const { handoffId } = shard;
    shard.cancelAbort = this.#parts.clock.after(afterMs, () => {
      if (shard.phase !== "draining" || shard.handoffId !== handoffId) return;
      this.#abortHandlers(shard, afterMs);
    });
  }

  /** Their effects are never adopted, so the state as it stands is whole. */
  #abortHandlers(shard: Shard, afterMs: number): void {
    const message = `The shard had to move, and the handler had not ended after ${afterMs} ms.`;
    for (const activation of shard.activations.all()) {
      if (activation.context === null) continue;
      // What it was storing may yet take effect: its state is not the last one then.
      if (activation.isDurable) this.#parts.passivation.outdate(activation);
      this.#parts.loop.interrupt(
        activation,
        refuse(handlerAborted(message)),
        new HandlerAbortedError(message),
      );
    }
    if (shard.phase === "draining" && shard.running === 0) this.capture(shard);
  }

  /** What does not fit is read from the journal when somebody asks for it. */
  #warm(shard: Shard, entities: readonly WarmEntity[]): void {
    const { types, passivation, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    for (const { namespace, type: name, id, state, version, unkept } of entities) {
      const type = types.get(name);
      if (type === undefined) continue;
      const entity = { namespace, type: name, id };
      const activation = new Activation(entityKey(namespace, name, id), entity, type, shard);
      if (!activation.isDurable || passivation.full(activation, nowMs) !== null) continue;
      activation.version = version;
      activation.unkept.events = unkept;
      shard.activations.add(activation);
      passivation.restore(activation, state, nowMs);
    }
  }
}

function stopAbort(shard: Shard): void {
  shard.cancelAbort?.();
  shard.cancelAbort = null;
}
