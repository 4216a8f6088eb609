/*
 * Orders with a remote step (a payment) and their refunds: what is decided in the book, what the
 * other side sees of it, and how the stock goes back. Queues and outbox are in order.pml.
 *
 * Bounds, each of which can be set with -D:
 *   ORDERS 2     reserved at the start, settled or refused at any moment; one refund each, that
 *                comes at any moment: whole and patient, whole and pre-empting, or of a part
 *   RUNNERS 2    calls at a time; each may die at any point, which costs it an attempt
 *   TRIES 2      attempts of one action
 *   LATE 2       calls that arrive after their caller gave them up, all orders together
 *   RETRIES 1    times that an operator sends what is parked of one order again, before he discards
 *
 * A message is only a wake-up, so there are none here: whatever the row allows may be looked at at
 * any moment, any number of times. That covers duplicates, delays, leases that are over while their
 * call is under way, and the sweep. What a look decides is one transaction, as in the code; a call
 * lies between two of them and may be carried out, refused, lost, carried out unheard, or arrive
 * long after its caller gave it up.
 *
 * The twins (-DBROKEN_...) are listed in docs/models.md.
 */
#ifndef ORDERS
#define ORDERS 2
#endif
#ifndef RUNNERS
#define RUNNERS 2
#endif
#ifndef TRIES
#define TRIES 2
#endif
#ifndef LATE
#define LATE 2
#endif
#ifndef RETRIES
#define RETRIES 1
#endif

mtype = { absent };
mtype = { processing, completed, refunded, cancelling, cancelled };  /* orders */
mtype = { pending, running, unknown, done, failed, skipped };        /* the step */
mtype = { not_needed, given_up };                                    /* its reverse, too */
mtype = { waiting, reversing, void, needs_attention };               /* refunds; failed, refunded */
mtype = { patient, preempting, of_a_part };
mtype = { forward, reverse };
mtype = { yes, no, nobody_knows };

/* PostgreSQL: the order's row ... */
mtype order[ORDERS] = absent;
mtype step[ORDERS] = pending;
byte attempts[ORDERS];
byte charged[ORDERS];
bit is_parked[ORDERS];
bit outcome_unknown[ORDERS];
bit is_stopped[ORDERS];  /* by its refund, whose reversals are the compensation then */
bit is_unreleased[ORDERS];
/* ... its refund's, and the reversal that the refund or the compensation is about */
mtype refund[ORDERS] = absent;
mtype kind[ORDERS] = absent;
mtype reversal[ORDERS] = absent;
byte reverse_attempts[ORDERS];
byte reverse_charged[ORDERS];
bit is_reverse_parked[ORDERS];

/* Redis */
byte available;
byte reserved = ORDERS;
bit is_settled[ORDERS];  /* the journal entry says S */
bit is_applied[ORDERS];  /* the change id of what goes back; an order gives back once */
bit is_refused[ORDERS];  /* it came into the book cancelled: nobody marks it settled */

/* The other side, and what is on its way there */
bit has_taken[ORDERS];
bit has_declined[ORDERS];
bit refuses[ORDERS];
bit gave_back_refund[ORDERS];
bit gave_back_cancel[ORDERS];
bit late_forward[ORDERS];
bit late_reverse[ORDERS];
bit late_reverse_of_refund[ORDERS];
bit late_reverse_unknown[ORDERS];

byte retries[ORDERS] = RETRIES;
byte late = LATE;
bit is_busy;

/* ------------------------------------------------------------------------------ decisions */

#define is_in_flight(o) (step[o] == running || step[o] == unknown)
#define is_reversal_settled(o) \
  (reversal[o] == done || reversal[o] == not_needed || reversal[o] == given_up)
/* Whose the reversal is: the refund's, or the compensation of a cancelled order. */
#define is_of_refund(o) (is_stopped[o] || order[o] == completed)

/* What nothing asks for any more is made equal, so that equal states are one. */
inline forget(o) {
  if
  :: step[o] == done || step[o] == failed || step[o] == skipped ->
    attempts[o] = 0;
    charged[o] = 0
  :: else
  fi;
  if
  :: is_reversal_settled(o) ->
    reverse_attempts[o] = 0;
    reverse_charged[o] = 0;
    outcome_unknown[o] = 0
  :: else
  fi;
  if
  :: refund[o] != waiting -> kind[o] = absent
  :: else
  fi;
  if
  :: order[o] == refunded || order[o] == cancelled ->
    retries[o] = 0;
    is_stopped[o] = is_stopped[o] && refund[o] == waiting
  :: else
  fi
}

