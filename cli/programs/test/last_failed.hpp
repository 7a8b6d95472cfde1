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

// Names of tests, by the absolute path of their file, and from which directories those were run.
// In $XDG_CACHE_HOME/threadfault or ~/.cache/threadfault; where that can't be read or written,
// nothing is remembered.
class LastFailed {
public:
    LastFailed();

    bool has(const Item& item) const;
    // The files with such tests that were run from the working directory, or lie in it or below.
    std::vector<std::string> files_here() const;
    // Of the tests that were run; others stay as they are.
    void note(const std::vector<TestResult>& results);

private:
    using Names = std::map<std::string, std::set<std::string>>;

    void read();
    void write() const;

    std::string path_;  // "": there is no place for it
    Names failed_;      // tests by file
    Names run_from_;    // files with such tests by directory
};

}  // namespace threadfault::scenario

#endif  // THREADFAULT_CLI_PROGRAMS_TEST_LAST_FAILED_HPP
