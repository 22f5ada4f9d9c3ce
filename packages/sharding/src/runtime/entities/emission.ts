/** What a durable command decided: its answer, and the events that made it true. */
export class Emission<Event, Answer> {
  readonly answer: Answer;
  readonly events: readonly Event[];
  /** Instead of events: the entity is removed. */
  readonly isRemoval: boolean;

  constructor(answer: Answer, events: readonly Event[], isRemoval = false) {
    this.answer = answer;
    this.events = events;
    this.isRemoval = isRemoval;
  }
}

/**
 * The result of a handler that changes a durable entity: `emit(answer, { deposited: { amount } })`.
 *
 * Each event is an object with one key, the event's name, as the definition's `events` list it. They are
 * stored together or not at all; the answer leaves once they are. Events and answer must be JSON; one command
 * may emit 1,000 events of 1 Mi characters in all.
 */
export const emit = <Answer, Event extends object = never>(
  answer: Answer,
  ...events: readonly Event[]
): Emission<Event, Answer> => new Emission(answer, events);

/**
 * The result of a handler that ends a durable entity: its events and its snapshot are deleted from Postgres before
 * the answer leaves, and whoever asks it next finds the initial state. Its versions go on counting. Answers under
 * idempotency keys stay until they expire.
 */
export const remove = <Answer>(answer: Answer): Emission<never, Answer> =>
  new Emission(answer, [], true);

/** How an event changes the state: gives the next state, and leaves the one that it was given alone. */
export type Fold<S, Data> = (state: S, data: Data) => S;

/** A fold for each event, by the types of their data. */
export type Folds<S, D> = { readonly [Name in keyof D]: Fold<S, D[Name]> };

/** The events of these names: one key, the name, with its data. */
export type EventOf<D> = {
  [Name in keyof D]: { readonly [N in Name]: D[Name] };
}[keyof D];

/** What the client gets of a handler's result. */
export type AnswerOf<Result> =
  Result extends Emission<infer _Event, infer Answer> ? Answer : Result;

export type EventsIn<Result> = Result extends Emission<infer Event, infer _Answer> ? Event : never;
