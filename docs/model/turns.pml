/* The turns of a fleet: two dispatchers, two workers, and everything that may happen to them. `make model` checks it.

   One row of connecteam_fleet_turns, the broker, and the account's own database. Each step is one transaction or one
   message, and has the name that it has in the code; "is:" says where (a test follows these lines). Between any two
   steps a process may be killed or sleep, and each of that spends one of FAULTS:
     - kill -9 of a dispatcher after a claim, of a worker at take, look, fetch, commit, rest and finish;
     - a message is lost, or delivered twice, in any order; that of a killed worker comes again, or does not;
     - a lease runs out in the hands of somebody who lives (SIGSTOP, a clock that jumped, a host without memory);
     - the listener of doorbells is killed between the bell and the call; then Connecteam delivers again.
   A lease that nobody can keep any more runs out by itself. Without CADENCE no time comes but that of bells: what is
   forgotten stays forgotten. With it an account is due again and again, for ever.

   Not in here: several accounts (rows do not touch one another), priorities (they order, and keep nothing from
   anybody), the leases of time clocks in the account's database (the same protocol once more).

   FLAW_… plant a mistake each; tests/fleet/test_model.py has each found. */

#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef BELLS
#define BELLS 1
#endif
#ifndef MOST_LOST
#define MOST_LOST 2 /* 5 in the code */
#endif
#define TOKENS 6
#define NOBODY 255

#define NEVER 0
#define LATER 1
#define NOW 2

/* The row. A token stands for a UUID: one that nobody and no message has is as good as a new one. */
byte lease_token = 0;
bool lease_runs = false; /* lease_until > now */
bool is_taken = false;   /* taken_at IS NOT NULL */
byte next_due = NOW;
byte lost = 0;
bool has_ended = false; /* whether the last that happened to the turn was its end */

/* The broker: how many messages carry each token. */
byte messages[TOKENS + 1];

/* The account: bells on record, those whose change Connecteam's answers have, and what the last look stored. */
byte recorded = 0;
byte visible = 0;
byte stored = 0;

/* What each process knows. */
byte given[2];       /* the token that a dispatcher has claimed and not published */
byte held[2];        /* the token that a worker has */
bool at_work[2];     /* it has taken the turn */
byte fetched[2];     /* what it has fetched */
bool is_overtaken[2]; /* another look was committed since it began: what newer_query says */

byte faults = 0;
#define may_fail (faults < FAULTS)
#define fail faults++

#define is_known(t) (lease_token == t || given[0] == t || given[1] == t || held[0] == t || held[1] == t || messages[t] > 0)
#define is_in_good_hands (lease_token != 0 && (given[0] == lease_token || given[1] == lease_token || \
  held[0] == lease_token || held[1] == lease_token || messages[lease_token] > 0))
#define is_any_message (messages[1] + messages[2] + messages[3] + messages[4] + messages[5] + messages[6] > 0)
#define is_due (!lease_runs && (next_due == NOW || lease_token != 0))
#ifdef FLAW_UNDER_ANY_TOKEN
#define is_mine(t) true
#else
#define is_mine(t) (lease_token == t)
#endif

/* The first token that nobody has. */
inline new_token() {
  new = 1;
  do
  :: new <= TOKENS && is_known(new) -> new++
  :: else -> break
  od;
  assert(new <= TOKENS) /* else TOKENS are too few for this model, and it would prove nothing */
}

/* is: connecteam_sync.store.control.turns.Turns.claim */
inline claim(t, was_lost) {
#ifndef FLAW_CLAIM_IN_TWO_STEPS
  assert(!lease_runs);
#endif
  new_token();
  if
  :: lease_token != 0 && is_taken -> lost = (lost < MOST_LOST -> lost + 1 : lost)
  :: else
  fi;
  was_lost = lost;
  t = new; new = 0;
  lease_token = t; lease_runs = true; is_taken = false; next_due = NEVER; has_ended = false
}

