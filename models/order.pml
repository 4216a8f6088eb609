/*
 * Orders of one SKU and their refunds, from the reservation to the last release: Redis, outbox,
 * queue, settlement, marks, holds, and refunds that stop an order which the book has not got yet.
 * The plan is local (stock alone), so a settled order is complete. refund.pml has the remote step.
 *
 * Bounds, each of which can be set with -D:
 *   ORDERS 2      of one unit each, with one refund each that comes at any moment, and holds or
 *                 pre-empts
 *   STOCK 1       units loaded
 *   REQUESTS 2    reservations that an order's buyer may get: the second is a repeat that comes
 *                 when the journal has forgotten the first
 *   CONSUMERS 2   each handles orders and wake-ups, one at a time
 *   CRASHES 2     of consumers, at any point; publishers and API requests die as often as they like
 *   LOST_ACKS 1   acks that the broker never sees: delivered again though nobody died
 *   PUBLISHES 2   publishes of one outbox entry
 *   SPURIOUS 1    wake-ups by the sweep though the refund's own message is on its way
 *   LOOKS 1       looks that may end in another hold; at the next one max_wait is over
 *   COPIES 2      copies of one message ready at a time: one more would tell nothing new
 *
 * A step is what one store does at once: a script in Redis, a transaction in PostgreSQL, a publish.
 * Between two of them everybody else may act. Whoever keeps nothing in memory between two steps
 * (publisher, sweep) has no state here either: his death is that he does nothing more. Time is
 * whatever may happen later happening now.
 *
 * Three other readings of the same protocol:
 *   HOLDS_FOR_EVER  LOOKS is without end, as of a refund of a part: that it ends is a matter of
 *                   fairness then, for which orders and wake-ups have consumers of their own
 *                   (SEPARATE_LOOPS)
 *   WAKES_ALONE     nobody dies, the delay never ends and no sweep wakes: the wake-ups that follow
 *                   from a completion must be enough
 *   REDIS_LOSES     Redis may lose an order that it alone had
 *
 * The twins (-DBROKEN_...) are listed in docs/models.md.
 */
#ifndef ORDERS
#define ORDERS 2
#endif
#ifndef STOCK
#define STOCK 1
#endif
#ifndef REQUESTS
#define REQUESTS 2
#endif
#ifndef CONSUMERS
#define CONSUMERS 2
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef LOST_ACKS
#define LOST_ACKS 1
#endif
#ifndef PUBLISHES
#define PUBLISHES 2
#endif
#ifndef SPURIOUS
#define SPURIOUS 1
#endif
#ifndef LOOKS
#define LOOKS 1
#endif
#ifndef COPIES
#define COPIES 2
#endif

#define RESERVATIONS (ORDERS * REQUESTS)
#define order_of(r) ((r) / REQUESTS)

mtype = { absent };
mtype = { unsettled, settled };              /* journal entries: R, S */
mtype = { completed, refunded, cancelled };  /* orders in the book; `refunded` of refunds, too */
mtype = { waiting, reversing, void };        /* refunds in the book */
mtype = { found_new, found_same, found_other };

/* Redis */
byte available = STOCK;
byte reserved;
mtype journal[ORDERS] = absent;
byte journal_of[ORDERS];    /* the reservation that the entry is about */
byte outbox[RESERVATIONS];  /* 0 no entry; 1 an entry; n + 1 an entry that was published n times */
bit applied[RESERVATIONS];  /* change ids of reservations, and of refunds */
bit applied_refund[ORDERS];

/* RabbitMQ: copies that are ready, and those delivered but not acked. A delayed wake-up is a ready
 * one, because its delay may be over at any moment. */
byte ready[RESERVATIONS];
byte unacked[RESERVATIONS];
byte wakes[ORDERS];
byte wakes_unacked[ORDERS];

/* PostgreSQL */
byte sold;
byte returned;
mtype order[ORDERS] = absent;
byte order_under[ORDERS];  /* the reservation that it stands under */
bit order_released[ORDERS];
bit is_stopped[ORDERS];    /* by its refund */
mtype refund[ORDERS] = absent;
bit refund_preempts[ORDERS];
bit refund_released[ORDERS];
byte looks[ORDERS];

