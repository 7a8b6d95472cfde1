// A storm as a file: one JSON object a line, the first one says what kind of storm it was.
#ifndef THREADFAULT_DRIVE_STORM_JOURNAL_HPP
#define THREADFAULT_DRIVE_STORM_JOURNAL_HPP

#include "drive/storm/storm.hpp"

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

struct StormHeader {
    std::string command;  // of the target
    std::uint64_t seed = 0;
    std::string threads;
    std::string faults;
    std::string every;
};

class StormJournal {
public:
    // Throws Error{usage} when the file can't be written. Each line is on disk when it is told.
    StormJournal(const std::string& path, const StormHeader& header);
    void add(const StormStep& step);
    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
    std::ofstream file_;
};

std::string to_json_line(const StormStep& step);

// Throws Error{usage} with file and line.
std::vector<StormStep> read_storm_journal(const std::string& path);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_STORM_JOURNAL_HPP