/* Reversals::prepare */
inline prepare(o) {
  if
  :: reversal[o] == absent && (step[o] == done || outcome_unknown[o]) -> reversal[o] = pending
#ifdef BROKEN_REVERSE_BEFORE_FORWARD
  :: reversal[o] == absent && is_in_flight(o) -> reversal[o] = pending
  :: reversal[o] == absent && !is_in_flight(o) && step[o] != done && !outcome_unknown[o] ->
    reversal[o] = not_needed
#else
  :: reversal[o] == absent && step[o] != done && !outcome_unknown[o] -> reversal[o] = not_needed
#endif
  :: reversal[o] != absent
  fi
}

#ifdef BROKEN_REVERSE_BEFORE_FORWARD
#define waits_for_answer(o) false
#else
#define waits_for_answer(o) is_in_flight(o)
#endif

/* progress.cc: all that follows from what the rows say */
inline advance(o) {
  if
  :: order[o] == processing && step[o] == done ->
    order[o] = completed;
    if
    :: refund[o] == waiting -> refund[o] = reversing
    :: else
    fi
  :: else
  fi;
  if
  :: order[o] == cancelling && !waits_for_answer(o) ->
    prepare(o);
    if
    :: is_reversal_settled(o) ->
      order[o] = cancelled;
      is_unreleased[o] = 1;
      if
      :: is_stopped[o] && refund[o] != failed -> refund[o] = refunded
#ifndef BROKEN_FORGET_VOID
      :: !is_stopped[o] && refund[o] == waiting -> refund[o] = void
#endif
      :: else
      fi
    :: else
    fi
  :: order[o] == completed && (refund[o] == reversing || refund[o] == needs_attention) ->
    prepare(o);
    if
    :: is_reversal_settled(o) && reversal[o] != given_up ->
      order[o] = refunded;
      refund[o] = refunded;
      is_unreleased[o] = 1
    :: else
    fi
  :: else
  fi;
  forget(o)
}

inline begin_cancellation(o) {
  if
#ifdef BROKEN_CANCEL_COMPLETED
  :: order[o] == processing || order[o] == completed ->
#else
  :: order[o] == processing ->
#endif
    order[o] = cancelling;
    if
    :: step[o] == pending -> step[o] = skipped
    :: step[o] == unknown && is_parked[o] ->
      step[o] = failed;
      outcome_unknown[o] = 1
    :: else
    fi;
    is_parked[o] = 0
  :: else
  fi
}

inline exhaust(o) {
  if
  :: order[o] == cancelling ->
    step[o] = failed;
#ifndef BROKEN_IGNORE_UNKNOWN
    outcome_unknown[o] = 1
#endif
  :: else -> is_parked[o] = 1
  fi
}

inline exhaust_reverse(o) {
  is_reverse_parked[o] = 1;
  if
  :: is_of_refund(o) && refund[o] != failed -> refund[o] = needs_attention
  :: else
  fi
}

/* ------------------------------------------------------------------------------ the other side */

#ifdef BROKEN_NO_KEY
#define TAKES_AGAIN(o) true
#else
#define TAKES_AGAIN(o) (!has_taken[o])
#endif

inline arrive_forward(o, answer) {
  if
  :: refuses[o] -> answer = no
#ifndef BROKEN_NO_KEY
  :: !refuses[o] && has_taken[o] -> answer = yes
#endif
  :: !refuses[o] && has_declined[o] -> answer = no
  :: !refuses[o] && !has_declined[o] && TAKES_AGAIN(o) ->
    /* I4: once, and never after its reverse */
    assert(!has_taken[o] && !gave_back_refund[o] && !gave_back_cancel[o]);
    has_taken[o] = 1;
    answer = yes
  :: !refuses[o] && !has_declined[o] && !has_taken[o] ->
    has_declined[o] = 1;
    answer = no
  fi;
#ifndef BROKEN_NO_KEY
  late_forward[o] = 0  /* under this key there is nothing more to decide */
#endif
}