/* is: connecteam_sync.worker.publisher.BrokerHands.give */
inline give(t) {
  messages[t]++
}

/* is: connecteam_sync.store.control.turns.Turns.put_aside */
inline put_aside(t) {
  if
  :: is_mine(t) ->
    lease_token = 0; is_taken = false; next_due = LATER; /* and lease_runs: no call wakes it */
#ifndef FLAW_PUT_ASIDE_FOR_EVER
    lost = lost - 1
#endif
  :: else
  fi
}

/* is: connecteam_sync.store.control.turns.Turns.take */
inline take(t, is_good) {
  if
#ifdef FLAW_TAKE_TWICE
  :: is_mine(t) ->
#else
  :: is_mine(t) && !is_taken ->
#endif
    is_taken = true; lease_runs = true; is_good = true
  :: else -> is_good = false
  fi
}

/* is: connecteam_sync.store.control.turns.Turns.extend */
inline extend(t) {
  if
  :: is_mine(t) -> lease_runs = true
  :: else
  fi
}

/* is: connecteam_sync.store.control.turns.Turns.finish */
inline finish(t, waits) {
  if
  :: is_mine(t) ->
    /* Nobody ends what another has in hand. */
    assert(!(at_work[1 - me] && held[1 - me] == lease_token));
#ifdef FLAW_FINISH_FORGETS_A_CALL
    next_due = waits;
#else
    next_due = (next_due > waits -> next_due : waits); /* the earlier of both */
#endif
    lease_token = 0; lease_runs = false; is_taken = false; lost = 0; has_ended = true
  :: else
  fi
}

/* is: connecteam_sync.store.control.turns.Turns.release */
inline release(t) {
  if
  :: is_mine(t) -> next_due = NOW; lease_token = 0; lease_runs = false; is_taken = false
  :: else
  fi
}

/* is: connecteam_sync.store.control.turns.Turns.call */
inline call() {
  next_due = (next_due == NEVER -> LATER : next_due)
}

/* is: connecteam_sync.service.dispatcher.Dispatcher.work */
active [2] proctype dispatcher() {
  byte me = _pid;
  byte was_lost = 0;
  byte new = 0;
#ifdef FLAW_CLAIM_IN_TWO_STEPS
  bool has_seen = false;
#endif
end:
  do
#ifdef FLAW_CLAIM_IN_TWO_STEPS
  :: atomic { given[me] == 0 && !has_seen && is_due -> has_seen = true }
  :: atomic { has_seen -> has_seen = false; assert(!lease_runs); claim(given[me], was_lost) }
#else
  :: atomic { given[me] == 0 && is_due -> claim(given[me], was_lost) }
#endif
  :: atomic { given[me] != 0 && was_lost < MOST_LOST -> give(given[me]); given[me] = 0; was_lost = 0 }
  :: atomic { given[me] != 0 && was_lost >= MOST_LOST -> put_aside(given[me]); given[me] = 0; was_lost = 0 }
  :: atomic { given[me] != 0 && may_fail -> fail; given[me] = 0; was_lost = 0 } /* kill -9, or no broker */
  od
}

mtype = { ready, taking, looking, fetching, committing, resting, finishing };

