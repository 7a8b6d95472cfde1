// What a good file means.
#include "scenario/parse.hpp"
#include "scenario/placeholders.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace threadfault::scenario;
using threadfault::How;
using threadfault::Pick;
using threadfault::Shim;

constexpr const char* kWhole = R"(
[target]
command = ["./server", "--port", "{port}"]
env = { A = "1", B = "2" }
cwd = "data"
ready = { listening = "{port}", within = "5s" }
shim = "points"

[[probe]]
name = "ping"
tcp = { to = "127.0.0.1:{port}", send = "ping\n", expect = "^pong" }
every = "50ms"
within = "500ms"

[[probe]]
name = "page"
http = { url = "http://127.0.0.1:{port}/", status = 204 }

[[probe]]
name = "tool"
command = ["tool", "--check"]

[[test]]
name = "everything"
timeout = "30s"
target = { env = { B = "3" }, shim = "basic" }
steps = [
    { kill = "name=w*", how = "vanish", wait = "2s", anywhere = true, first = true },
    { sig = "usr1", signal = "main", value = -4 },
    { freeze = "path=main/1", for = "1s", random = 7 },
    { thaw = "name=*", all = true },
    { slow = "name=w", to = "10%", for = "2s" },
    { delay = "name=w", for = "250ms" },
    { spin = "name=w", for = "100ms" },
    { interrupt = "waiting=cond" },
    { demote = "name=w", nice = 5, idle = true, cpus = "0,2-3", for = "1m" },
    { inject = "pthread_create:error=EAGAIN:when=3" },
    { wait = "10ms" },
    { wait_for_thread = "name=w", within = "3s" },
    { run = "true", exit_code = 3 },
    { expect = { alive = true, probe = "ping", recovers_within = "2s", progresses = "3s", threads = { "name=w" = 2 }, log_free_of = ["panic", "fatal"] } },
    { expect = { no_orphaned_locks = true, output = "ready" } },
    { expect = { signal = "SEGV" } },
]
)";

template <typename What>
const What& step(const TestSpec& test, std::size_t index) {
    return std::get<What>(test.steps.at(index).what);
}

TEST(Parse, Target) {
    const Scenario scenario = parse_text("dir/s.toml", kWhole);
    ASSERT_EQ(scenario.tests.size(), 1U);
    const TargetSpec& target = scenario.tests[0].target;
    EXPECT_EQ(target.command, (std::vector<std::string>{"./server", "--port", "{port}"}));
    EXPECT_EQ(target.environment.at("A"), "1");
    EXPECT_EQ(target.environment.at("B"), "3") << "the test's own";
    EXPECT_EQ(target.directory, "{dir}/data");
    EXPECT_EQ(target.ready.listening, "{port}");
    EXPECT_EQ(target.ready.within, 5s);
    EXPECT_EQ(target.shim, Shim::basic);
}

TEST(Parse, Probes) {
    const Scenario scenario = parse_text("s.toml", kWhole);
    ASSERT_EQ(scenario.probes.size(), 3U);
    const ProbeSpec& ping = *scenario.find_probe("ping");
    EXPECT_EQ(std::get<SocketProbe>(ping.how).to, "127.0.0.1:{port}");
    EXPECT_EQ(std::get<SocketProbe>(ping.how).send, "ping\n");
    EXPECT_EQ(ping.every, 50ms);
    EXPECT_EQ(ping.within, 500ms);
    EXPECT_EQ(std::get<HttpProbe>(scenario.find_probe("page")->how).status, 204);
    EXPECT_EQ(std::get<CommandProbe>(scenario.find_probe("tool")->how).command.size(), 2U);
    EXPECT_EQ(scenario.find_probe("tool")->within, 1s) << "the default";
    EXPECT_EQ(scenario.find_probe("none"), nullptr);
}

TEST(Parse, Faults) {
    const TestSpec test = parse_text("s.toml", kWhole).tests.at(0);
    const auto& kill = step<FaultStep>(test, 0);
    EXPECT_EQ(kill.verb, Verb::kill);
    EXPECT_EQ(kill.selector, "name=w*");
    EXPECT_EQ(kill.options.how, How::vanish);
    EXPECT_EQ(kill.options.wait, 2s);
    EXPECT_TRUE(kill.options.anywhere);
    EXPECT_EQ(kill.options.pick, Pick::first);
    EXPECT_EQ(step<FaultStep>(test, 1).signal, SIGUSR1);
    EXPECT_EQ(step<FaultStep>(test, 1).value, -4);
    EXPECT_EQ(step<FaultStep>(test, 2).options.pick, Pick::random);
    EXPECT_EQ(step<FaultStep>(test, 2).options.seed, 7U);
    EXPECT_EQ(step<FaultStep>(test, 2).options.duration, 1s);
    EXPECT_EQ(step<FaultStep>(test, 3).options.pick, Pick::all);
    EXPECT_EQ(step<FaultStep>(test, 4).percent, 10U);
    EXPECT_EQ(step<FaultStep>(test, 5).time, 250ms);
    EXPECT_EQ(step<FaultStep>(test, 6).verb, Verb::spin);
    EXPECT_EQ(step<FaultStep>(test, 7).verb, Verb::interrupt);
    const auto& demote = step<FaultStep>(test, 8);
    EXPECT_EQ(demote.demotion.nice, 5);
    EXPECT_TRUE(demote.demotion.idle);
    EXPECT_EQ(demote.demotion.cpus, "0,2-3");
    EXPECT_EQ(demote.options.duration, 1min);
}

