/*
 * One shard, its leases, its handoffs and its journal's head, for exhaustive checking with Spin.
 *
 * A life is one incarnation: it never comes back. Time is a tick that may come at any moment; a frozen process
 * is one that takes no step while ticks go by. Orders, reports, heartbeats and appends stay under way for as
 * long as they like, and orders and reports are never used up: they arrive late, twice, in any order, or never.
 *
 * A coordinator acts on the row as it knows it. Each begins by reading it, and a write of a deposed one is
 * refused, so one process stands for all that follow each other. Without that guard two write side by side.
 *
 * A handoff has no id of its own here: each ends with a new epoch, so the epoch that it began at names it.
 * There is no lock either: it may vanish at any moment (a restart of Postgres), so a free one says nothing.
 *
 * Properties, asserted where they could break:
 *   S1  no two lives serve at the same instant
 *   S2  no epoch goes down or is granted twice
 *   S4  nothing is appended below a claimed head
 *   S6  no two handoffs are in flight
 *
 * Each of the mistakes below is planted with -D, and must give a counterexample.
 */
#define TTL 2
#define NOBODY 3
#define LIVES 3
#ifndef LAST_EPOCH
#define LAST_EPOCH 4
#endif
#ifndef BORN_LIVES
#define BORN_LIVES 2
#endif

#ifdef DEADLINE_FROM_REPLY
#define deadline(i) TTL
#else
#define deadline(i) (TTL - since[i])
#endif
#ifdef TAKER_DOES_NOT_WAIT
#define leaseEnded(i) true
#else
#define leaseEnded(i) (still[i] == TTL)
#endif
#ifdef OBEYS_OLD_ORDER
#define obeys(i, e) (e != held[i])
#else
#define obeys(i, e) (e > held[i])
#endif
#ifdef LATE_RELEASE
#define isOf(report, e) (report <= e && home[report] == home[e])
#else
#define isOf(report, e) (report == e)
#endif
#ifdef ABORT_KEEPS_EPOCH
#define afterAbort(e) e
#else
#define afterAbort(e) (e + 1)
#endif
#ifdef NO_FENCE
#define fits(i) true
#else
#define fits(i) (headEpoch == append[i] && headOf == i)
#endif

mtype = { none, serving, draining, frozen };  /* what a life does with the shard */
mtype = { starting, hosted, handing };        /* what the row says */
mtype = { idle, sent, renewed };              /* a life's one heartbeat */

/* Postgres. */
bit dead[LIVES];                              /* the lease row */
byte still[LIVES];                            /* ticks for which its counter stood still: at TTL it has ended */
byte epoch = 1, headEpoch, headOf = NOBODY;
mtype row = starting;
byte home[5], target[5];                      /* the log, by epoch: to whom it was given, and to be handed on */
byte granted = 1;                             /* the highest epoch ever */

/* Lives. */
byte left[LIVES];                             /* ticks until the own deadline; at 0 it is over */
mtype beat[LIVES] = idle;
byte since[LIVES];                            /* ticks since the heartbeat was sent */
mtype does[LIVES] = none;
byte held[LIVES];                             /* the highest epoch that it obeyed */
bit saysReleased[5];
byte append[LIVES];                           /* the epoch of an append that is under way */

#define serves(i) (left[i] > 0 && (does[i] == serving || does[i] == draining))
#define other(i) ((i + 1) % LIVES)
#define another(i) ((i + 2) % LIVES)

inline quiet(i) { beat[i] = idle; since[i] = 0 }
inline end(i) { left[i] = 0; does[i] = none; quiet(i) }

/* The order, or the log, says that this epoch is this life's: it serves from here on. */
#define OBEY(e) d_step { left[i] > 0 && home[e] == i && obeys(i, e) -> held[i] = e; does[i] = serving; \
  assert(!serves(other(i)) && !serves(another(i))) } /* S1 */

