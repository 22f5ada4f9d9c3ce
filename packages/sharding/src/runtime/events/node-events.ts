import { type Cursor, decodeCursor, type ShardPosition } from "../../core/cursor.ts";
import { type NodeRef, type ShardRef, shardKey } from "../../core/ids.ts";
import type { EventMessage } from "../../core/messages.ts";
import { CursorInvalidError, OptionsError } from "../../errors.ts";
import type { EventFilter, EventHandler, SubscribeOptions, Subscription } from "../../event-api.ts";
import type { AskAnswer, AskRequest } from "../../node-api.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventFeed } from "../../ports/event-feed.ts";
import type { Transport } from "../../ports/transport.ts";
import type { AnyEntityDefinition } from "../entities/definition.ts";
import { type PlaceOf, scopeOf, shardOfDurable } from "./event-filter.ts";
import { EventHints } from "./event-hints.ts";
import { EventSubscription, positionLost } from "./event-subscription.ts";
import { FeedProgress } from "./feed-progress.ts";
import { FeedWatch } from "./feed-watch.ts";
import { VersionCache } from "./version-cache.ts";

export interface NodeEventsParts {
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly cluster: string;
  readonly types: ReadonlyMap<string, AnyEntityDefinition>;
  readonly placeOf: PlaceOf;
  readonly isShard: (shard: ShardRef) => boolean;
}

/** What a node tells of the events of durable entities: to subscribers, and to those who ask for a version. */
export class NodeEvents {
  readonly #parts: NodeEventsParts;
  readonly #watch: FeedWatch;
  readonly #hints: EventHints;
  readonly #versions: VersionCache;
  readonly #subscriptions = new Set<EventSubscription>();
  #isClosed = false;

  constructor(parts: NodeEventsParts) {
    const { feed, clock, transport, isShard } = parts;
    this.#parts = parts;
    this.#watch = new FeedWatch({ feed, clock, began: () => this.#hints.begin() });
    this.#hints = new EventHints({
      ...{ transport, clock, isShard },
      isFollowing: () => this.#watch.isWatching,
      moved: (shards) => this.#watch.moved(shards),
    });
    this.#versions = new VersionCache({ feed, clock, watch: this.#watch });
  }

  async subscribe(
    asked: EventFilter,
    handle: EventHandler,
    { from = "now", signal }: SubscribeOptions,
  ): Promise<Subscription> {
    const { feed, clock, cluster, types, placeOf } = this.#parts;
    if (typeof handle !== "function") throw new OptionsError("The handler must be a function.");
    const { filter, only } = scopeOf(asked, types, placeOf);
    const known = from === "start" || from === "now" ? null : this.#positionsOf(from, only);
    const ends = await feed.ends();
    const progress = new FeedProgress(only, known ?? (from === "now" ? ends : []));
    const lost = progress.findLost(new Map(ends.map((end) => [shardKey(end), end])));
    if (lost !== null) throw positionLost(lost);
    const subscription = new EventSubscription({
      ...{ feed, clock, cluster, types, filter, progress, handle },
      left: () => {
        leave();
        this.#subscriptions.delete(subscription);
        signal?.removeEventListener("abort", close);
      },
    });
    const close = (): void => subscription.close();
    const leave = this.#watch.add(subscription);
    this.#subscriptions.add(subscription);
    signal?.addEventListener("abort", close);
    if (signal?.aborted === true || this.#isClosed) close();
    return subscription;
  }

  async latestVersion(type: string, id: string, namespace: string): Promise<number> {
    const entity = { namespace, type, id };
    const shard = shardOfDurable(entity, this.#parts.types, this.#parts.placeOf);
    return await this.#versions.latest({ ...shard, ...entity });
  }

  /** Whoever was answered with a version is not told of an older one here. */
  heard({ type, id, namespace = "default" }: AskRequest, { servedBy }: AskAnswer): void {
    if (servedBy.version !== undefined) {
      this.#versions.heard({ namespace, type, id }, servedBy.version);
    }
  }

  /** This node has committed events of the shard. */
  stored(shard: ShardRef): void {
    this.#hints.stored(shard);
  }

  receive(from: NodeRef, message: EventMessage): void {
    this.#hints.receive(from, message);
  }

  /** A handler that is under way goes on: it may be the one that stops the node. */
  close(): void {
    this.#isClosed = true;
    this.#hints.close();
    this.#versions.close();
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #positionsOf(cursor: Cursor, only: ShardRef | null): readonly ShardPosition[] {
    const content = decodeCursor(cursor);
    if (content === null) {
      throw new CursorInvalidError(
        'from is neither "start", "now", nor a cursor of a subscription.',
      );
    }
    const { cluster } = this.#parts;
    if (content.cluster !== cluster) {
      throw new CursorInvalidError(
        `The cursor is of cluster "${content.cluster}", not of "${cluster}".`,
      );
    }
    const scope = (shard: ShardRef | null): string => (shard === null ? "all" : shardKey(shard));
    if (scope(content.only) !== scope(only)) {
      throw new CursorInvalidError(
        `The cursor is of shards: ${scope(content.only)}; the subscription follows: ${scope(only)}. A cursor of one entity says nothing about others, nor the other way round.`,
      );
    }
    return content.positions;
  }
}
