// Stacks, by the command: unwinding needs what a test program should not have to link.
#include "base/run.hpp"
#include "format/format.hpp"
#include "harness/impl.hpp"
#include "harness/installation.hpp"

#include <utility>

namespace threadfault {
namespace {

// The command's exit status (threadfault(1)) is all that a program learns of its error.
ErrorCode code_of(const base::RunResult& answer) {
    if (answer.end != base::RunResult::End::exited) return ErrorCode::no_stack;
    switch (answer.code) {
        case 2:
            return ErrorCode::bad_selector;
        case 3:
            return ErrorCode::no_such_thread;
        case 4:
            return ErrorCode::no_agent;
        case 5:
            return ErrorCode::not_permitted;
        case 6:
            return ErrorCode::agent_silent;
        case 7:
            return ErrorCode::target_died;
        default:
            return ErrorCode::no_stack;
    }
}

}  // namespace

std::string Target::Impl::stack(std::string_view selector) const {
    std::vector<std::string> arguments = {target::find_command(), "stack", "--color", "never",
                                          std::to_string(pid)};
    if (!selector.empty()) arguments.emplace_back(selector);
    // As long as it takes: the command has deadlines of its own for each of its steps.
    base::RunResult answer = base::run(arguments, {.errors = base::RunOptions::Errors::apart});
    if (answer.succeeded()) return std::move(answer.output);
    if (answer.end == base::RunResult::End::not_started) {
        throw std::system_error(answer.code, std::generic_category(), arguments.front());
    }
    if (has_ended()) throw_ended();
    while (answer.errors.ends_with('\n'))
        answer.errors.pop_back();
    throw Error(code_of(answer), formatted("{}: no stack: {}", who(), answer.errors));
}

void Target::Impl::note_stack(const std::vector<drive::Victim>& victims) {
    std::string text;
    // Of many victims only the first are shown, so that the others are not delayed.
    constexpr std::size_t kMost = 4;
    for (std::size_t i = 0; i < std::min(victims.size(), kMost); ++i) {
        try {
            text += stack(std::to_string(victims[i].tid));
        } catch (const std::exception&) {
            // A missing stack must not prevent the fault.
        }
    }
    const std::lock_guard lock(mutex);
    last_stack = std::move(text);
}

std::string Target::stack(std::string_view selector) const {
    return impl_->stack(selector);
}

std::string Target::last_stack() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->last_stack;
}

}  // namespace threadfault
