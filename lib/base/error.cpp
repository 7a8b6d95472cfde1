#include "threadfault/error.hpp"

#include <algorithm>
#include <iterator>

namespace threadfault {
namespace {

struct Row {
    ErrorCode code;
    std::string_view name;
    const char* message;  // for a bare std::error_code; an Error has its own sentence
};

constexpr Row kErrors[] = {
    {ErrorCode::usage, "usage", "invalid argument"},
    {ErrorCode::bad_selector, "bad_selector", "malformed selector"},
    {ErrorCode::bad_spec, "bad_spec", "malformed call fault"},
    {ErrorCode::bad_scenario, "bad_scenario", "error in a scenario file"},
    {ErrorCode::bad_journal, "bad_journal", "malformed journal"},
    {ErrorCode::bad_regex, "bad_regex", "malformed regular expression"},
    {ErrorCode::bad_shim, "bad_shim", "the shim cannot be used"},
    {ErrorCode::no_such_file, "no_such_file", "file cannot be opened"},
    {ErrorCode::no_such_test, "no_such_test", "no such test"},
    {ErrorCode::no_such_function, "no_such_function", "no such function"},
    {ErrorCode::no_directory, "no_directory", "directory cannot be entered"},
    {ErrorCode::too_many_functions, "too_many_functions", "too many functions match"},
    {ErrorCode::illegitimate_fault, "illegitimate_fault", "no real program can meet this fault"},
    {ErrorCode::not_found, "not_found", "program not found"},
    {ErrorCode::not_executable, "not_executable", "program not executable"},
    {ErrorCode::no_graphviz, "no_graphviz", "graphviz cannot draw the graph"},
    {ErrorCode::no_command, "no_command", "the command threadfault was not found"},
    {ErrorCode::no_such_process, "no_such_process", "no such process"},
    {ErrorCode::no_such_thread, "no_such_thread", "no such thread"},
    {ErrorCode::ambiguous_selector, "ambiguous_selector", "several threads match"},
    {ErrorCode::no_agent, "no_agent", "no agent in the process"},
    {ErrorCode::needs_points, "needs_points", "the points library is not loaded"},
    {ErrorCode::no_shim, "no_shim", "the shim was not found"},
    {ErrorCode::cannot_preload, "cannot_preload", "the shim cannot be loaded into the program"},
    {ErrorCode::version_mismatch, "version_mismatch", "the agent is of another version"},
    {ErrorCode::protocol_error, "protocol_error", "the agent refused the request"},
    {ErrorCode::too_many_clients, "too_many_clients", "the agent serves too many clients"},
    {ErrorCode::not_permitted, "not_permitted", "not permitted"},
    {ErrorCode::cannot_read, "cannot_read", "process data cannot be read"},
    {ErrorCode::target_stopped, "target_stopped", "the target is stopped"},
    {ErrorCode::agent_silent, "agent_silent", "the agent does not answer"},
    {ErrorCode::too_many, "too_many", "too many call faults"},
    {ErrorCode::not_ready, "not_ready", "the target is not ready in time"},
    {ErrorCode::target_died, "target_died", "the target ended"},
    {ErrorCode::input_closed, "input_closed", "the target no longer reads its input"},
    {ErrorCode::internal, "internal", "internal error"},
    {ErrorCode::no_helper, "no_helper", "a helper program cannot be started"},
    {ErrorCode::no_guardian, "no_guardian", "the guardian cannot be started"},
    {ErrorCode::no_stack, "no_stack", "the stack cannot be shown"},
    {ErrorCode::not_written, "not_written", "the output cannot be written"},
};

constexpr bool is_complete() {
    for (std::size_t i = 0; i < std::size(kErrors); i++) {
        if (static_cast<std::size_t>(kErrors[i].code) != i + 1) return false;
    }
    return kErrors[std::size(kErrors) - 1].code == ErrorCode::not_written;
}
static_assert(is_complete(), "one row an ErrorCode, in the order of the enumeration");

const Row* find(int code) noexcept {
    const bool known = code >= 1 && static_cast<std::size_t>(code) <= std::size(kErrors);
    return known ? &kErrors[code - 1] : nullptr;
}

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "threadfault"; }
    std::string message(int code) const override {
        const Row* row = find(code);
        return row != nullptr ? row->message : "unknown error";
    }
};

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
    const Row* row = find(static_cast<int>(code));
    return row != nullptr ? row->name : "unknown";
}

std::optional<ErrorCode> parse_error_code(std::string_view name) noexcept {
    const auto* row = std::find_if(std::begin(kErrors), std::end(kErrors),
                                   [name](const Row& each) { return each.name == name; });
    if (row == std::end(kErrors)) return std::nullopt;
    return row->code;
}

const std::error_category& error_category() noexcept {
    static const Category category;
    return category;
}

std::error_code make_error_code(ErrorCode code) noexcept {
    return {static_cast<int>(code), error_category()};
}

}  // namespace threadfault
