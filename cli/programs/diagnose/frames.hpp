// What the selector in=FUNCTION needs: the instruction pointers on the stacks of threads.
#ifndef THREADFAULT_CLI_PROGRAMS_DIAGNOSE_FRAMES_HPP
#define THREADFAULT_CLI_PROGRAMS_DIAGNOSE_FRAMES_HPP

namespace threadfault::cli {

// Reads a process ID and thread IDs; writes a line for each thread: its ID and hexadecimal numbers,
// innermost first, or its ID, "?" and why they are not known.
int frames();

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_PROGRAMS_DIAGNOSE_FRAMES_HPP
