// CLI11, without its ready-made validators: it makes each of them anew at the start of the program,
// for every file that includes it.
#ifndef THREADFAULT_CLI_CLI11_HPP
#define THREADFAULT_CLI_CLI11_HPP

// A thread_local is made when it is first used, and none is. (One more, `Number`, can't be changed
// in this way: a parameter of a template has its name, too.)
#define ExistingFile thread_local ExistingFile
#define ExistingDirectory thread_local ExistingDirectory
#define ExistingPath thread_local ExistingPath
#define NonexistentPath thread_local NonexistentPath
#define ValidIPV4 thread_local ValidIPV4
#define NonNegativeNumber thread_local NonNegativeNumber
#define PositiveNumber thread_local PositiveNumber
#include <CLI/CLI.hpp>
#undef ExistingFile
#undef ExistingDirectory
#undef ExistingPath
#undef NonexistentPath
#undef ValidIPV4
#undef NonNegativeNumber
#undef PositiveNumber

#endif  // THREADFAULT_CLI_CLI11_HPP
