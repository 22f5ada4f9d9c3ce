import { CancelledError } from "../../errors.ts";
import type { Activation } from "./activation.ts";
import type { AnyCommand } from "./command.ts";
import { Context } from "./context.ts";
import { type Decision, decide, decideThrown } from "./decision.ts";
import type { DurableStore, Prepared, Stored } from "./durable-store.ts";
import type { EntityReply, EntityRequest } from "./executor-messages.ts";
import type { Home } from "./home.ts";
import { checkInput, Refused } from "./input.ts";
import { messageOf } from "./message-of.ts";
import type { Passivation } from "./passivation.ts";
import { copyPlain } from "./plain-data.ts";
import {
  bounced,
  cancelled,
  commandFailed,
  commandInvalid,
  conflicted,
  deadlineExceeded,
  handlerThrew,
  outcomeUnknown,
  refuse,
} from "./replies.ts";
import type { Shard } from "./shard.ts";
import { findUnstorableText } from "./stored-json.ts";
import { WaitingRoom } from "./waiting-room.ts";

/**
 * Runs the commands of each entity one by one: check the input, ask the guard, load, run the handler,
 * ask the guard again, adopt, reply. A durable entity is loaded from the journal, and what its handler
 * decided is stored, with the guard asked before and after, before it is adopted (long for the sake of
 * having the order of all that in one place).
 *
 * A command whose validator and handler are synchronous runs within `accept`, without a promise or
 * a timer. A reply may make its receiver call `accept` again, before `accept` has returned: such a
 * request waits for the loop that is already on the stack, so that order holds.
 */
export class CommandLoop {
  readonly #home: Home;
  readonly #passivation: Passivation;
  readonly #waiting: WaitingRoom;
  /** Null on a node without a journal, which has no durable entities. */
  readonly #durable: DurableStore | null;

  constructor(home: Home, passivation: Passivation, durable: DurableStore | null) {
    this.#home = home;
    this.#passivation = passivation;
    this.#durable = durable;
    this.#waiting = new WaitingRoom(home);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  close(): void {
    this.#waiting.close();
  }

  accept(activation: Activation, request: EntityRequest): void {
    if (activation.current === null && !activation.inLoop) this.#serve(activation, request);
    else this.#waiting.add(activation, request);
  }

  cancel(requestId: number): void {
    const activation = this.#home.inFlight.get(requestId);
    if (activation === undefined) return;
    if (activation.current?.requestId !== requestId) {
      this.#waiting.cancel(activation, requestId);
    } else if (activation.context !== null) {
      Context.abort(activation.context, new CancelledError("The caller gave up."));
    } else {
      // Whoever hears of it may send the next request at once: it must not pass those that wait.
      activation.inLoop = true;
      this.interrupt(activation, refuse(cancelled("The caller gave up before the command began.")));
      this.#serve(activation, undefined);
    }
  }

  /** Bounces what has not started: a check of input under way, then what waits. */
  bounceUnstarted(activation: Activation): void {
    if (activation.current !== null && activation.context === null) {
      this.interrupt(activation, bounced);
    }
    this.#waiting.bounce(activation);
    if (activation.current === null && !activation.inLoop) this.#forgetIfUnused(activation);
  }

  /** Answers the current command in its handler's stead; what the handler still does concerns nobody. */
  interrupt(activation: Activation, reply: EntityReply, why?: Error): void {
    const request = activation.current;
    if (request === null) return;
    const { context } = activation;
    this.#leave(activation);
    this.#home.inFlight.delete(request.requestId);
    if (context !== null) Context.abort(context, why ?? new CancelledError("The shard has gone."));
    this.#home.reply(request.requestId, reply);
  }

  /** Forgets the activation: the handler's outcome is unknown, what waits is bounced. */
  drop(activation: Activation, why: string): void {
    this.#passivation.unload(activation);
    const started = activation.context !== null;
    this.interrupt(activation, started ? refuse(outcomeUnknown(why)) : bounced);
    this.#waiting.bounce(activation);
  }

