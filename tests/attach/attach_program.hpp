// The program of target.cpp, which tells what it has noticed of us.
#ifndef THREADFAULT_TESTS_ATTACH_ATTACH_PROGRAM_HPP
#define THREADFAULT_TESTS_ATTACH_ATTACH_PROGRAM_HPP

#include "attached_state.hpp"
#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace threadfault::test {

class AttachProgram : public testing::Test {
protected:
    void begin(const char* program) {
        process_ = std::make_unique<Process>(std::vector<std::string>{program});
        ASSERT_EQ(process_->read_until("ready"), "ready") << process_->errors();
        // All of them in their calls: a newborn thread has all signals blocked.
        ASSERT_TRUE(eventually([&] {
            for (const char* name : {"sleeper", "epoller", "sigwaiter", "waiter"})
                if (tid(name) == 0 || task_state(pid(), tid(name)) != 'S') return false;
            const Noticed now = ask();
            return now.steps > 0 && now.spins > 0;
        }));
        before_ = state_of(pid());
    }
    pid_t pid() const { return process_->pid(); }
    pid_t tid(const std::string& name) const { return task_named(pid(), name).value_or(0); }
    struct Noticed {
        int interrupted = -1;
        int destroyed = -1;
        unsigned long spins = 0;
        unsigned long steps = 0;
    };
    Noticed ask() {
        process_->write("\n");
        std::istringstream answer(process_->read_until("noticed ").value_or(""));
        std::string word;
        Noticed noticed;
        answer >> word >> noticed.interrupted >> word >> noticed.destroyed >> word >>
            noticed.spins >> word >> noticed.steps;
        return noticed;
    }
    bool goes_on() {
        const Noticed first = ask();
        return eventually([&] {
            const Noticed now = ask();
            return now.spins > first.spins && now.steps > first.steps;
        });
    }

    std::unique_ptr<Process> process_;
    std::string before_;
};

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_ATTACH_ATTACH_PROGRAM_HPP