inline arrive_reverse(o, of_refund, is_unknown) {
  if
  :: (of_refund && gave_back_refund[o]) || (!of_refund && gave_back_cancel[o])
  :: else ->
    /* I4: never of what did not take place, unless it says so. I5: for one cause alone. */
    assert(has_taken[o] || is_unknown);
    assert(!gave_back_refund[o] && !gave_back_cancel[o]);
#ifndef BROKEN_NO_LATE_REFUSAL
    refuses[o] = !has_taken[o];
#endif
    if
    :: of_refund -> gave_back_refund[o] = 1
    :: else -> gave_back_cancel[o] = 1
    fi
  fi;
  if
  :: late_reverse_of_refund[o] == of_refund ->
    late_reverse[o] = 0;
    late_reverse_of_refund[o] = 0;
    late_reverse_unknown[o] = 0
  :: else
  fi
}

/* ------------------------------------------------------------------------------ processes */

#define may_take (me == 0 || is_busy)

inline begin_call(o, which) {
  what = o;
  direction = which;
  if
  :: me == 0 -> is_busy = 1
  :: else
  fi
}

inline end_call() {
  what = 0;
  direction = absent;
  answer = absent;
  attempt = 0;
  of_refund = 0;
  is_unknown = 0;
  if
  :: me == 0 -> is_busy = 0
  :: else
  fi
}

/* decide_begin */
#define is_open_forward(o)                                                      \
  (((step[o] == pending && order[o] == processing) || is_in_flight(o)) && !is_parked[o])
#define is_open_reverse(o)                                                      \
  ((reversal[o] == pending || reversal[o] == running) && !is_reverse_parked[o] && \
   (order[o] == cancelling ||                                                   \
    (order[o] == completed && (refund[o] == reversing || refund[o] == needs_attention))))

#define begin(o)                                                                         \
  :: d_step { may_take && is_open_forward(o) && charged[o] < TRIES ->                    \
       step[o] = running; attempts[o]++; charged[o]++;                                   \
       begin_call(o, forward); attempt = attempts[o] };                                  \
     goto calling                                                                        \
  :: d_step { may_take && is_open_forward(o) && charged[o] == TRIES ->                   \
       step[o] = unknown; exhaust(o); advance(o) }                                       \
  :: d_step { may_take && is_open_reverse(o) && reverse_charged[o] < TRIES ->            \
       reversal[o] = running; reverse_attempts[o]++; reverse_charged[o]++;               \
       begin_call(o, reverse); attempt = reverse_attempts[o];                            \
       of_refund = is_of_refund(o); is_unknown = outcome_unknown[o] };                   \
     goto calling                                                                        \
  :: d_step { may_take && is_open_reverse(o) && reverse_charged[o] == TRIES ->           \
       exhaust_reverse(o) }

/* decide_answer */
#ifdef BROKEN_UNKNOWN_IS_NO
#define says_no(answer) (answer == no || answer == nobody_knows)
#define says_nothing(answer) false
#else
#define says_no(answer) (answer == no)
#define says_nothing(answer) (answer == nobody_knows)
#endif

inline take_answer(o) {
  if
  :: answer == yes && is_in_flight(o) ->
    step[o] = done;
    is_parked[o] = 0
  :: says_no(answer) && is_in_flight(o) ->
    step[o] = failed;
    is_parked[o] = 0;
    begin_cancellation(o)
  /* What an older attempt does not know says nothing of the one under way. */
  :: says_nothing(answer) && step[o] == running && attempt == attempts[o] ->
    step[o] = unknown;
    if
    :: charged[o] == TRIES -> exhaust(o)
    :: else
    fi
  :: else
  fi
}

inline take_reverse_answer(o) {
  if
  :: answer == yes && !is_reversal_settled(o) ->
    reversal[o] = done;
    is_reverse_parked[o] = 0;
    if
    :: refund[o] == needs_attention -> refund[o] = reversing
    :: else
    fi
  :: answer == nobody_knows && !is_reversal_settled(o) && attempt == reverse_attempts[o] &&
     !is_reverse_parked[o] && reverse_charged[o] == TRIES ->
    exhaust_reverse(o)
  :: else
  fi
}

#ifdef BROKEN_NO_KEY
#define IS_UNDECIDED(o) 1
#else
#define IS_UNDECIDED(o) (!has_taken[o] && !has_declined[o] && !refuses[o])
#endif

