// The one exception type of threadfault's C++ libraries.
//
//   try { … } catch (const threadfault::Error& error) {
//       if (error.code() == threadfault::ErrorCode::no_such_thread) …
//   }
//
// Needs C++17.
#ifndef THREADFAULT_ERROR_HPP
#define THREADFAULT_ERROR_HPP

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace threadfault {

// What went wrong. The names are stable: they are the "code" of the command line's JSON errors.
enum class ErrorCode : int {
    // What was asked for makes no sense.
    usage = 1,
    bad_selector,
    bad_spec,
    bad_scenario,
    bad_journal,
    bad_regex,
    bad_shim,
    no_such_file,
    no_such_test,
    no_such_function,
    no_directory,
    too_many_functions,
    illegitimate_fault,
    not_found,
    not_executable,
    no_graphviz,
    no_command,
    // Nothing, or more than one thing, has that name.
    no_such_process,
    no_such_thread,
    ambiguous_selector,
    // No agent that could do it.
    no_agent,
    needs_points,
    no_shim,
    cannot_preload,
    version_mismatch,
    protocol_error,
    too_many_clients,
    // The kernel or the agent does not allow it.
    not_permitted,
    cannot_read,
    // Not in time, or not now.
    target_stopped,
    agent_silent,
    too_many,
    not_ready,
    // The target is gone.
    target_died,
    input_closed,
    // threadfault itself could not do its work.
    internal,
    no_helper,
    no_guardian,
    no_stack,
    not_written,
};

// "no_such_thread"; "unknown" for a value that is none of the above.
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;
[[nodiscard]] std::optional<ErrorCode> parse_error_code(std::string_view name) noexcept;

// Its name is "threadfault".
[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(ErrorCode code) noexcept;

// What a hint can be made of.
struct ErrorFacts {
    std::string advice = {};                   // "did you mean name=x?"; may be empty
    pid_t pid = 0;                             // the process that it is about; 0: none
    std::string nearest = {};                  // what exists and is named much alike
    std::vector<std::string> candidates = {};  // ambiguous_selector: all threads that match
    bool shim_loaded = false;                  // no_agent: the shim is in the process
    bool may_attach = false;                   // no_agent: attaching can make it a target
};

class Error : public std::system_error {
public:
    Error(ErrorCode code, std::string message, ErrorFacts facts, std::error_code cause = {})
        : std::system_error(make_error_code(code)),
          message_(std::move(message)),
          facts_(std::move(facts)),
          cause_(cause) {}

    explicit Error(ErrorCode code, std::string message = {}, std::string advice = {},
                   std::error_code cause = {})
        : Error(code, std::move(message), with_advice(std::move(advice)), cause) {}

    // The fact, as a sentence.
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
    // code() as the enumeration, for a switch.
    [[nodiscard]] ErrorCode error_code() const noexcept {
        return static_cast<ErrorCode>(code().value());
    }
    [[nodiscard]] const ErrorFacts& facts() const noexcept { return facts_; }
    [[nodiscard]] const std::string& advice() const noexcept { return facts_.advice; }
    // The system's error behind it, where there was one.
    [[nodiscard]] const std::error_code& cause() const noexcept { return cause_; }

private:
    static ErrorFacts with_advice(std::string advice) {
        ErrorFacts facts;
        facts.advice = std::move(advice);
        return facts;
    }

    std::string message_;
    ErrorFacts facts_;
    std::error_code cause_;
};

}  // namespace threadfault

template <>
struct std::is_error_code_enum<threadfault::ErrorCode> : std::true_type {};

#endif  // THREADFAULT_ERROR_HPP
