// Target::attach_to() of programs that run without a shim.
#include "attach_program.hpp"
#include "support/cli.hpp"
#include "support/error_of.hpp"
#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "support/process.hpp"
#include "threadfault/target.hpp"

#include <gtest/gtest.h>

#include <signal.h>

#include <memory>
#include <sstream>

namespace threadfault::test {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kLong{60};

class AttachTo : public AttachProgram {
protected:
    void SetUp() override { begin(ATTACH_TARGET); }
    // As if nobody had ever been there.
    void expect_unharmed() {
        EXPECT_EQ(state_of(pid()), before_);
        EXPECT_TRUE(guardian_goes());
        EXPECT_EQ(ask().interrupted, 0);
        EXPECT_TRUE(goes_on());
    }
    // It may still be about to end.
    bool guardian_goes() const {
        return eventually([&] { return guardian_of(pid()) == 0; });
    }
    bool is_frozen(const char* name) const {
        const CliResult list = run_cli({"--json", "ps", std::to_string(pid())});
        for (const auto& thread : list.json["threads"])
            if (thread["name"] == name && !thread["faults"].empty()) return true;
        return false;
    }
};

Outcome only(const Target::Results& results) {
    return results.size() == 1 ? results.front().outcome : Outcome::refused;
}

TEST_F(AttachTo, DoesWhatTheShimDoesAndLeavesNothing) {
    {
        Target target = Target::attach_to(pid());
        EXPECT_NE(guardian_of(pid()), 0);
        EXPECT_EQ(target.wait_for_thread("start=*::step>*", kLong).name, "stepper");
        EventStream events = target.events();
        EXPECT_EQ(only(target.freeze("name=stepper")), Outcome::done);
        const auto event = events.next(kLong);
        ASSERT_TRUE(event);
        EXPECT_EQ(event->fault, "freeze");
        EXPECT_EQ(target.threads("name=stepper").front().faults,
                  std::vector<std::string>{"freeze"});
        EXPECT_NE(target.stack("name=stepper").find("nanosleep"), std::string::npos);
        EXPECT_EQ(only(target.thaw()), Outcome::done);
        EXPECT_EQ(only(target.slow("name=spinner", 10)), Outcome::done);
        EXPECT_EQ(only(target.delay("name=epoller", 10ms)), Outcome::done);
        EXPECT_EQ(only(target.spin("name=waiter", 10ms)), Outcome::done);
        EXPECT_EQ(only(target.demote("name=sleeper", {.idle = true})), Outcome::done);
        EXPECT_EQ(only(target.freeze("name=sigwaiter")), Outcome::done);
        EXPECT_FALSE(target.locks().has_orphans());
        EXPECT_TRUE(target.alive());
    }
    expect_unharmed();
}

TEST_F(AttachTo, EndsThreads) {
    {
        Target target = Target::attach_to(pid());
        EXPECT_EQ(only(target.kill("name=sleeper", {.how = How::vanish})), Outcome::ended);
        EXPECT_NE(target.last_stack().find("nanosleep"), std::string::npos);
        EXPECT_EQ(only(target.kill("name=waiter", {.how = How::exit})), Outcome::ended);
        EXPECT_TRUE(target.wait_until_gone("name=sleeper", kLong));
        EXPECT_EQ(only(target.interrupt("name=epoller")), Outcome::done);
        EXPECT_TRUE(eventually([&] { return ask().interrupted == 1; }));
        EXPECT_EQ(only(target.signal("name=sigwaiter", "USR2")), Outcome::done);
    }
    EXPECT_EQ(ask().destroyed, 1);
    EXPECT_TRUE(guardian_goes());
}

TEST_F(AttachTo, SaysWhatTakesTheShim) {
    Target target = Target::attach_to(pid());
    for (const char* spec : {"read:delay=1ms", "pthread_create:error=EAGAIN"}) {
        const Error error = error_of([&] { target.inject(spec); });
        EXPECT_EQ(error.code(), ErrorCode::needs_points);
        EXPECT_NE(std::string(error.what()).find("attached"), std::string::npos) << error.what();
    }
    EXPECT_TRUE(target.injections().empty());
    const Error path = error_of([&] { (void)target.kill("path=main/1"); });
    EXPECT_EQ(path.code(), ErrorCode::no_such_thread);
    EXPECT_NE(std::string(path.what()).find("not known: who created"), std::string::npos)
        << path.what();
    EXPECT_EQ(target.threads("name=stepper").front().path, "");
    EXPECT_EQ(error_of([&] { (void)target.wait_for_line("x", 0s); }).code(), ErrorCode::usage);
    EXPECT_EQ(error_of([&] { target.write("x"); }).code(), ErrorCode::usage);
    EXPECT_EQ(target.output(), "");
}

TEST_F(AttachTo, TheLastOneLetsGo) {
    auto first = std::make_unique<Target>(Target::attach_to(pid()));
    Target second = Target::attach_to(pid());
    EXPECT_EQ(only(second.freeze("name=stepper")), Outcome::done);
    first.reset();
    EXPECT_TRUE(is_frozen("stepper"));
    second.detach();
    EXPECT_EQ(state_of(pid()), before_) << "at once";
    EXPECT_EQ(error_of([&] { (void)second.freeze("name=stepper"); }).code(), ErrorCode::no_agent);
    second.detach();  // once is enough
    expect_unharmed();
}

TEST_F(AttachTo, LeavesAGuardianThatWasThere) {
    const std::string number = std::to_string(pid());
    ASSERT_EQ(run_cli({"attach", number}).exit_code, 0);
    const pid_t guardian = guardian_of(pid());
    {
        Target target = Target::attach_to(pid());
        EXPECT_EQ(only(target.freeze("name=stepper")), Outcome::done);
    }
    EXPECT_EQ(guardian_of(pid()), guardian);
    EXPECT_TRUE(is_frozen("stepper"));
    ASSERT_EQ(run_cli({"detach", number}).exit_code, 0);
    expect_unharmed();
}

TEST_F(AttachTo, CleansUpAfterAGuardianThatIsKilled) {
    {
        Target target = Target::attach_to(pid());
        EXPECT_EQ(only(target.freeze("name=stepper")), Outcome::done);
        EXPECT_EQ(only(target.freeze("name=epoller")), Outcome::done);
        kill(guardian_of(pid()), SIGKILL);
        ASSERT_TRUE(eventually([&] { return guardian_of(pid()) == 0; }));
    }
    expect_unharmed();
}

TEST_F(AttachTo, WaitsUntilReady) {
    EXPECT_EQ(Target::attach_to(pid(), {.ready = {.thread = "name=stepper", .within = kLong}})
                  .threads("name=stepper")
                  .size(),
              1U);
    const Error late = error_of([&] {
        (void)Target::attach_to(pid(), {.ready = {.thread = "name=nobody", .within = 0s}});
    });
    EXPECT_EQ(late.code(), ErrorCode::not_ready);
    const Error output =
        error_of([&] { (void)Target::attach_to(pid(), {.ready = {.output = "ready"}}); });
    EXPECT_EQ(output.code(), ErrorCode::usage);
    expect_unharmed();
}

TEST_F(AttachTo, AStaticProgramAndItsEnd) {
    begin(ATTACH_TARGET_STATIC);
    Target target = Target::attach_to(pid());
    EXPECT_EQ(only(target.freeze("name=stepper")), Outcome::done);
    const std::optional<threadfault::Exit> exit = target.terminate();
    ASSERT_TRUE(exit);
    EXPECT_FALSE(target.alive());
    EXPECT_EQ(error_of([&] { (void)target.freeze("name=stepper"); }).code(),
              ErrorCode::target_died);
}

TEST_F(AttachTo, IsRefusedWithTheReason) {
    process_->send_signal(SIGSTOP);
    ASSERT_TRUE(eventually([&] { return task_state(pid(), pid()) == 'T'; }));
    EXPECT_EQ(error_of([&] { (void)Target::attach_to(pid()); }).code(), ErrorCode::target_stopped);
    process_->send_signal(SIGCONT);
    EXPECT_EQ(error_of([] { (void)Target::attach_to(999'999'999); }).code(),
              ErrorCode::no_such_process);
}

}  // namespace
}  // namespace threadfault::test
