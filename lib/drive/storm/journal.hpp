// A storm as a file: one JSON object a line, the first one says what kind of storm it was.
#ifndef THREADFAULT_DRIVE_STORM_JOURNAL_HPP
#define THREADFAULT_DRIVE_STORM_JOURNAL_HPP

#include "base/descriptor.hpp"
#include "drive/storm/storm.hpp"

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

// Error{usage} when the file can't be opened, or has something in it and `overwrite` is false;
// Error{not_written} when a line can't be written. Each line is in the file when it is told.
class StormJournal {
public:
    StormJournal(const std::string& path, bool overwrite);
    // A file that was made for a storm that then did not begin goes.
    ~StormJournal();
    StormJournal(const StormJournal&) = delete;
    StormJournal& operator=(const StormJournal&) = delete;
    void begin(const StormHeader& header);
    void add(const StormStep& step);
    const std::string& path() const noexcept { return path_; }

private:
    void write(std::string_view line) const;

    std::string path_;
    bool unused_ = false;  // made by us, and nothing is in it
    base::Descriptor file_;
};

std::string to_json_line(const StormStep& step);

struct RecordedStorm {
    StormHeader header;
    std::vector<StormStep> steps;
};

// Throws Error{usage} with file and line.
RecordedStorm read_storm_journal(const std::string& path);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_STORM_JOURNAL_HPP