#ifdef WAKES_ALONE
bit looks_again[ORDERS];  /* its request has still to do so */
#define MAY_PREEMPT false
#else
#define MAY_PREEMPT true
#endif

/* What is left of the bounds */
byte next_request[ORDERS];
byte crashes = CRASHES;
byte lost_acks = LOST_ACKS;
byte spurious = SPURIOUS;

/* For the properties alone */
bit accepted[RESERVATIONS];
byte times_settled[ORDERS];
byte times_refunded[ORDERS];
bit is_busy;  /* the first consumer: equal consumers are taken in turn */

/* ------------------------------------------------------------------------------ properties */

/* I1: the unit of an order that is on its way or complete is not on sale. */
#define is_owed(o) (order[o] == completed || (order[o] == absent && journal[o] == unsettled))

inline check_stock() {
  assert(sold - returned <= STOCK);
#if ORDERS == 2
  assert(available + is_owed(0) + is_owed(1) <= STOCK)
#else
  assert(available + is_owed(0) <= STOCK)
#endif
}

/* I3, I8: an accepted order that is not in the book is in the outbox or in the queue. */
inline check_not_lost(r) {
  assert(!accepted[r] || order[order_of(r)] != absent || outbox[r] > 0 ||
         ready[r] + unacked[r] > 0)
}

/* ------------------------------------------------------------------------------ the stores */

/* reserve-7n.lua, after its checks */
inline reserve(o) {
  r = o * REQUESTS + next_request[o];
  next_request[o]++;
  available--;
  reserved++;
  journal[o] = unsettled;
  journal_of[o] = r;
  outbox[r] = 1;
  accepted[r] = 1;
  check_stock();
  r = 0
}

inline publish_order(r) {
  if
  :: ready[r] < COPIES -> ready[r]++
  :: else
  fi
}

inline publish_wake(o) {
  if
  :: wakes[o] < COPIES -> wakes[o]++
  :: else
  fi
}

/* settle-2n.lua */
inline mark_settled(r) {
  if
  :: journal[order_of(r)] == unsettled && journal_of[order_of(r)] == r ->
    journal[order_of(r)] = settled;
    reserved--
  :: else
  fi
}

/* give-back-7n.lua with a reservation: one that is not wanted, or whose order was cancelled */
inline give_back_reservation(r) {
  if
#ifndef BROKEN_RELEASE_TWICE
  :: applied[r]
#endif
  :: else ->
    applied[r] = 1;
    available++;
    mark_settled(r);
    check_stock()
  fi
}

/* give-back-7n.lua of a refund */
inline give_back_refund(o) {
  if
#ifndef BROKEN_RELEASE_TWICE
  :: applied_refund[o]
#endif
  :: else ->
    applied_refund[o] = 1;
    available++;
    check_stock()
  fi
}

/* settle.sql */
inline settle(r, found) {
  if
  :: order[order_of(r)] == absent ->
    order[order_of(r)] = completed;
    order_under[order_of(r)] = r;
    order_released[order_of(r)] = 1;
    sold++;
    times_settled[order_of(r)]++;
    found = found_new
  :: order[order_of(r)] != absent && order_under[order_of(r)] == r ->
#ifdef BROKEN_SETTLE_TWICE
    sold++;
    times_settled[order_of(r)]++;
#endif
    found = found_same
  :: else -> found = found_other
  fi;
  assert(times_settled[order_of(r)] <= 1);
  check_stock()
}

/* ------------------------------------------------------------------------------ processes */

#ifdef BROKEN_NO_REPEAT_CHECK
#define is_not_known(o) true
#else
/* A settled entry may have expired by now; one that is not settled never does. */
#define is_not_known(o) (journal[o] != unsettled)
#endif

/* Requests to place order `o` and its repeats, and the request of its refund. Whoever is sold out
 * or gets the first answer again changes nothing, and is not shown.
 *
 * The refund is one transaction, but no settlement waits for it: it reads the order, and when it
 * commits the order may have come into the book. Having committed it sends a delayed wake-up (at
 * once if it pre-empts), reads the order once more, and wakes itself if that is final. It may die
 * before any of this. */
