#include "drive/programs/ask_helper.hpp"

#include "base/run.hpp"
#include "drive/programs/find_helper.hpp"
#include "threadfault/error.hpp"

namespace threadfault::drive {

std::optional<std::string> ask_helper(std::string_view name,
                                      const std::vector<std::string>& arguments,
                                      std::string_view input, std::chrono::seconds patience) {
    std::vector<std::string> command;
    try {
        command.push_back(find_helper(name));
    } catch (const Error&) {
        return std::nullopt;
    }
    command.insert(command.end(), arguments.begin(), arguments.end());
    base::RunResult answer = base::run(
        command, {.input = input, .deadline = std::chrono::steady_clock::now() + patience});
    if (!answer.succeeded() || answer.truncated) return std::nullopt;
    return std::move(answer.output);
}

}  // namespace threadfault::drive
