import { describe, expect, it } from "vitest";
import type { NodeRef } from "./ids.ts";
import {
  type Home,
  type RequestPlace,
  Route,
  type RouteRequest,
  type RouteState,
} from "./route.ts";
import { Budget, type LineLimits } from "./waiting-line.ts";

class Request implements RouteRequest {
  readonly order: number;
  place: RequestPlace = "new";
  readonly #bytes: number;
  constructor(order: number, bytes = 1) {
    this.order = order;
    this.#bytes = bytes;
  }
  size(): number {
    return this.#bytes;
  }
}

const nodeA: NodeRef = { nodeId: "a", incarnation: "a-1" };
const nodeB: NodeRef = { nodeId: "b", incarnation: "b-1" };
const nodeC: NodeRef = { nodeId: "c", incarnation: "c-1" };
const at = (node: NodeRef, epoch: number): Home => ({ node, epoch });
const a5 = at(nodeA, 5);

const plenty: LineLimits = { messages: 100, bytes: 1000 };
const newRoute = (limits = plenty, budget = new Budget(1000)) => new Route<Request>(limits, budget);

/** Sends everything that may go, as a runtime would. @returns the orders, as sent. */
function flush(route: Route<Request>): number[] {
  const sent: number[] = [];
  for (let next = route.takeNext(); next !== null; next = route.takeNext()) sent.push(next.order);
  return sent;
}

interface Scene {
  readonly route: Route<Request>;
  readonly inFlight: Request;
  readonly waiting: Request;
}

/**
 * A route in `state` with `count` requests in flight to node a (the first is `inFlight`) and, unless it is
 * settled, one that waits. Null where that cannot be.
 */
function scene(state: RouteState, count: 0 | 1 | 2): Scene | null {
  const route = newRoute();
  const [first, second, waiting, extra] = [1, 2, 3, 4].map((n) => new Request(n)) as [
    Request,
    Request,
    Request,
    Request,
  ];
  const isProbing = state === "probing";
  route.moved(a5);
  for (const request of [first, second].slice(0, isProbing ? Math.max(0, count - 1) : count)) {
    route.offer(request);
  }
  if (state !== "settled") shut(route, state, waiting);
  if (isProbing) {
    route.elapsed();
    const probe = route.takeNext() as Request;
    if (count === 0) route.dropped(probe);
    route.offer(extra);
    return { route, inFlight: count === 1 ? probe : first, waiting: extra };
  }
  return route.state === state ? { route, inFlight: first, waiting } : null;
}

function shut(route: Route<Request>, state: RouteState, waiting: Request): void {
  if (state === "homeless") route.moved(null);
  if (state === "switching") route.moved(at(nodeB, 6));
  route.offer(waiting);
  if (state === "backing-off" || state === "probing") route.bounced(waiting, 1);
  if (state === "unreachable") route.undelivered(waiting);
}

const inputs = {
  offer: [2, ({ route }) => route.offer(new Request(9))],
  "answered, more in flight": [2, ({ route, inFlight }) => route.answered(inFlight)],
  "answered, the last in flight": [1, ({ route, inFlight }) => route.answered(inFlight)],
  "dropped, more in flight": [2, ({ route, inFlight }) => route.dropped(inFlight)],
  "dropped, the last in flight": [1, ({ route, inFlight }) => route.dropped(inFlight)],
  "bounced, more in flight": [2, ({ route, inFlight }) => route.bounced(inFlight, 7)],
  "bounced, the last in flight": [1, ({ route, inFlight }) => route.bounced(inFlight, 7)],
  "undelivered, more in flight": [2, ({ route, inFlight }) => route.undelivered(inFlight)],
  "undelivered, the last in flight": [1, ({ route, inFlight }) => route.undelivered(inFlight)],
  "moved to no home": [2, ({ route }) => route.moved(null)],
  "moved to what it was": [2, ({ route }) => route.moved(targetOf(route))],
  "moved to the same node, higher epoch": [2, ({ route }) => route.moved(at(nodeA, 9))],
  "moved to another node, some in flight": [2, ({ route }) => route.moved(at(nodeC, 9))],
  "moved to another node, none in flight": [0, ({ route }) => route.moved(at(nodeC, 9))],
  "home lost": [2, ({ route }) => told(route.lost(nodeA))],
  "another peer lost": [2, ({ route }) => told(route.lost(nodeC))],
  "home reached": [2, ({ route }) => route.reached(nodeA)],
  "another peer reached": [2, ({ route }) => route.reached(nodeC)],
  elapsed: [2, ({ route }) => route.elapsed()],
  "a waiting one abandoned": [
    2,
    ({ route, waiting }) => (waiting.place === "new" ? "impossible" : route.abandon(waiting)),
  ],
  "one in flight abandoned": [2, ({ route, inFlight }) => route.abandon(inFlight)],
} satisfies Record<string, readonly [0 | 1 | 2, (scene: Scene) => string]>;

