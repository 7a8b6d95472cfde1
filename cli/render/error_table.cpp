#include "render/error_table.hpp"

#include "base/rights.hpp"
#include "format/format.hpp"

#include <cstddef>
#include <iterator>

namespace threadfault::cli {
namespace {

using Hint = std::string (*)(const ErrorFacts&);

// What the library itself advises, or else `text`.
std::string or_else(const ErrorFacts& facts, std::string_view text) {
    return facts.advice.empty() ? std::string(text) : facts.advice;
}

std::string advice(const ErrorFacts& facts) {
    return facts.advice;
}

std::string no_such_process(const ErrorFacts& facts) {
    return or_else(facts, "`threadfault ps` lists the targets");
}

std::string no_such_thread(const ErrorFacts& facts) {
    if (!facts.nearest.empty()) {
        return formatted("the nearest is {}; `threadfault ps {}` lists them", facts.nearest,
                         facts.pid);
    }
    if (facts.pid == 0) return facts.advice;
    return or_else(facts, formatted("`threadfault ps {}` lists its threads", facts.pid));
}

std::string ambiguous_selector(const ErrorFacts& facts) {
    return or_else(facts,
                   "give a thread ID, narrow the selector, or use --first, --all or --random");
}

std::string illegitimate_fault(const ErrorFacts& facts) {
    return or_else(facts, "use --force to inject it anyway");
}

std::string no_agent(const ErrorFacts& facts) {
    if (facts.pid == 0) return facts.advice;
    if (facts.may_attach) {
        return formatted(
            "`threadfault attach {}`, or --attach with this command, makes it a "
            "target as it runs; or {}",
            facts.pid, or_else(facts, "start it with `threadfault run -- PROGRAM ARGS…`"));
    }
    if (!facts.shim_loaded)
        return or_else(facts, "start it with `threadfault run -- PROGRAM ARGS…`");
    return or_else(facts, formatted("`threadfault doctor {}` has details; `threadfault run --log "
                                    "FILE -- …` records why an agent can't start",
                                    facts.pid));
}

std::string no_shim(const ErrorFacts& facts) {
    const char* const option = "--shim PATH sets another location";
    return facts.advice.empty() ? option : formatted("{}; {}", facts.advice, option);
}

std::string version_mismatch(const ErrorFacts& facts) {
    return or_else(facts,
                   "restart the program under this threadfault, or use the one it was "
                   "started with");
}

std::string too_many_clients(const ErrorFacts& facts) {
    return or_else(facts, "try again when other threadfault commands on this process have ended");
}

std::string protocol_error(const ErrorFacts& facts) {
    return or_else(facts, "is the program's shim of the same build as this threadfault?");
}

std::string not_permitted(const ErrorFacts& facts) {
    return or_else(facts, std::string(base::advice_on_rights()));
}

std::string target_stopped(const ErrorFacts& facts) {
    if (facts.pid == 0) return facts.advice;
    return or_else(facts, formatted("kill -CONT {} continues it", facts.pid));
}

std::string agent_silent(const ErrorFacts& facts) {
    if (facts.pid == 0) return facts.advice;
    return or_else(facts, formatted("threadfault doctor {}", facts.pid));
}

std::string no_helper(const ErrorFacts& facts) {
    return or_else(facts, "reinstall threadfault");
}

struct Row {
    ErrorCode code;
    ExitCode exit;
    Hint hint = advice;
};

constexpr Row kTable[] = {
    {ErrorCode::usage, ExitCode::usage},
    {ErrorCode::bad_selector, ExitCode::usage},
    {ErrorCode::bad_spec, ExitCode::usage},
    {ErrorCode::bad_scenario, ExitCode::usage},
    {ErrorCode::bad_journal, ExitCode::usage},
    {ErrorCode::bad_regex, ExitCode::usage},
    {ErrorCode::bad_shim, ExitCode::usage},
    {ErrorCode::no_such_file, ExitCode::usage},
    {ErrorCode::no_such_test, ExitCode::usage},
    {ErrorCode::no_such_function, ExitCode::usage},
    {ErrorCode::no_directory, ExitCode::usage},
    {ErrorCode::too_many_functions, ExitCode::usage},
    {ErrorCode::illegitimate_fault, ExitCode::usage, illegitimate_fault},
    {ErrorCode::not_found, ExitCode::usage},       // `run`: 127
    {ErrorCode::not_executable, ExitCode::usage},  // `run`: 126
    {ErrorCode::no_graphviz, ExitCode::usage},
    {ErrorCode::no_command, ExitCode::internal},
    {ErrorCode::no_such_process, ExitCode::no_such_thread, no_such_process},
    {ErrorCode::no_such_thread, ExitCode::no_such_thread, no_such_thread},
    {ErrorCode::ambiguous_selector, ExitCode::no_such_thread, ambiguous_selector},
    {ErrorCode::no_agent, ExitCode::no_agent, no_agent},
    {ErrorCode::needs_points, ExitCode::no_agent},
    {ErrorCode::no_shim, ExitCode::no_agent, no_shim},
    {ErrorCode::cannot_preload, ExitCode::no_agent},
    {ErrorCode::version_mismatch, ExitCode::no_agent, version_mismatch},
    {ErrorCode::protocol_error, ExitCode::no_agent, protocol_error},
    {ErrorCode::too_many_clients, ExitCode::no_agent, too_many_clients},
    {ErrorCode::not_permitted, ExitCode::not_permitted, not_permitted},
    {ErrorCode::cannot_read, ExitCode::not_permitted},
    {ErrorCode::target_stopped, ExitCode::no_effect, target_stopped},
    {ErrorCode::agent_silent, ExitCode::no_effect, agent_silent},
    {ErrorCode::too_many, ExitCode::no_effect},
    {ErrorCode::not_ready, ExitCode::no_effect},
    {ErrorCode::target_died, ExitCode::target_died},
    {ErrorCode::input_closed, ExitCode::target_died},
    {ErrorCode::internal, ExitCode::internal},
    {ErrorCode::no_helper, ExitCode::internal, no_helper},
    {ErrorCode::no_guardian, ExitCode::internal},
    {ErrorCode::no_stack, ExitCode::internal},
    {ErrorCode::not_written, ExitCode::internal},
};

constexpr bool is_complete() {
    for (std::size_t i = 0; i < std::size(kTable); i++) {
        if (static_cast<std::size_t>(kTable[i].code) != i + 1) return false;
    }
    return kTable[std::size(kTable) - 1].code == ErrorCode::not_written;
}
static_assert(is_complete(), "one row an ErrorCode, in the order of the enumeration");

const Row& row_of(ErrorCode code) noexcept {
    const auto index = static_cast<std::size_t>(code) - 1;
    if (index < std::size(kTable)) return kTable[index];
    return kTable[static_cast<std::size_t>(ErrorCode::internal) - 1];
}

}  // namespace

ExitCode exit_code(ErrorCode code) noexcept {
    return row_of(code).exit;
}

int cannot_start_status(ErrorCode code) noexcept {
    return code == ErrorCode::not_found ? 127 : 126;
}

int exit_status(const Error& error) noexcept {
    return static_cast<int>(exit_code(error.error_code()));
}

std::string hint(const Error& error) {
    return row_of(error.error_code()).hint(error.facts());
}

}  // namespace threadfault::cli