proctype runner(byte me) {
  byte what;
  mtype direction = absent;
  mtype answer = absent;
  byte attempt;
  bit of_refund;
  bit is_unknown;
end:
  do
    begin(0)
#if ORDERS > 1
    begin(1)
#endif
  od;

calling:
  if
  /* It arrives ... */
  :: atomic {
      true ->
      if
      :: direction == forward -> arrive_forward(what, answer)
      :: else ->
        arrive_reverse(what, of_refund, is_unknown);
        answer = yes
      fi;
      if
      :: true
      :: answer = nobody_knows  /* ... and its answer does not */
      fi
    }
  /* It is lost, or refused for now. */
  :: answer = nobody_knows
  /* It arrives later. */
  :: atomic {
      late > 0 ->
      late--;
      if
      :: direction == forward -> late_forward[what] = IS_UNDECIDED(what)
      :: direction == reverse && (of_refund -> gave_back_refund[what] : gave_back_cancel[what])
      :: else ->
        late_reverse[what] = 1;
        late_reverse_of_refund[what] = of_refund;
        late_reverse_unknown[what] = is_unknown
      fi;
      answer = nobody_knows
    }
  fi;

  /* Its answer is recorded, or whoever called dies before. */
  if
  :: d_step {
      true ->
      if
      :: direction == forward -> take_answer(what)
      :: else -> take_reverse_answer(what)
      fi;
      advance(what);
      end_call()
    }
  :: d_step { end_call() }
  fi;
  goto end
}

#define deliver(o)                                                                       \
  :: atomic { late_forward[o] -> late_forward[o] = 0; arrive_forward(o, unheard);        \
       unheard = absent }                                                                \
  :: d_step { late_reverse[o] ->                                                         \
       arrive_reverse(o, late_reverse_of_refund[o], late_reverse_unknown[o]) }

proctype network() {
  mtype unheard = absent;
end:
  do
    deliver(0)
#if ORDERS > 1
    deliver(1)
#endif
  od
}

/* The order's settlement, and its marks, which may come at any time after it. */
#define settle(o)                                                                        \
  :: d_step { order[o] == absent -> order[o] = processing }                              \
  :: d_step { order[o] != absent && !is_refused[o] && !is_settled[o] ->                  \
       is_settled[o] = 1; reserved-- }

/* Every order ends: past its deadline it is cancelled, by whoever looks. */
#ifdef BROKEN_NO_DEADLINE
#define deadline(o)
#elif defined(BROKEN_CANCEL_COMPLETED)
#define deadline(o)                                                                      \
  :: d_step { order[o] == processing || (order[o] == completed && !is_reversal_settled(o)) -> \
       begin_cancellation(o); advance(o) }
#else
#define deadline(o)                                                                      \
  :: d_step { order[o] == processing -> begin_cancellation(o); advance(o) }
#endif

/* give-back-7n.lua, then the note in the book; in between it may be given back again. */
#define release(o)                                                                       \
  :: d_step { is_unreleased[o] && GIVE_AGAIN(o) -> is_applied[o] = 1; available++;       \
       if                                                                                \
       :: order[o] == cancelled && !is_settled[o] -> is_settled[o] = 1; reserved--       \
       :: else                                                                           \
       fi;                                                                               \
       assert(available <= ORDERS) }                                                     \
  :: d_step { is_unreleased[o] && is_applied[o] -> is_unreleased[o] = 0 }
#ifdef BROKEN_RELEASE_TWICE
#define GIVE_AGAIN(o) true
#else
#define GIVE_AGAIN(o) (!is_applied[o])
#endif

proctype book() {
end:
  do
    settle(0)
    deadline(0)
    release(0)
#if ORDERS > 1
    settle(1)
    deadline(1)
    release(1)
#endif
  od
}

inline stop_order(o) {
  refund[o] = reversing;
  is_stopped[o] = 1;
  begin_cancellation(o);
  advance(o)
}

