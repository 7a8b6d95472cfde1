// The scenario files that the FILE arguments stand for: each may be a directory or a pattern.
#ifndef THREADFAULT_CLI_PROGRAMS_TEST_FILES_HPP
#define THREADFAULT_CLI_PROGRAMS_TEST_FILES_HPP

#include <string>
#include <vector>

namespace threadfault::scenario {

// A directory stands for the *.toml files in it and below, by name, without hidden ones; a pattern
// (that the shell has left alone) for the files that match. Each file once. Throws
// Error{no_such_file} for one that stands for none.
std::vector<std::string> files_of(const std::vector<std::string>& words);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_CLI_PROGRAMS_TEST_FILES_HPP
