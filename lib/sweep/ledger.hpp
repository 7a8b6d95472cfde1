// All that is known of a sweep: what the journal holds, and what reports are made from.
#ifndef THREADFAULT_SWEEP_LEDGER_HPP
#define THREADFAULT_SWEEP_LEDGER_HPP

#include "sweep/census.hpp"
#include "sweep/model.hpp"
#include "sweep/options.hpp"

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace threadfault::sweep {

struct Ledger {
    std::vector<std::string> command;
    std::vector<std::string> arguments;  // of `threadfault sweep` itself, for reproducing
    std::string how;
    std::uint64_t seed = 0;
    Shard shard;
    bool exhaustive = false;
    std::vector<std::string> threads;
    bool service = false;
    double alone_seconds = 0;
    std::size_t planned = 0;     // experiments
    std::uint64_t passages = 0;  // that they stand for
    Census census;
    std::map<std::string, Result> results;  // by id
};

// A line of the journal each, without its end.
std::string header_line(const Ledger& ledger);
std::string point_line(const Point& point);
std::string result_line(const Result& result);

// Reads a journal; a last line that was cut off is left out. Throws Error{no_such_file,
// bad_journal}.
Ledger read_journal(const std::string& file);

// Shards of one sweep, or the same sweep again. Throws Error{usage} where they are of different
// programs.
Ledger united(const std::vector<Ledger>& ledgers);

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_LEDGER_HPP