/* The refund of order `o`: its request, and every look at it. */
proctype refunds(byte o) {
end:
  if
  :: order[o] == cancelling || order[o] == cancelled -> goto over  /* refused */
  :: d_step {
      order[o] == completed ->
      refund[o] = reversing;
      advance(o)
    }
  :: atomic {
      order[o] == absent || order[o] == processing ->
      refund[o] = waiting;
      if
      :: kind[o] = patient
      :: kind[o] = of_a_part
      :: order[o] == absent -> kind[o] = preempting
      :: order[o] == processing -> stop_order(o)
      fi
    }
  fi;
end_look:
  do
  /* Past max_wait a whole one pre-empts; until then it holds, which changes nothing. */
  :: d_step {
      refund[o] == waiting && kind[o] != of_a_part && order[o] == processing ->
      stop_order(o)
    }
  :: d_step {
      refund[o] == waiting && kind[o] != of_a_part && order[o] == absent ->
      order[o] = cancelled;
      step[o] = skipped;
      is_stopped[o] = 1;
      is_refused[o] = 1;
      is_unreleased[o] = 1
    }
  :: d_step {
      refund[o] == waiting && order[o] == cancelled && is_stopped[o] ->
      refund[o] = refunded;
      forget(o)
    }
#ifndef BROKEN_FORGET_VOID
  :: d_step { refund[o] == waiting && order[o] == cancelled && !is_stopped[o] -> refund[o] = void;
       forget(o) }
#endif
  :: d_step { refund[o] == waiting && order[o] == completed -> refund[o] = reversing; advance(o) }
  od;
over:
  skip
}

/* What is parked waits for somebody who sends it again or gives it up. The order does not wait. */
#ifdef BROKEN_NO_DEADLINE
#define SOMEBODY_DISCARDS false
#else
#define SOMEBODY_DISCARDS true
#endif
#define attend(o)                                                                        \
  :: d_step { is_parked[o] && retries[o] > 0 ->                                          \
       retries[o]--; is_parked[o] = 0; charged[o] = 0 }                                  \
  :: d_step { is_parked[o] && SOMEBODY_DISCARDS ->                                       \
       is_parked[o] = 0; step[o] = failed; outcome_unknown[o] = 1;                       \
       begin_cancellation(o); advance(o) }                                               \
  :: d_step { is_reverse_parked[o] && retries[o] > 0 ->                                  \
       retries[o]--; is_reverse_parked[o] = 0; reverse_charged[o] = 0;                   \
       if                                                                                \
       :: refund[o] == needs_attention -> refund[o] = reversing                          \
       :: else                                                                           \
       fi }                                                                              \
  :: d_step { is_reverse_parked[o] ->                                                    \
       is_reverse_parked[o] = 0; reversal[o] = given_up;                                 \
       if                                                                                \
       :: refund[o] == needs_attention -> refund[o] = failed                             \
       :: else                                                                           \
       fi;                                                                               \
       advance(o) }

proctype operator() {
end:
  do
    attend(0)
#if ORDERS > 1
    attend(1)
#endif
  od
}

/* ------------------------------------------------------------------------------ the end */

#define gave_back(o) (gave_back_refund[o] || gave_back_cancel[o])

inline audit(o) {
  assert(order[o] == completed || order[o] == refunded || order[o] == cancelled);
  assert(refund[o] == absent || refund[o] == refunded || refund[o] == void || refund[o] == failed);
  assert(refund[o] != refunded || order[o] == refunded || order[o] == cancelled);
  /* Who has what he ordered has paid, and who has not has his money, unless an operator has
   * decided otherwise. */
  assert(order[o] != completed || refund[o] == failed || (has_taken[o] && !gave_back(o)));
  assert(order[o] == completed || !has_taken[o] || gave_back(o) || reversal[o] == given_up);
  assert(!is_unreleased[o] && is_settled[o]);
  assert(is_applied[o] == (order[o] != completed))
}

#if ORDERS == 2
#define units_sold ((order[0] == completed) + (order[1] == completed))
#else
#define units_sold (order[0] == completed)
#endif

/* Nothing moves any more: every order and every refund has its end, every unit its place. */
proctype auditor() {
end:
  timeout;
  d_step {
    audit(0);
#if ORDERS > 1
    audit(1);
#endif
    assert(reserved == 0 && available + units_sold == ORDERS)
  }
}

init {
  atomic {
    run runner(0);
#if RUNNERS > 1
    run runner(1);
#endif
    run network();
    run book();
    run operator();
    run auditor();
    run refunds(0);
#if ORDERS > 1
    run refunds(1)
#endif
  }
}

#ifdef CHECK_REFUND_ENDS
#define is_open(o) (refund[o] == waiting || refund[o] == reversing || refund[o] == needs_attention)
ltl refund_ends { [] (is_open(0) -> <> !is_open(0)) }
#endif