/* is: connecteam_sync.service.turns.TurnRunner.run */
active [2] proctype worker() {
  byte me = _pid - 2;
  mtype step = ready;
  byte waits = NEVER;
  bool is_good = false;
end:
  do
  :: atomic { step == ready && is_any_message ->
       if /* in any order */
       :: messages[1] > 0 -> held[me] = 1
       :: messages[2] > 0 -> held[me] = 2
       :: messages[3] > 0 -> held[me] = 3
       :: messages[4] > 0 -> held[me] = 4
       :: messages[5] > 0 -> held[me] = 5
       :: messages[6] > 0 -> held[me] = 6
       fi;
       messages[held[me]]--; step = taking }
  :: atomic { step == taking ->
       take(held[me], is_good);
       if
       :: is_good ->
         /* One pair of hands for each token. */
         assert(!(at_work[1 - me] && held[1 - me] == held[me]));
         at_work[me] = true; step = looking
       :: else -> held[me] = 0; step = ready /* acknowledged: it is somebody else's by now */
       fi;
       is_good = false }
  /* is: connecteam_sync.engine.slice.SliceRunner._catch_up */
  :: atomic { step == looking -> is_overtaken[me] = false; step = fetching }
  :: atomic { step == fetching -> fetched[me] = visible; step = committing }
  /* is: connecteam_sync.store.session.Session.newer_query */
  :: atomic { step == committing ->
       if
#ifndef FLAW_COMMIT_WHATEVER_IS_NEWER
       :: is_overtaken[me] && fetched[me] != stored -> step = looking
#endif
       :: else ->
         assert(fetched[me] >= stored); /* no older look over a newer one */
         stored = fetched[me];
         is_overtaken[1 - me] = true;
         fetched[me] = 0; is_overtaken[me] = false;
         step = resting
       fi }
  /* is: connecteam_sync.service.clock.Clock._rest */
  :: atomic { step == resting ->
#ifdef CADENCE
       waits = LATER;
#else
#ifndef FLAW_REST_WITHOUT_BELLS
       waits = (stored < recorded -> LATER : NEVER);
#endif
#endif
       step = finishing }
  :: atomic { step == finishing -> finish(held[me], waits); goto ended }
  :: atomic { step == looking && may_fail -> fail; release(held[me]); goto ended } /* SIGTERM */
  :: atomic { at_work[me] && !lease_runs && lease_token == held[me] -> extend(held[me]) }
  :: atomic { step != ready && may_fail -> fail; /* kill -9; the broker delivers again, or gives up */
       if
       :: messages[held[me]]++
       :: true
       fi;
       goto ended }
  :: atomic { false ->
ended: held[me] = 0; at_work[me] = false; fetched[me] = 0; is_overtaken[me] = false; waits = NEVER; step = ready }
  od
}

/* is: connecteam_sync.service.fleet_hooks.FleetHooks.hear */
active proctype listener() {
  bool is_on_record = false;
end:
  do
#ifdef FLAW_CALL_BEFORE_THE_RECORD
  :: atomic { recorded < BELLS && !is_on_record -> call(); is_on_record = true }
  :: atomic { is_on_record -> recorded++; is_on_record = false }
#else
  :: atomic { recorded < BELLS && !is_on_record -> recorded++; is_on_record = true }
  :: atomic { is_on_record -> call(); is_on_record = false }
#endif
  :: atomic { is_on_record && may_fail -> fail } /* killed, and delivered again: it is on record already */
  od
}

/* Connecteam's answers have what was rung, a while after the bell. */
active proctype settling() {
end:
  do
  :: atomic { visible < recorded -> visible++ }
  od
}

/* Time goes on. */
active proctype coming() {
end:
  do
  :: atomic { next_due == LATER -> next_due = NOW }
  od
}

/* A lease that nobody can keep runs out. */
active proctype lapsing() {
end:
  do
  :: atomic { lease_runs && !is_in_good_hands -> lease_runs = false }
  od
}

/* What happens to others than those that are killed. */
active proctype misfortune() {
end:
  do
  :: atomic { may_fail && lease_runs && lease_token != 0 -> fail; lease_runs = false } /* SIGSTOP, and waking up */
  :: atomic { may_fail && lease_token != 0 && messages[lease_token] > 0 -> fail; messages[lease_token]-- }
  :: atomic { may_fail && lease_token != 0 && (messages[lease_token] > 0 || held[0] == lease_token ||
       held[1] == lease_token) -> fail; messages[lease_token]++ }
  od
}

/* Every bell is followed by a look that has what it told of; a call during a turn is never forgotten. */
ltl bells_are_heard { [] <> (stored == recorded) }
/* An account that is due is looked after, again and again, whoever dies: within a lease, as time is counted here. */
ltl turns_go_on { ([] <> has_ended) && ([] <> !has_ended) }
