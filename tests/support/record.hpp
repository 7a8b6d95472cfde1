// What commands print as JSON, kept for tests/json/validate.py.
#ifndef THREADFAULT_TESTS_SUPPORT_RECORD_HPP
#define THREADFAULT_TESTS_SUPPORT_RECORD_HPP

#include <string>
#include <vector>

namespace threadfault::test {

// Writes the output of `argv` into the directory that `validate.py --begin` has made; nothing where
// there is none, or where `argv` is not threadfault with --json.
void record_json(const std::vector<std::string>& argv, const std::string& out,
                 const std::string& err);

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_RECORD_HPP