type Input = keyof typeof inputs;

const targetOf = (route: Route<Request>): Home | null => {
  if (route.state === "homeless") return null;
  return route.state === "switching" ? at(nodeB, 6) : a5;
};
const told = ({ removed, next }: { removed: readonly Request[]; next: string }): string =>
  `${next}, ${removed.length} removed`;

/** Every state with every input: what the caller is told, and the state after. */
const table: Record<RouteState, Record<Input, string>> = {
  homeless: {
    offer: "held -> homeless",
    "answered, more in flight": "idle -> homeless",
    "answered, the last in flight": "idle -> homeless",
    "dropped, more in flight": "idle -> homeless",
    "dropped, the last in flight": "idle -> homeless",
    "bounced, more in flight": "idle -> homeless",
    "bounced, the last in flight": "idle -> homeless",
    "undelivered, more in flight": "idle -> homeless",
    "undelivered, the last in flight": "idle -> homeless",
    "moved to no home": "idle -> homeless",
    "moved to what it was": "idle -> homeless",
    "moved to the same node, higher epoch": "flush -> settled",
    "moved to another node, some in flight": "idle -> switching",
    "moved to another node, none in flight": "flush -> settled",
    "home lost": "idle, 2 removed -> homeless",
    "another peer lost": "idle, 0 removed -> homeless",
    "home reached": "idle -> homeless",
    "another peer reached": "idle -> homeless",
    elapsed: "idle -> homeless",
    "a waiting one abandoned": "unsent -> homeless",
    "one in flight abandoned": "sent -> homeless",
  },
  settled: {
    offer: "send -> settled",
    "answered, more in flight": "idle -> settled",
    "answered, the last in flight": "idle -> settled",
    "dropped, more in flight": "idle -> settled",
    "dropped, the last in flight": "idle -> settled",
    "bounced, more in flight": "back-off -> backing-off",
    "bounced, the last in flight": "back-off -> backing-off",
    "undelivered, more in flight": "idle -> unreachable",
    "undelivered, the last in flight": "idle -> unreachable",
    "moved to no home": "idle -> homeless",
    "moved to what it was": "idle -> settled",
    "moved to the same node, higher epoch": "idle -> settled",
    "moved to another node, some in flight": "idle -> switching",
    "moved to another node, none in flight": "idle -> settled",
    "home lost": "idle, 2 removed -> unreachable",
    "another peer lost": "idle, 0 removed -> settled",
    "home reached": "idle -> settled",
    "another peer reached": "idle -> settled",
    elapsed: "idle -> settled",
    "a waiting one abandoned": "impossible -> settled",
    "one in flight abandoned": "sent -> settled",
  },
  switching: {
    offer: "held -> switching",
    "answered, more in flight": "idle -> switching",
    "answered, the last in flight": "flush -> settled",
    "dropped, more in flight": "idle -> switching",
    "dropped, the last in flight": "flush -> settled",
    "bounced, more in flight": "idle -> switching",
    "bounced, the last in flight": "flush -> settled",
    "undelivered, more in flight": "idle -> switching",
    "undelivered, the last in flight": "flush -> settled",
    "moved to no home": "idle -> homeless",
    "moved to what it was": "idle -> switching",
    "moved to the same node, higher epoch": "flush -> settled",
    "moved to another node, some in flight": "idle -> switching",
    "moved to another node, none in flight": "impossible",
    "home lost": "flush, 2 removed -> settled",
    "another peer lost": "idle, 0 removed -> switching",
    "home reached": "idle -> switching",
    "another peer reached": "idle -> switching",
    elapsed: "idle -> switching",
    "a waiting one abandoned": "unsent -> switching",
    "one in flight abandoned": "sent -> switching",
  },
  "backing-off": {
    offer: "held -> backing-off",
    "answered, more in flight": "idle -> backing-off",
    "answered, the last in flight": "idle -> backing-off",
    "dropped, more in flight": "idle -> backing-off",
    "dropped, the last in flight": "idle -> backing-off",
    "bounced, more in flight": "idle -> backing-off",
    "bounced, the last in flight": "idle -> backing-off",
    "undelivered, more in flight": "idle -> unreachable",
    "undelivered, the last in flight": "idle -> unreachable",
    "moved to no home": "idle -> homeless",
    "moved to what it was": "flush -> settled",
    "moved to the same node, higher epoch": "flush -> settled",
    "moved to another node, some in flight": "idle -> switching",
    "moved to another node, none in flight": "flush -> settled",
    "home lost": "idle, 2 removed -> unreachable",
    "another peer lost": "idle, 0 removed -> backing-off",
    "home reached": "idle -> backing-off",
    "another peer reached": "idle -> backing-off",
    elapsed: "probe -> probing",
    "a waiting one abandoned": "unsent -> backing-off",
    "one in flight abandoned": "sent -> backing-off",
  },
  probing: {
    offer: "held -> probing",
    "answered, more in flight": "flush -> settled",
    "answered, the last in flight": "flush -> settled",
    "dropped, more in flight": "idle -> probing",
    "dropped, the last in flight": "idle -> probing",
    "bounced, more in flight": "back-off -> backing-off",
    "bounced, the last in flight": "back-off -> backing-off",
    "undelivered, more in flight": "idle -> unreachable",
    "undelivered, the last in flight": "idle -> unreachable",
    "moved to no home": "idle -> homeless",
    "moved to what it was": "flush -> settled",
    "moved to the same node, higher epoch": "flush -> settled",
    "moved to another node, some in flight": "idle -> switching",
    "moved to another node, none in flight": "flush -> settled",
    "home lost": "idle, 2 removed -> unreachable",
    "another peer lost": "idle, 0 removed -> probing",
    "home reached": "idle -> probing",
    "another peer reached": "idle -> probing",
    elapsed: "flush -> settled",
    "a waiting one abandoned": "unsent -> probing",
    "one in flight abandoned": "sent -> probing",
  },
  unreachable: {
    offer: "held -> unreachable",
    "answered, more in flight": "idle -> unreachable",
    "answered, the last in flight": "idle -> unreachable",
    "dropped, more in flight": "idle -> unreachable",
    "dropped, the last in flight": "idle -> unreachable",
    "bounced, more in flight": "idle -> unreachable",
    "bounced, the last in flight": "idle -> unreachable",
    "undelivered, more in flight": "idle -> unreachable",
    "undelivered, the last in flight": "idle -> unreachable",
    "moved to no home": "idle -> homeless",
    "moved to what it was": "idle -> unreachable",
    "moved to the same node, higher epoch": "flush -> settled",
    "moved to another node, some in flight": "idle -> switching",
    "moved to another node, none in flight": "flush -> settled",
    "home lost": "idle, 2 removed -> unreachable",
    "another peer lost": "idle, 0 removed -> unreachable",
    "home reached": "flush -> settled",
    "another peer reached": "idle -> unreachable",
    elapsed: "idle -> unreachable",
    "a waiting one abandoned": "unsent -> unreachable",
    "one in flight abandoned": "sent -> unreachable",
  },
};

