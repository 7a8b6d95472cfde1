// The one exception type of threadfault's C++ libraries.
#ifndef THREADFAULT_ERROR_HPP
#define THREADFAULT_ERROR_HPP

#include <string>
#include <system_error>

namespace threadfault {

// The documented exit codes of the command line (threadfault(1), EXIT STATUS).
enum class ExitCode : int {
    done = 0,
    bad_verdict = 1,
    usage = 2,
    no_such_thread = 3,  // no such process or thread, or an ambiguous selector
    no_agent = 4,
    not_permitted = 5,
    no_effect = 6,  // the fault did not take effect in time
    target_died = 7,
};

// What went wrong, as the user is told it: `code_name` is the stable identifier of the JSON error
// ("no_such_thread"), what() the sentence, `hint` what to do next (may be empty).
class Error : public std::system_error {
public:
    Error(ExitCode exit_code, std::string code_name, const std::string& message,
          std::string hint = {}, std::error_code cause = {})
        : std::system_error(cause),
          exit_code_(exit_code),
          code_name_(std::move(code_name)),
          message_(message),
          hint_(std::move(hint)) {}

    const char* what() const noexcept override { return message_.c_str(); }
    ExitCode exit_code() const noexcept { return exit_code_; }
    const std::string& code_name() const noexcept { return code_name_; }
    const std::string& hint() const noexcept { return hint_; }

private:
    ExitCode exit_code_;
    std::string code_name_;
    std::string message_;
    std::string hint_;
};

}  // namespace threadfault

#endif  // THREADFAULT_ERROR_HPP
