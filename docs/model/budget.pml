/* The calls of one account in one day: two workers take them from one row before they make them. `make model` checks it.

   A worker may be killed between any two steps: what it took and did not make is lost, never made twice. Answers come
   in any order.
   Steps have the names that they have in the code ("is:", a test follows these lines). FLAW_… plant a mistake each.

   Not in here: the minute, whose one condition is of the same kind; midnight. */

#ifndef LIMIT
#define LIMIT 6
#endif
#define RESERVE 2
#define KILLS 2

byte day_left = LIMIT; /* the row of connecteam_fleet_budgets */
byte ours = 0;         /* calls that workers made */
byte kills = 0;

mtype = { idle, reserved, asked };

/* is: connecteam_sync.store.control.budgets.Budgets.reserve */
inline reserve() {
  day_left--
}
#define may_reserve (day_left - 1 >= RESERVE)

/* is: connecteam_sync.store.control.budgets.Budgets.give_back */
inline give_back() {
  day_left++
}

/* is: connecteam_sync.store.control.budgets.Budgets.note */
inline note(left) {
#ifdef FLAW_NOTE_WHATEVER_COMES
  day_left = left
#else
  day_left = (day_left < left -> day_left : left)
#endif
}

active [2] proctype worker() {
  mtype step = idle;
  byte left = 0;
#ifdef FLAW_RESERVE_IN_TWO_STEPS
  bool has_seen = false;
#endif
end:
  do
#ifdef FLAW_RESERVE_IN_TWO_STEPS
  :: atomic { step == idle && !has_seen && may_reserve -> has_seen = true }
  :: atomic { has_seen -> has_seen = false; reserve(); step = reserved }
#else
  :: atomic { step == idle && may_reserve -> reserve(); step = reserved }
#endif
  :: atomic { step == reserved -> /* the call arrives, and its answer is on its way */
       ours++; left = LIMIT - ours; step = asked;
       assert(ours <= LIMIT - RESERVE) }
  :: atomic { step == reserved && kills < KILLS -> kills++; give_back(); step = idle } /* it cannot be made */
  :: atomic { step == asked -> note(left); left = 0; step = idle }
  :: atomic { step == asked -> left = 0; step = idle
#ifdef FLAW_GIVE_BACK_WHAT_WAS_MADE
       ; give_back()
#endif
     } /* an answer that is lost, or has no headers: nothing is given back, since it may have been made */
  :: atomic { step != idle && kills < KILLS -> kills++; left = 0; step = idle } /* kill -9 */
  od
}