describe.each(Object.keys(table) as RouteState[])("a route that is %s", (state) => {
  it.each(Object.keys(inputs) as Input[])("%s", (input) => {
    const [count, feed] = inputs[input];
    const set = scene(state, count);
    const outcome = set === null ? "impossible" : `${feed(set)} -> ${set.route.state}`;
    expect(outcome).toBe(table[state][input]);
  });
});

describe("order", () => {
  it("what came back goes first, in its old order, then what was held", () => {
    const route = newRoute();
    route.moved(a5);
    const sent = [1, 2, 3].map((n) => new Request(n));
    for (const request of sent) route.offer(request);
    route.moved(at(nodeB, 6));
    route.offer(new Request(4));
    for (const request of sent.toReversed()) route.bounced(request, 1);
    expect(route.home).toEqual(at(nodeB, 6));
    expect(flush(route)).toEqual([1, 2, 3, 4]);
  });

  it("a send that fails in the middle keeps the rest from overtaking it", () => {
    const route = newRoute();
    for (const n of [1, 2, 3]) route.offer(new Request(n));
    route.moved(a5);
    const first = route.takeNext() as Request;
    expect(first.order).toBe(1);
    route.undelivered(first);
    expect(route.takeNext()).toBeNull();
    route.reached(nodeA);
    expect(flush(route)).toEqual([1, 2, 3]);
  });

  it("a new request does not pass those that wait to be flushed", () => {
    const route = newRoute();
    route.offer(new Request(1));
    expect(route.moved(a5)).toBe("flush");
    expect(route.offer(new Request(2))).toBe("held");
    expect(flush(route)).toEqual([1, 2]);
  });

  it("an abandoned request keeps its slot until it is answered", () => {
    const route = newRoute();
    route.moved(a5);
    const request = new Request(1);
    route.offer(request);
    expect(route.abandon(request)).toBe("sent");
    route.offer(new Request(2));
    route.moved(at(nodeB, 6));
    expect(route.inFlight).toBe(2);
    route.bounced(request, 1);
    // Nobody waits for it: it is not sent again.
    expect([route.inFlight, route.waiting]).toEqual([1, 0]);
  });
});

