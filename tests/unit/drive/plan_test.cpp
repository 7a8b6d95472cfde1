// The limits of what may be asked for, in the one place that checks them.
#include "drive/faults/plan.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

namespace threadfault::drive {
namespace {

using namespace std::chrono_literals;
using wire::Fault;

// Part and text of what is wrong; "" where nothing is.
std::string wrong(const std::function<void()>& make, Part part) {
    try {
        make();
    } catch (const BadValue& error) {
        EXPECT_EQ(error.code(), ErrorCode::usage);
        EXPECT_EQ(error.part(), part) << error.what();
        return error.advice().empty() ? error.what()
                                      : std::string(error.what()) + " | " + error.advice();
    }
    return "";
}

std::string wrong(const PlanInput& input, Part part) {
    return wrong([&] { const Plan plan(input); }, part);
}

TEST(PlanWords, Deaths) {
    EXPECT_EQ(parse_how("cancel"), Fault::cancel);
    EXPECT_EQ(parse_how("async-cancel"), Fault::async_cancel);
    EXPECT_EQ(parse_how("exit"), Fault::exit);
    EXPECT_EQ(parse_how("vanish"), Fault::vanish);
    for (const char* const text : {"", "CANCEL", "signal", "look", "freeze", "cancel "})
        EXPECT_THROW(parse_how(text), BadValue) << text;
    EXPECT_EQ(wrong([] { parse_how("vansh"); }, Part::how),
              "invalid value \"vansh\" | did you mean vanish?");
    EXPECT_EQ(wrong([] { parse_how("murder"); }, Part::how),
              "invalid value \"murder\" | one of cancel, async-cancel, exit, vanish");
}

TEST(PlanWords, Percentages) {
    EXPECT_EQ(parse_percent("1%"), 1U);
    EXPECT_EQ(parse_percent("99"), 99U);
    for (const char* const text : {"", "%", "0", "0%", "100%", "5%%", "-5", "1.5%", "x"}) {
        EXPECT_EQ(wrong([&] { parse_percent(text); }, Part::percent),
                  '"' + std::string(text) + "\" is not between 1% and 99%");
    }
}

TEST(PlanWords, NiceValues) {
    EXPECT_EQ(parse_nice("-20"), -20);
    EXPECT_EQ(parse_nice("19"), 19);
    for (const char* const text : {"", "-21", "20", "x", "1 "})
        EXPECT_THROW(parse_nice(text), BadValue) << text;
}

TEST(Plan, Percent) {
    EXPECT_EQ(wrong({.fault = Fault::slow, .percent = 0}, Part::percent),
              "\"0%\" is not between 1% and 99%");
    EXPECT_NE(wrong({.fault = Fault::slow, .percent = 100}, Part::percent), "");
    EXPECT_EQ(wrong({.fault = Fault::slow, .percent = 1}, Part::percent), "");
    EXPECT_EQ(Plan({.fault = Fault::slow, .percent = 99}).percent(), 99U);
}

TEST(Plan, Durations) {
    EXPECT_NE(wrong({.fault = Fault::delay}, Part::time), "") << "it must have one";
    EXPECT_NE(wrong({.fault = Fault::spin}, Part::time), "");
    EXPECT_EQ(wrong({.fault = Fault::freeze}, Part::time), "") << "it may have one";
    for (const Fault fault : {Fault::freeze, Fault::delay, Fault::spin}) {
        EXPECT_EQ(wrong({.fault = fault, .duration = 0ns}, Part::time),
                  "duration must be greater than zero | for example 500ms");
        EXPECT_NE(wrong({.fault = fault, .duration = -1s}, Part::time), "");
        EXPECT_EQ(Plan({.fault = fault, .duration = 1ms}).duration(), 1ms);
    }
    EXPECT_NE(wrong({.fault = Fault::interrupt, .duration = 1s}, Part::time), "");
    EXPECT_NE(wrong({.fault = Fault::vanish, .duration = 1s}, Part::time), "");
}

TEST(Plan, Signals) {
    for (const int number : {32, 33}) {
        EXPECT_EQ(wrong({.fault = Fault::signal, .signal = number}, Part::signal),
                  "reserved by glibc | use `kill` to cancel a thread");
    }
    for (const int number : {-1, 0, 65})
        EXPECT_NE(wrong({.fault = Fault::signal, .signal = number}, Part::signal), "") << number;
    for (const int number : {1, 31, 34, 64})
        EXPECT_EQ(wrong({.fault = Fault::signal, .signal = number}, Part::signal), "") << number;
    EXPECT_EQ(wrong([] { require_signal("TREM"); }, Part::signal),
              "\"TREM\" is not a signal | did you mean TERM?");
}

TEST(Plan, Demotions) {
    EXPECT_NE(wrong({.fault = Fault::demote}, Part::change), "");
    EXPECT_EQ(wrong({.fault = Fault::demote, .cpus = "0,x"}, Part::cpus),
              "\"x\" is not a CPU | write a list like 0 or 0,2-3");
    EXPECT_NE(wrong({.fault = Fault::demote, .nice = 20}, Part::nice), "");
    EXPECT_NE(wrong({.fault = Fault::demote, .nice = -21}, Part::nice), "");
    const Plan plan({.fault = Fault::demote, .nice = 0, .cpus = "1,64"});
    EXPECT_EQ(plan.flags(), wire::kDemoteNice | wire::kDemoteCpus);
    EXPECT_EQ(plan.request_for(1, 0, true).cpus[0], 2U);
    EXPECT_EQ(plan.request_for(1, 0, true).cpus[1], 1U);
}

TEST(Plan, MakesTheRequest) {
    const Plan plan({.fault = Fault::exit, .wait = 3s, .anywhere = true, .tell_frames = true});
    const wire::FaultRequest request = plan.request_for(4711, 9, true);
    EXPECT_EQ(request.fault, Fault::exit);
    EXPECT_EQ(request.tid, 4711);
    EXPECT_EQ(request.serial, 9U);
    EXPECT_EQ(request.wait_ns, 3'000'000'000);
    EXPECT_EQ(request.flags, wire::kFaultAnywhere | wire::kFaultTellFrames);
    EXPECT_EQ(plan.request_for(4711, 9, false).flags, wire::kFaultAnywhere);
    EXPECT_EQ(Plan({.fault = Fault::vanish, .only_judge = true}).flags(), wire::kFaultJudge);
    EXPECT_EQ(Plan({.fault = Fault::vanish, .tell_frames = true}).flags(), 0U)
        << "nothing unwinds: there is nothing to tell";
}

}  // namespace
}  // namespace threadfault::drive