TEST(Parse, OtherSteps) {
    const TestSpec test = parse_text("s.toml", kWhole).tests.at(0);
    EXPECT_EQ(test.timeout, 30s);
    EXPECT_EQ(step<InjectStep>(test, 9).spec, "pthread_create:error=EAGAIN:when=3");
    EXPECT_EQ(step<WaitStep>(test, 10).time, 10ms);
    EXPECT_EQ(step<WaitForThreadStep>(test, 11).within, 3s);
    EXPECT_EQ(step<RunStep>(test, 12).exit_code, 3);
    const auto& expect = step<Expectation>(test, 13);
    EXPECT_EQ(expect.alive, true);
    EXPECT_EQ(expect.probe, "ping");
    EXPECT_EQ(expect.recovers_within, 2s);
    EXPECT_EQ(expect.progresses, true);
    EXPECT_EQ(expect.watched, 3s);
    EXPECT_EQ(expect.threads_of.at("name=w"), 2U);
    EXPECT_EQ(expect.log_free_of.size(), 2U);
    EXPECT_FALSE(expect.foresees_end());
    EXPECT_EQ(step<Expectation>(test, 14).no_orphaned_locks, true);
    EXPECT_EQ(step<Expectation>(test, 14).output, "ready");
    EXPECT_EQ(step<Expectation>(test, 15).signal, SIGSEGV);
    EXPECT_TRUE(step<Expectation>(test, 15).foresees_end());
}

TEST(Parse, StepsKeepTheirText) {
    const TestSpec test = parse_text("s.toml", kWhole).tests.at(0);
    EXPECT_EQ(test.steps[1].text, R"({ sig = "usr1", signal = "main", value = -4 })");
    EXPECT_EQ(test.steps[1].place.text(), "s.toml:29:5");
    EXPECT_EQ(test.steps[15].text, R"({ expect = { signal = "SEGV" } })");
}

TEST(Parse, AStepMayBeATableOfItsOwn) {
    const TestSpec test = parse_text("s.toml", R"(
[target]
command = ["./server"]
[[test]]
name = "t"
[[test.steps]]
kill = "name=w"
first = true
[[test.steps]]
[test.steps.expect]
alive = true
)")
                              .tests.at(0);
    ASSERT_EQ(test.steps.size(), 2U);
    EXPECT_EQ(step<FaultStep>(test, 0).options.pick, Pick::first);
    EXPECT_EQ(test.steps[0].text, "{ first = true, kill = 'name=w' }");
    EXPECT_EQ(step<Expectation>(test, 1).alive, true);
}

// Quadratic work would take minutes.
TEST(Parse, ManyStepsOnOneLineAndOnMany) {
    for (const char* const between : {" ", "\n"}) {
        std::string text = "[target]\ncommand = [\"x\"]\n[[test]]\nname = \"t\"\nsteps = [";
        for (int i = 0; i < 16'000; ++i)
            text += std::string("{ kill = \"name=w\", how = \"vanish\" },") + between;
        const TestSpec test = parse_text("s.toml", text + "]\n").tests.at(0);
        ASSERT_EQ(test.steps.size(), 16'000U);
        for (const std::size_t at : {0, 7'999, 15'999})
            EXPECT_EQ(test.steps[at].text, "{ kill = \"name=w\", how = \"vanish\" }") << at;
    }
}

TEST(Parse, AStepMayBeAboutAnotherProcess) {
    const TestSpec test = parse_text("s.toml", R"(
[target]
command = ["./server"]
[[test]]
name = "t"
steps = [
    { kill = "name=w", process = { command = "work*", children = true, first = true, within = "2s" } },
    { expect = { threads = 3 }, process = { children = true } },
    { wait_for_thread = "name=w" },
]
)")
                              .tests.at(0);
    ASSERT_TRUE(test.steps[0].process);
    EXPECT_EQ(test.steps[0].process->command, "work*");
    EXPECT_TRUE(test.steps[0].process->children);
    EXPECT_TRUE(test.steps[0].process->first);
    EXPECT_EQ(test.steps[0].process->within, 2s);
    ASSERT_TRUE(test.steps[1].process);
    EXPECT_FALSE(test.steps[1].process->first);
    EXPECT_FALSE(test.steps[2].process);
}

TEST(Parse, WhatCantBeReadIsTold) {
    EXPECT_THROW(parse_file("/nowhere/s.toml"), threadfault::Error);
    try {
        parse_file("/");
        FAIL() << "a directory is no file";
    } catch (const threadfault::Error& error) {
        EXPECT_STREQ(error.what(), "/ can't be read: Is a directory");
        EXPECT_EQ(error.code(), threadfault::ErrorCode::no_such_file);
    }
}

TEST(Placeholders, AreFilledIn) {
    const Placeholders values{.port = "8080", .tmp = "/tmp/x", .dir = "/d{port}"};
    EXPECT_EQ(values.fill("{tmp}:{port}{port}"), "/tmp/x:80808080");
    EXPECT_EQ(values.fill("{dir}"), "/d{port}") << "once";
    EXPECT_EQ(values.fill("{prot} {} {"), "{prot} {} {");
    EXPECT_TRUE(mentions("a{port}b", "port"));
    EXPECT_FALSE(mentions("port", "port"));
}

}  // namespace
