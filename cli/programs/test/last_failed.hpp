// What failed when it was run last, for --last-failed.
#ifndef THREADFAULT_CLI_PROGRAMS_TEST_LAST_FAILED_HPP
#define THREADFAULT_CLI_PROGRAMS_TEST_LAST_FAILED_HPP

#include "scenario/result.hpp"
#include "scenario/run/campaign.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace threadfault::scenario {

// Names of tests, by the absolute path of their file. In $XDG_CACHE_HOME/threadfault or
// ~/.cache/threadfault; where that can't be read or written, nothing is remembered.
class LastFailed {
public:
    LastFailed();

    bool has(const Item& item) const;
    // Of the tests that were run; others stay as they are.
    void note(const std::vector<TestResult>& results);

private:
    void write() const;

    std::string path_;  // "": there is no place for it
    std::map<std::string, std::set<std::string>> failed_;
};

}  // namespace threadfault::scenario

#endif  // THREADFAULT_CLI_PROGRAMS_TEST_LAST_FAILED_HPP