proctype buyer(byte o) {
  byte r;
  mtype asks = absent;  /* what its refund is decided to be, or `void`: there is no more to ask */
end:
  do
  :: d_step { next_request[o] < REQUESTS && available > 0 && is_not_known(o) -> reserve(o) }
  :: d_step { asks == absent && order[o] == absent && journal[o] != absent -> asks = waiting }
  :: d_step { asks == absent && order[o] == completed -> asks = reversing }
  :: atomic {
      asks == waiting || asks == reversing ->
      refund[o] = asks;
      asks = void;
      if
      :: refund[o] == waiting && MAY_PREEMPT -> refund_preempts[o] = 1
      :: true
      fi;
#ifdef WAKES_ALONE
      if
      :: refund[o] == reversing -> publish_wake(o)
      :: else -> looks_again[o] = 1
      fi
#else
      if
      :: publish_wake(o)
      :: true
      fi
#endif
    }
#ifdef WAKES_ALONE
  :: d_step {
      looks_again[o] ->
      looks_again[o] = 0;
      if
#ifndef BROKEN_NO_SECOND_LOOK
      :: order[o] == completed -> publish_wake(o)
#endif
      :: else
      fi
    }
#endif
#ifdef BROKEN_JOURNAL_DELETED_EARLY
  :: d_step { journal[o] == unsettled -> journal[o] = absent }
#endif
#ifdef REDIS_LOSES
  /* Redis loses an order that is not in the queue yet, and is rebuilt from the book. */
  :: d_step {
      journal[o] == unsettled && order[o] == absent && outbox[journal_of[o]] == 1 ->
      journal[o] = absent;
      outbox[journal_of[o]] = 0;
      accepted[journal_of[o]] = 0;
      reserved--;
      available++
    }
#endif
  od
}

/* The publisher of the process that reserved, or the sweep: both publish, wait for the confirm and
 * delete, and may die in between. */
#define publish_entry(r)                                                               \
  :: d_step { outbox[r] > 0 && outbox[r] <= PUBLISHES -> outbox[r]++; publish_order(r) } \
  :: d_step { outbox[r] >= DELETABLE -> outbox[r] = 0; check_not_lost(r) }

#ifdef BROKEN_DELETE_OUTBOX_BEFORE_CONFIRM
#define DELETABLE 1
#else
#define DELETABLE 2
#endif

proctype publisher() {
end:
  do
    publish_entry(0)
#if RESERVATIONS > 1
    publish_entry(1)
#endif
#if RESERVATIONS > 2
    publish_entry(2)
    publish_entry(3)
#endif
  od
}

#define may_take ((me == 0) || is_busy)

inline begin_work(id) {
  what = id;
  if
  :: me == 0 -> is_busy = 1
  :: else
  fi
}

inline end_work() {
  what = 0;
  found = absent;
  if
  :: me == 0 -> is_busy = 0
  :: else
  fi
}

inline redeliver_order(r) {
  unacked[r]--;
  publish_order(r)
}

/* It begins with the first of its steps that anybody can see: the transaction. */
#ifdef BROKEN_ACK_BEFORE_COMMIT
#define take_order(r)                                                                    \
  :: d_step { (takes & 1) && may_take && ready[r] > 0 -> ready[r]--; begin_work(r);      \
       found = found_new; check_not_lost(r) };                                           \
     goto acked_early
#else
#define take_order(r)                                                                    \
  :: d_step { (takes & 1) && may_take && ready[r] > 0 -> ready[r]--; unacked[r]++;       \
       begin_work(r); settle(r, found) };                                                \
     goto committed
#endif

/* RefundWorker::look and the advance that follows are one transaction; messages and ack follow.
 * The stock that goes back is the sweep's here, whoever brings it. A crash or a lost ack after the
 * transaction leaves the wake-up. */
#define take_wake(o)                                                                     \
  :: atomic { (takes & 2) && may_take && wakes[o] > 0 && is_to_be_stopped(o) ->          \
       wakes[o]--; wakes_unacked[o]++; begin_work(o) };                                  \
     goto stopping                                                                       \
  :: atomic { (takes & 2) && may_take && wakes[o] > 0 && !is_to_be_stopped(o) ->         \
       wakes[o]--; look(o);                                                              \
       if                                                                                \
       :: true                                                                           \
       :: lost_acks > 0 -> lost_acks--; publish_wake(o)                                  \
       fi }