describe("backing off", () => {
  it("waits 5 ms, doubling to 100 ms, and starts over after an answer", () => {
    const route = newRoute();
    route.moved(a5);
    const request = new Request(1);
    route.offer(request);
    const waits: number[] = [];
    for (let n = 1; n <= 7; n += 1) {
      route.bounced(request, n);
      waits.push(route.backoffMs);
      route.elapsed();
      flush(route);
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 100, 100]);
    route.answered(request);
    const next = new Request(2);
    route.offer(next);
    route.bounced(next, 8);
    expect(route.backoffMs).toBe(5);
  });

  it("probes with one request and sends the rest when that is not bounced in time", () => {
    const route = newRoute();
    route.moved(a5);
    const sent = [1, 2, 3].map((n) => new Request(n));
    for (const request of sent) route.offer(request);
    sent.forEach((request, index) => {
      route.bounced(request, index + 1);
    });
    expect(route.elapsed()).toBe("probe");
    expect(flush(route)).toEqual([1]);
    expect(route.elapsed()).toBe("flush");
    expect(flush(route)).toEqual([2, 3]);
  });

  it("ends without a probe when nobody waits any more", () => {
    const route = newRoute();
    route.moved(a5);
    const request = new Request(1);
    route.offer(request);
    route.bounced(request, 1);
    route.abandon(request);
    expect([route.elapsed(), route.state]).toEqual(["idle", "settled"]);
  });
});

describe("tickets", () => {
  it("of a home are remembered while the shard is elsewhere, and forgotten with the connection", () => {
    const route = newRoute();
    route.moved(a5);
    const request = new Request(1);
    route.offer(request);
    route.bounced(request, 41);
    expect(route.seen).toBe(41);
    route.moved(at(nodeB, 6));
    expect(route.seen).toBe(0);
    route.moved(at(nodeA, 7));
    expect(route.seen).toBe(41);
    route.moved(at(nodeB, 8));
    route.lost(nodeA);
    route.moved(at(nodeA, 9));
    expect(route.seen).toBe(0);
  });

  it("that arrive late do not go back", () => {
    const route = newRoute();
    route.moved(a5);
    const [one, two] = [new Request(1), new Request(2)];
    route.offer(one);
    route.offer(two);
    route.bounced(two, 9);
    route.bounced(one, 8);
    expect(route.seen).toBe(9);
  });
});

describe("bounds", () => {
  it("refuse a request by messages, by its shard's bytes, and by the bytes of all shards", () => {
    const byMessages = newRoute({ messages: 1, bytes: 100 });
    expect(byMessages.offer(new Request(1))).toBe("held");
    expect(byMessages.offer(new Request(2))).toBe("overloaded");

    const byBytes = newRoute({ messages: 9, bytes: 10 });
    expect(byBytes.offer(new Request(1, 11))).toBe("overloaded");
    expect(byBytes.offer(new Request(2, 10))).toBe("held");

    const budget = new Budget(10);
    expect(newRoute(plenty, budget).offer(new Request(1, 6))).toBe("held");
    expect(newRoute(plenty, budget).offer(new Request(1, 6))).toBe("overloaded");
  });

  it("are free again after requests went out, were given up, or came back and went out", () => {
    const budget = new Budget(10);
    const route = newRoute({ messages: 2, bytes: 10 }, budget);
    const [one, two] = [new Request(1, 4), new Request(2, 6)];
    route.offer(one);
    route.offer(two);
    route.abandon(two);
    route.moved(a5);
    flush(route);
    route.bounced(one, 1);
    expect(budget.take(7)).toBe(false);
    route.elapsed();
    flush(route);
    expect(budget.take(10)).toBe(true);
  });

  it("never refuse what comes back: it was accepted before", () => {
    const route = newRoute({ messages: 1, bytes: 1 });
    route.moved(a5);
    const sent = [1, 2, 3].map((n) => new Request(n));
    for (const request of sent) route.offer(request);
    sent.forEach((request, index) => {
      route.bounced(request, index + 1);
    });
    expect(route.waiting).toBe(3);
    expect(route.offer(new Request(4))).toBe("overloaded");
  });
});
