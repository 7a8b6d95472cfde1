// Which of the sampled threads only spin, and where.
#ifndef THREADFAULT_CLI_SPIN_PLACES_HPP
#define THREADFAULT_CLI_SPIN_PLACES_HPP

namespace threadfault::cli {

// The question, on the standard input: a pid; for each thread its tid, the number of its samples,
// and these: the instruction pointer and the registers. All in decimal.
// The answer: for each thread a line "TID gets-on", "TID unknown" or "TID spins LINE FILE
// FUNCTION", FILE and FUNCTION "-" where they are not known.
int spin_places();

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_SPIN_PLACES_HPP