#define is_to_be_stopped(o)                                                \
  (refund[o] == waiting && order[o] == absent && journal[o] != absent &&   \
   (refund_preempts[o] || looks[o] == LOOKS))

/* What no longer matters of a refund is made equal. */
inline forget(o) {
  looks[o] = 0;
  refund_preempts[o] = 0
}

inline look(o) {
  if
  :: refund[o] == waiting && order[o] == cancelled ->
    refund[o] = (is_stopped[o] -> refunded : void);
    forget(o)
  :: refund[o] == reversing || (refund[o] == waiting && order[o] == completed) ->
    refund[o] = refunded;
    forget(o);
    order[o] = refunded;
    returned++;
    times_refunded[o]++;
    assert(times_refunded[o] <= 1)
  :: refund[o] == waiting && order[o] == absent && journal[o] != absent ->
#if !defined(HOLDS_FOR_EVER) && !defined(WAKES_ALONE)
    looks[o]++;
#endif
#if !defined(BROKEN_FORGET_HOLD) && !defined(WAKES_ALONE)
    publish_wake(o)
#endif
  /* A second chain of wake-ups ends at the first look too early. */
  :: refund[o] == waiting && order[o] == absent && wakes[o] > 0
  /* An order that nobody knows: its refund is held till the order's deadline, which no message of
     the order outlives, and is void then. */
  :: refund[o] == waiting && order[o] == absent && journal[o] == absent ->
    if
    :: !accepted[journal_of[o]] -> refund[o] = void; forget(o)
    :: else
    fi
  :: refund[o] != waiting && refund[o] != reversing
  fi
}

/* A worker process. `takes`: orders 1, wake-ups 2, both 3. */
proctype consumer(byte me, takes) {
  byte what;
  mtype found = absent;
end:
  do
    take_order(0)
#if RESERVATIONS > 1
    take_order(1)
#endif
#if RESERVATIONS > 2
    take_order(2)
    take_order(3)
#endif
    take_wake(0)
#if ORDERS > 1
    take_wake(1)
#endif
  od;

#ifdef BROKEN_ACK_BEFORE_COMMIT
acked_early:
  if
  :: d_step { settle(what, found) }; goto acked
  :: d_step { crashes > 0 -> crashes--; end_work() }; goto end
  fi;
#endif

committed:
  /* What waits for the order is read after the commit and woken; then the message is acked. */
  if
  :: atomic {
      true ->
      if
      :: refund[order_of(what)] == waiting -> publish_wake(order_of(what))
      :: else
      fi;
      if
      :: unacked[what]--
      :: lost_acks > 0 -> lost_acks--; redeliver_order(what)
      fi;
      check_not_lost(what)
    }
  :: d_step { crashes > 0 -> crashes--; redeliver_order(what); end_work() }; goto end
  fi;
acked:
  if
  :: d_step {
      true ->
      if
      :: found == found_other -> give_back_reservation(what)
      :: found == found_new -> mark_settled(what)
      :: found == found_same && order[order_of(what)] != cancelled -> mark_settled(what)
      :: else
      fi;
      end_work()
    }
  :: d_step { crashes > 0 -> crashes--; end_work() }
  fi;
  goto end;

stopping:
  /* stop_before_settlement: the order is written as refused, unless it is in the book by now; and
   * one more wake-up. */
  if
  :: d_step {
      true ->
      if
#ifdef BROKEN_STOP_UNCHECKED
      :: order[what] != cancelled ->
#else
      :: order[what] == absent ->
#endif
        order[what] = cancelled;
        order_under[what] = journal_of[what];
        order_released[what] = 0;
        is_stopped[what] = 1
      :: else
      fi;
      wakes_unacked[what]--;
      publish_wake(what);
      end_work()
    }
  :: d_step { crashes > 0 -> crashes--; wakes_unacked[what]--; publish_wake(what); end_work() }
  fi;
  goto end
}

#define is_open(o) (refund[o] == waiting || refund[o] == reversing)
#define is_order_unreleased(o) (order[o] == cancelled && !order_released[o])
#define is_refund_unreleased(o) (order[o] == refunded && !refund_released[o])
#define is_unsettled(r) (journal[order_of(r)] == unsettled && journal_of[order_of(r)] == (r))