  /** Serves `request` and then what waits, until a command has to be awaited. */
  #serve(activation: Activation, request: EntityRequest | undefined): void {
    activation.inLoop = true;
    let next = request ?? this.#waiting.next(activation);
    while (next !== undefined) {
      this.#begin(activation, next);
      if (activation.current !== null || activation.ended) break;
      next = this.#waiting.next(activation);
    }
    activation.inLoop = false;
    this.#forgetIfUnused(activation);
  }

  /** An entity that nobody's valid command has loaded leaves nothing behind. */
  #forgetIfUnused(activation: Activation): void {
    if (activation.loaded || activation.ended || !activation.idle) return;
    activation.ended = true;
    activation.shard.activations.delete(activation);
  }

  #begin(activation: Activation, request: EntityRequest): void {
    const command = activation.type.commands.get(request.command) as AnyCommand;
    const input = this.#check(activation, command, request);
    if (!(input instanceof Promise)) {
      this.#invoke(activation, request, command, input);
      return;
    }
    activation.current = request;
    this.#await(activation, request, input, (checked) => {
      activation.current = null;
      this.#invoke(activation, request, command, checked);
    });
  }

  #check(activation: Activation, command: AnyCommand, { input }: EntityRequest): unknown {
    const checked = checkInput(command, input);
    if (checked instanceof Refused || !activation.isDurable) return checked;
    // The input has been copied by now: it is plain data without circles.
    const fault = findUnstorableText(input);
    return fault === null ? checked : new Refused(commandInvalid(fault, []));
  }

  #invoke(
    activation: Activation,
    request: EntityRequest,
    command: AnyCommand,
    input: unknown,
  ): void {
    const home = this.#home;
    const { shard } = activation;
    if (input instanceof Refused) return home.reply(request.requestId, refuse(input.error));
    const nowMs = home.clock.monotonicMs();
    if (request.deadlineMs <= nowMs) return home.reply(request.requestId, tooLate);
    if (!home.guard.mayServe(shard.ref, shard.epoch)) {
      home.reply(request.requestId, bounced);
      this.drop(activation, notServed);
      return;
    }
    if (activation.isDurable && this.#mustPrepare(activation, request)) {
      return this.#prepare(activation, request, command, input, nowMs);
    }
    const refusal = this.#passivation.use(activation, nowMs);
    if (refusal !== null) return home.reply(request.requestId, refuse(refusal));
    this.#start(activation, request, command, input, nowMs);
  }

  #mustPrepare({ loaded }: Activation, { key }: EntityRequest): boolean {
    return !loaded || key !== null || this.#durable?.isReady !== true;
  }

  #start(
    activation: Activation,
    request: EntityRequest,
    command: AnyCommand,
    input: unknown,
    nowMs: number,
  ): void {
    const context = new Context(this.#home, activation, request);
    activation.current = request;
    activation.context = context;
    activation.shard.running += 1;
    this.#run(activation, context, request, command, input, nowMs);
  }

  /** Asks the journal for what a durable command needs before it runs. */
  #prepare(
    activation: Activation,
    request: EntityRequest,
    command: AnyCommand,
    input: unknown,
    nowMs: number,
  ): void {
    const home = this.#home;
    const full = activation.loaded ? null : this.#passivation.full(activation, nowMs);
    if (full !== null) return home.reply(request.requestId, refuse(full));
    activation.current = request;
    const prepared = (this.#durable as DurableStore).prepare(activation, request);
    this.#await(activation, request, prepared, (found) => {
      activation.current = null;
      this.#prepared(activation, request, found, (startMs) => {
        this.#start(activation, request, command, input, startMs);
      });
    });
  }

  #prepared(
    activation: Activation,
    request: EntityRequest,
    found: Prepared,
    start: (nowMs: number) => void,
  ): void {
    const home = this.#home;
    const { shard } = activation;
    const mayServe = home.guard.mayServe(shard.ref, shard.epoch);
    if (found.tag === "fenced" || !mayServe) {
      home.reply(request.requestId, bounced);
      this.drop(activation, notServed);
      if (found.tag === "fenced") this.#fenced(shard);
      return;
    }
    const nowMs = home.clock.monotonicMs();
    if (found.tag === "ready" && found.loaded !== null && !activation.loaded) {
      // Others may have been loaded meanwhile.
      const full = this.#passivation.full(activation, nowMs);
      if (full !== null) return home.reply(request.requestId, refuse(full));
      const { state, version, folded } = found.loaded;
      activation.version = version;
      this.#passivation.restore(activation, state, nowMs);
      this.#durable?.folded(activation, folded, 0);
    }
    if (found.tag === "answered") return home.reply(request.requestId, found.reply);
    if (request.deadlineMs <= nowMs) return home.reply(request.requestId, tooLate);
    if (activation.loaded) this.#passivation.use(activation, nowMs);
    start(nowMs);
  }

  #run(
    activation: Activation,
    context: Context,
    request: EntityRequest,
    command: AnyCommand,
    input: unknown,
    startMs: number,
  ): void {
    const done = (value: unknown) => {
      if (!activation.isDurable) this.#settle(activation, context, release(context, value));
      else {
        const timed = { changes: Context.timerChanges(context), nowMs: this.#home.serverMs() };
        this.#store(activation, context, command, decide(activation, request, value, timed));
      }
    };
    const failed = (thrown: unknown) => {
      if (!activation.isDurable) this.#settle(activation, context, refuse(handlerThrew(thrown)));
      else {
        const decision = decideThrown(activation, request, thrown, this.#home.serverMs());
        this.#store(activation, context, command, decision);
      }
    };
    let answer: unknown;
    let isLater: boolean;
    try {
      answer = this.#call(command, context, input, startMs);
      isLater = isThenable(answer);
    } catch (thrown) {
      return failed(thrown);
    }
    if (!isLater) return done(answer);
    const outcome = Promise.resolve(answer).then(
      (value) => () => done(value),
      (thrown: unknown) => () => failed(thrown),
    );
    this.#await(activation, request, outcome, (then) => then());
  }

  /** @param startMs from when on the handler keeps the thread: its clock was looked at anyway. */
  #call(command: AnyCommand, context: Context, input: unknown, startMs: number): unknown {
    const { isTimed, clock } = this.#home;
    if (!isTimed) return command(context as never, input as never);
    try {
      return command(context as never, input as never);
    } finally {
      Context.held(context, clock.monotonicMs() - startMs);
    }
  }

  /** Stores what a durable command decided, or checks the fence of a read that asks for it; then settles. */
  #store(activation: Activation, context: Context, command: AnyCommand, decision: Decision): void {
    const request = activation.current;
    if (activation.context !== context || request === null) return;
    const { events, outcome, timers, reply } = decision;
    const writes = events.length > 0 || outcome !== null || timers !== null;
    const isFencedRead = !writes && command.read === "fenced";
    if (!writes && !isFencedRead) return this.#settle(activation, context, reply);
    const { shard } = activation;
    const durable = this.#durable as DurableStore;
    if (!this.#home.guard.mayServe(shard.ref, shard.epoch)) return this.#notServed(activation);
    const stored = writes
      ? durable.store(activation, request, decision)
      : durable.checkFence(activation, request);
    this.#await(activation, request, stored, (result) => {
      this.#stored(activation, context, decision, result);
    });
  }

  #stored(activation: Activation, context: Context, decision: Decision, stored: Stored): void {
    switch (stored.tag) {
      case "committed":
        return this.#settle(activation, context, decision.reply, decision);
      case "failed":
        return this.#settle(activation, context, stored.reply);
      case "unknown":
        return this.#notServed(activation);
      case "fenced":
        // Nothing of it took effect: whoever owns the shard now runs it from the start.
        this.interrupt(activation, bounced);
        this.drop(activation, notServed);
        this.#fenced(activation.shard);
        return this.#tellQuiet(activation.shard);
      case "conflict":
        this.interrupt(activation, refuse(conflicted(activation.key)));
        this.#passivation.outdate(activation);
        return this.#tellQuiet(activation.shard);
      default:
        return stored satisfies never;
    }
  }

  /** Another owner has the head: no durable entity of the shard is served from memory any more. */
  #fenced(shard: Shard): void {
    shard.head = null;
    for (const activation of shard.activations.all()) {
      if (activation.isDurable && activation.idle) this.#passivation.unload(activation);
    }
  }

  #notServed(activation: Activation): void {
    this.drop(activation, notServed);
    this.#tellQuiet(activation.shard);
  }

  /** Goes on when the promise, which never rejects, has its value: unless the command was interrupted. */
  #await<T>(
    activation: Activation,
    request: EntityRequest,
    promise: Promise<T>,
    then: (value: T) => void,
  ): void {
    const { attempt } = activation;
    this.#home.inFlight.set(request.requestId, activation);
    void promise.then((value) => {
      if (activation.attempt !== attempt) return;
      this.#home.inFlight.delete(request.requestId);
      activation.inLoop = true;
      then(value);
      if (activation.current === null && !activation.ended) this.#serve(activation, undefined);
      else activation.inLoop = false;
    });
  }

  #settle(
    activation: Activation,
    context: Context,
    reply: EntityReply,
    stored: Decision | null = null,
  ): void {
    // The handler itself, or what it called, may have made the shard go.
    if (activation.context !== context) return;
    const { shard, current } = activation;
    if (current === null) return;
    if (!this.#home.guard.mayServe(shard.ref, shard.epoch)) return this.#notServed(activation);
    if (stored !== null) {
      activation.state = stored.state;
      activation.version = stored.version;
      this.#durable?.folded(activation, stored.events.length, stored.size);
    } else if (reply.ok && !activation.isDurable && Context.touched(context)) {
      activation.state = context.state;
    }
    this.#leave(activation);
    this.#home.reply(current.requestId, reply, Context.heldMs(context));
    this.#tellQuiet(shard);
  }

  #tellQuiet(shard: Shard): void {
    if (shard.running === 0 && shard.phase === "draining") this.#home.quiet(shard);
  }

  #leave(activation: Activation): void {
    const { context } = activation;
    if (context !== null) {
      activation.shard.running -= 1;
      if (Context.touched(context)) activation.changes += 1;
    }
    activation.attempt += 1;
    activation.current = null;
    activation.context = null;
  }
}

const tooLate = refuse(deadlineExceeded("The deadline passed before the command began."));
const notServed = "Its home stopped serving the shard while the command ran.";

/** The answer as it leaves, if everything that the handler leaves behind can be kept and sent. */
function release(context: Context, answer: unknown): EntityReply {
  try {
    const value = answer === undefined ? null : copyPlain(answer, "answer");
    Context.check(context);
    return { ok: true, value };
  } catch (error) {
    return refuse(commandFailed(messageOf(error)));
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { then?: unknown }).then === "function";