proctype life(byte i) {
  do
  /* The lease: one heartbeat at a time, and its deadline counts from when that was sent. */
  :: d_step { left[i] > 0 && beat[i] == idle -> beat[i] = sent }
  :: d_step { beat[i] == sent -> if :: dead[i] -> end(i) :: else -> beat[i] = renewed; still[i] = 0 fi }
  :: d_step { beat[i] == renewed -> left[i] = deadline(i); quiet(i) }
  :: d_step { left[i] > 0 -> end(i); still[i] = TTL } /* its process dies, and a neighbour sees it */
  /* The shard. */
  :: OBEY(1) :: OBEY(2) :: OBEY(3) :: OBEY(4)
  :: d_step { does[i] == serving && target[held[i]] != NOBODY -> does[i] = draining }
  :: d_step { does[i] == draining -> does[i] = frozen; saysReleased[held[i]] = 1 }
  /* The journal: the head is claimed before anything is replayed, and an append must fit it. */
  :: d_step { held[i] > headEpoch -> headEpoch = held[i]; headOf = i }
  :: d_step { serves(i) && headEpoch == held[i] && headOf == i && append[i] == 0 -> append[i] = held[i] }
  :: d_step { append[i] != 0 -> assert(!fits(i) || append[i] == headEpoch); append[i] = 0 } /* S4 */
  od
}

inline write(state) { assert(e >= epoch); epoch = e; s = state; row = s } /* S2 */
inline assign(to, at) { assert(at > granted); home[at] = to; granted = at; e = at; write(starting) } /* S2 */

inline bury(i) { dead[i] = 1; still[i] = 0 }

#define BEGIN(n) d_step { s == hosted && home[e] != n && !dead[n] -> \
  assert(row != handing); target[e] = n; write(handing) } /* S6 */
#define RELEASED(k) d_step { s == handing && e < LAST_EPOCH && saysReleased[k] && isOf(k, e) -> \
  if :: dead[target[k]] -> assign(home[e], e + 1) :: else -> assign(target[k], e + 1) fi }
/* One write: a death, and a new home for what was there (the source of a handoff, or any other life). */
#define REHOME(n) d_step { e < LAST_EPOCH && home[e] != n && !dead[n] && \
  !dead[home[e]] && leaseEnded(home[e]) -> bury(home[e]); assign(n, e + 1) }
#define BURY(n) d_step { home[e] != n && !dead[n] && leaseEnded(n) -> bury(n) }

proctype coordinator() {
  byte e = epoch;
  mtype s = row;
  do
  :: d_step { s == starting && held[home[e]] == e -> write(hosted) }
  :: BEGIN(0) :: BEGIN(1) :: BEGIN(2)
  :: RELEASED(1) :: RELEASED(2) :: RELEASED(3)
  :: d_step { s == handing && e < LAST_EPOCH -> assign(home[e], afterAbort(e)) }
  :: REHOME(0) :: REHOME(1) :: REHOME(2)
  :: BURY(0) :: BURY(1) :: BURY(2)
#ifdef NO_TERM_GUARD
  :: d_step { e = epoch; s = row }
#endif
  od
}

#define TICK(i) \
  if :: left[i] == 1 -> end(i) :: left[i] > 1 -> left[i]-- :: else fi; \
  if :: still[i] < TTL && !dead[i] -> still[i]++ :: else fi; \
  if :: beat[i] != idle -> since[i]++ :: else fi; \
  if :: since[i] == TTL -> quiet(i) :: else fi /* its answer would come too late */

proctype clock() { do :: d_step { TICK(0); TICK(1); TICK(2) } od }

#define BORN(i) if :: i < BORN_LIVES -> left[i] = TTL :: else -> dead[i] = 1 fi
#define EMPTY(e) home[e] = NOBODY; target[e] = NOBODY

init {
  atomic {
    BORN(0); BORN(1); BORN(2);
    EMPTY(0); EMPTY(1); EMPTY(2); EMPTY(3); EMPTY(4);
    home[1] = 0;
    run life(0); run life(1); run life(2); run coordinator(); run clock()
#ifdef NO_TERM_GUARD
    ; run coordinator()
#endif
  }
}