#if RESERVATIONS == 4
#define outbox_length (outbox[0] + outbox[1] + outbox[2] + outbox[3])
#define queue_length (ready[0] + ready[1] + ready[2] + ready[3])
#elif RESERVATIONS == 2
#define outbox_length (outbox[0] + outbox[1])
#define queue_length (ready[0] + ready[1])
#else
#define outbox_length outbox[0]
#define queue_length ready[0]
#endif
#if ORDERS == 2
#define any_unreleased (is_order_unreleased(0) || is_order_unreleased(1))
#else
#define any_unreleased is_order_unreleased(0)
#endif

#define resend_unsettled(r)                                                             \
  :: d_step { is_unsettled(r) && outbox_length == 0 && queue_length == 0 &&             \
       !any_unreleased -> publish_order(r) }

#if defined(BROKEN_FORGET_HOLD) || defined(WAKES_ALONE)
#define wake_due(o)
#else
#define wake_due(o)                                                                     \
  :: d_step { is_open(o) && wakes[o] + wakes_unacked[o] == 0 -> publish_wake(o) }       \
  :: d_step { is_open(o) && wakes[o] + wakes_unacked[o] > 0 && spurious > 0 ->          \
       spurious--; publish_wake(o) }
#endif

/* Given back and noted are two steps; before the second it may be given back again. */
#define release(o)                                                                      \
  :: d_step { is_order_unreleased(o) && GIVE_AGAIN(applied[order_under[o]]) ->          \
       give_back_reservation(order_under[o]) }                                          \
  :: d_step { is_order_unreleased(o) && applied[order_under[o]] -> order_released[o] = 1 } \
  :: d_step { is_refund_unreleased(o) && GIVE_AGAIN(applied_refund[o]) ->               \
       give_back_refund(o) }                                                            \
  :: d_step { is_refund_unreleased(o) && applied_refund[o] -> refund_released[o] = 1 }

#ifdef BROKEN_RELEASE_TWICE
#define GIVE_AGAIN(done) true
#else
#define GIVE_AGAIN(done) (!(done))
#endif

/* The sweep, and the workers where they do the same: bring stock to Redis and note it. */
proctype sweep() {
end:
  do
    resend_unsettled(0)
#if RESERVATIONS > 1
    resend_unsettled(1)
#endif
#if RESERVATIONS > 2
    resend_unsettled(2)
    resend_unsettled(3)
#endif
    wake_due(0)
    release(0)
#if ORDERS > 1
    wake_due(1)
    release(1)
#endif
  od
}

/* ------------------------------------------------------------------------------ the end */

inline audit_reservation(r) {
  assert(!accepted[r] || order[order_of(r)] != absent);
  assert(outbox[r] == 0 && ready[r] + unacked[r] == 0)
}

inline audit_order(o) {
  assert(journal[o] != unsettled);
  assert(order[o] != cancelled || order_released[o]);
  assert(order[o] != refunded || (refund_released[o] && refund[o] == refunded));
  assert(refund[o] == absent || refund[o] == refunded || refund[o] == void);
  assert(refund[o] == absent || order[o] == refunded || order[o] == cancelled)
}

/* Nothing moves any more: every order has its end, every refund its own, every unit its place. */
proctype auditor() {
end:
  timeout;
  d_step {
    audit_order(0);
    audit_reservation(0);
#if RESERVATIONS > 1
    audit_reservation(1);
#endif
#if RESERVATIONS > 2
    audit_reservation(2);
    audit_reservation(3);
#endif
#if ORDERS > 1
    audit_order(1);
#endif
    assert(reserved == 0);
    assert(available + sold - returned == STOCK)
  }
}

init {
  atomic {
#ifdef SEPARATE_LOOPS
    run consumer(0, 1);
    run consumer(0, 2);
#else
    run consumer(0, 3);
#if CONSUMERS > 1
    run consumer(1, 3);
#endif
#endif
    run publisher();
    run sweep();
    run auditor();
    run buyer(0);
#if ORDERS > 1
    run buyer(1)
#endif
  }
}

#ifdef HOLDS_FOR_EVER
ltl refund_ends { [] (is_open(0) -> <> !is_open(0)) }
#endif
