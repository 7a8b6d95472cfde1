// The target "victims" in one situation, ready for its end.
#ifndef THREADFAULT_TESTS_INTEGRATION_VICTIM_HPP
#define THREADFAULT_TESTS_INTEGRATION_VICTIM_HPP

#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace threadfault::test {

class Victim {
public:
    explicit Victim(const std::string& situation, Way way = Way::shim)
        : target_({TARGET_VICTIMS, situation}, {}, way) {}

    // The victim has said that it is where it should be, and the agent answers.
    void await() {
        ASSERT_EQ(target_.process().read_until("ready"), "ready") << target_.process().errors();
        ASSERT_TRUE(target_.ready()) << target_.process().errors();
        tid_ = task_named(target_.pid(), "victim").value_or(0);
        ASSERT_NE(tid_, 0);
    }

    Target& target() noexcept { return target_; }
    pid_t pid() const noexcept { return target_.pid(); }
    pid_t tid() const noexcept { return tid_; }
    bool lives() const { return task_exists(pid(), tid_); }

    CliResult kill(const std::string& how, const std::string& wait, bool anywhere = false) {
        std::vector<std::string> arguments = {"name=victim", "--how", how, "--wait", wait};
        if (anywhere) arguments.push_back("--anywhere");
        return target_.command("kill", arguments);
    }

    // Both bystanders go on counting.
    bool bystanders_progress() {
        const auto counts = [this] {
            std::istringstream answer(target_.ask("progress"));
            std::string word;
            unsigned long first = 0, second = 0;
            answer >> word >> first >> second;
            return std::pair(first, second);
        };
        const auto before = counts();
        return eventually([&] {
            const auto now = counts();
            return now.first > before.first && now.second > before.second;
        });
    }

private:
    Target target_;
    pid_t tid_ = 0;
};

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_INTEGRATION_VICTIM_HPP
