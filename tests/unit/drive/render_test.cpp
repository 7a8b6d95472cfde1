// The JSON that scripts read, and tables that stay tables whatever a target calls its threads.
#include "base/clean_text.hpp"
#include "render/json.hpp"
#include "render/locks.hpp"
#include "render/style.hpp"
#include "render/text.hpp"
#include "render/threads.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace {

using namespace threadfault;
using namespace threadfault::cli;
using nlohmann::json;

json parse(const std::string& text) {
    EXPECT_EQ(text.find('\n'), text.size() - 1) << "one object a line: " << text;
    return json::parse(text);
}

std::set<std::string> keys(const json& object) {
    std::set<std::string> keys;
    for (const auto& [key, value] : object.items())
        keys.insert(key);
    return keys;
}

drive::ThreadView thread_named(std::string name) {
    drive::ThreadView thread;
    thread.tid = 4713;
    thread.name = std::move(name);
    thread.state = 'S';
    return thread;
}

ThreadReport report_of(pid_t pid, const std::string& command, bool agent,
                       drive::ThreadView thread) {
    ThreadReport report;
    report.pid = pid;
    report.command = command;
    report.agent = agent;
    report.list.threads.push_back(std::move(thread));
    return report;
}

TEST(JsonThreads, HasTheDocumentedKeys) {
    const json report =
        parse(json_threads(report_of(4711, "server -t 4", true, thread_named("w"))));
    EXPECT_EQ(keys(report), (std::set<std::string>{"schema", "pid", "command", "agent", "container",
                                                   "limited", "limited_code", "threads"}));
    EXPECT_EQ(keys(report["threads"][0]), (std::set<std::string>{"tid",
                                                                 "name",
                                                                 "state",
                                                                 "main",
                                                                 "start",
                                                                 "start_location",
                                                                 "path",
                                                                 "index",
                                                                 "creator_tid",
                                                                 "pthread",
                                                                 "cpu_seconds",
                                                                 "age_seconds",
                                                                 "cancel",
                                                                 "waiting_on",
                                                                 "syscall",
                                                                 "holding",
                                                                 "signal_blocked",
                                                                 "faults",
                                                                 "hold_left_seconds",
                                                                 "slow_left_seconds",
                                                                 "slow_percent"}));
}

TEST(JsonSeconds, AreThoseThatWereMeasured) {
    drive::ThreadView thread = thread_named("w");
    thread.age_seconds = 1.0 + 0.1 + 0.2 - 1.0;  // 0.30000000000000004
    thread.cpu_seconds = 0.1 + 0.2;
    const std::string threads = json_threads(report_of(1, "", false, thread));
    EXPECT_NE(threads.find(R"("cpu_seconds":0.3,"age_seconds":0.3,)"), std::string::npos)
        << threads;
    thread.age_seconds = 1234567.0004;
    thread.cpu_seconds = 98765.43999999;
    EXPECT_NE(json_threads(report_of(1, "", false, thread))
                  .find(R"("cpu_seconds":98765.44,"age_seconds":1234567.0,)"),
              std::string::npos);
    drive::Result result;
    result.seconds = 0.00023100000000000003;
    EXPECT_TRUE(json_results(1, "kill", "vanish", {result}, false)
                    .ends_with(R"("seconds":0.000231})"
                               "\n"));
}

TEST(JsonThreads, WhatIsUnknownIsNull) {
    const json thread =
        parse(json_threads(report_of(1, "", false, thread_named("w"))))["threads"][0];
    for (const char* key : {"start", "start_location", "path", "index", "creator_tid", "pthread",
                            "cancel", "waiting_on", "syscall", "signal_blocked"}) {
        EXPECT_TRUE(thread[key].is_null()) << key;
    }
    EXPECT_TRUE(thread["faults"].is_array());
    EXPECT_TRUE(thread["faults"].empty());
}

TEST(JsonThreads, TellsWhatIsKnown) {
    drive::ThreadView thread = thread_named("w");
    thread.pthread = 0x7f00dead;
    thread.index = 2;
    thread.path = "main/2";
    thread.start = "work";
    thread.creator_tid = 4711;
    thread.signal_blocked = true;
    thread.cancel = wire::kCancelDisabled | wire::kCancelAsynchronous | wire::kCancelPending;
    thread.faults = wire::kInForceFreeze;
    drive::Waiting& waiting = thread.waiting.emplace();
    waiting.kind = WaitKind::mutex;
    waiting.address = 0xbeef;
    waiting.symbol = "table_lock";
    waiting.owner_tid = 99;
    const json told = parse(json_threads(report_of(1, "", true, thread)))["threads"][0];
    EXPECT_EQ(told["pthread"], "0x7f00dead");
    EXPECT_EQ(told["index"], 2);
    EXPECT_EQ(told["creator_tid"], 4711);
    EXPECT_EQ(told["signal_blocked"], true);
    EXPECT_EQ(told["cancel"],
              (json{{"enabled", false}, {"type", "asynchronous"}, {"pending", true}}));
    EXPECT_EQ(told["faults"], json::array({"freeze"}));
    EXPECT_EQ(told["waiting_on"],
              (json{{"kind", "mutex"},
                    {"address", "0xbeef"},
                    {"symbol", "table_lock"},
                    {"call", nullptr},
                    {"owner", {{"tid", 99}, {"name", nullptr}, {"pid", nullptr}, {"alive", false}}},
                    {"owner_tid", 99},
                    {"owner_pid", nullptr},
                    {"owner_alive", false}}));
}

TEST(JsonThreads, NamesMayBeAnyBytes) {
    const json report =
        parse(json_threads(report_of(1, "a\"b\\c\n", false, thread_named("\xff\xfe\n\""))));
    EXPECT_EQ(report["command"], "a\"b\\c\n");
    EXPECT_EQ(report["threads"][0]["name"], "\uFFFD\uFFFD\n\"");
}

drive::Result result_of(pid_t tid, Outcome outcome, std::string reason) {
    drive::Result result;
    result.victim.tid = tid;
    result.victim.name = "w";
    result.outcome = outcome;
    result.reason = std::move(reason);
    result.seconds = 0.25;
    return result;
}

TEST(JsonResults, OfOneThread) {
    const json told =
        parse(json_results(4711, "kill", "vanish", {result_of(4713, Outcome::ended, "")}, false));
    EXPECT_EQ(told, (json{{"schema", 1},
                          {"pid", 4711},
                          {"tid", 4713},
                          {"name", "w"},
                          {"path", nullptr},
                          {"fault", "kill"},
                          {"how", "vanish"},
                          {"outcome", "ended"},
                          {"reason", nullptr},
                          {"reason_code", nullptr},
                          {"grounds", json::array()},
                          {"seconds", 0.25}}));
}

TEST(JsonResults, HowIsKillsAlone) {
    const json told = parse(
        json_results(1, "signal", "", {result_of(2, Outcome::pending, "signal-blocked")}, false));
    EXPECT_FALSE(told.contains("how"));
    EXPECT_EQ(told["outcome"], "pending");
    EXPECT_EQ(told["reason"], "signal-blocked");
}

TEST(JsonResults, OfManyAreAnArrayEvenOfOne) {
    json told = parse(json_results(1, "kill", "cancel", {result_of(2, Outcome::ended, "")}, true));
    EXPECT_EQ(keys(told), (std::set<std::string>{"schema", "pid", "results"}));
    EXPECT_EQ(told["results"].size(), 1U);
    told = parse(json_results(1, "thaw", "", {}, true));
    EXPECT_EQ(told["results"], json::array());
}

TEST(JsonTargets, HasTheDocumentedKeys) {
    EXPECT_EQ(parse(json_targets({})), (json{{"schema", 1}, {"targets", json::array()}}));
    EXPECT_EQ(parse(json_targets({{4711, "server", 5}}))["targets"][0],
              (json{{"pid", 4711},
                    {"command", "server"},
                    {"threads", 5},
                    {"agent", true},
                    {"container", nullptr}}));
    const observe::Container container{"docker", std::string(64, 'a')};
    EXPECT_EQ(parse(json_targets({{4711, "server", 5, container}}))["targets"][0]["container"],
              (json{{"runtime", "docker"}, {"id", std::string(64, 'a')}}));
    const std::string table =
        render_targets({{4711, "server", 5, container}, {4712, "other", 1}}, Style{}, 0);
    EXPECT_NE(table.find("docker:aaaaaaaaaaaa "), std::string::npos) << table;
    EXPECT_EQ(render_targets({{4712, "other", 1}}, Style{}, 0).find("CONTAINER"),
              std::string::npos);
}

TEST(JsonError, HasTheDocumentedKeys) {
    const Error error(ErrorCode::no_such_thread, "no \"thread\"", "");
    EXPECT_EQ(
        parse(json_error(error)),
        (json{{"schema", 1},
              {"error",
               {{"code", "no_such_thread"}, {"message", "no \"thread\""}, {"hint", nullptr}}}}));
}

TEST(JsonChecks, SayWhetherAllIsWell) {
    EXPECT_EQ(parse(json_checks({{"kernel", true, "6.1", ""}}))["ok"], true);
    const json told = parse(json_checks({{"kernel", true, "6.1", ""}, {"agent", false, "x", "y"}}));
    EXPECT_EQ(told["ok"], false);
    EXPECT_EQ(told["checks"][1],
              (json{{"name", "agent"}, {"ok", false}, {"detail", "x"}, {"hint", "y"}}));
}

// ---- text

TEST(Text, IsCutByCharacters) {
    EXPECT_EQ(shorten("abcdef", 6, true), "abcdef");
    EXPECT_EQ(shorten("abcdef", 4, true), "abc…");
    EXPECT_EQ(shorten("abcdef", 4, false), "abc~");
    EXPECT_EQ(shorten("ääääää", 4, true), "äää…");
    EXPECT_EQ(shorten("abc", 0, true), "");
    EXPECT_EQ(shorten("abc", 1, true), "…");
}

TEST(Table, FitsTheTerminal) {
    Table table({{"TID", true}, {"NAME", false, 6}});
    table.add({"1", "a-very-long-thread-name"});
    table.add({"12345", "w"});
    std::string wide;
    table.print(&wide, Style{}, 0);
    EXPECT_EQ(wide,
              "  TID  NAME\n"
              "    1  a-very-long-thread-name\n"
              "12345  w\n");
    std::string narrow;
    table.print(&narrow, Style{}, 16);
    EXPECT_EQ(narrow,
              "  TID  NAME\n"
              "    1  a-very-l~\n"
              "12345  w\n");
}

TEST(Table, LeavesOutWhatMattersLeastAndIsNeverWider) {
    Table table(
        {{"TID", true}, {"START", false, 8, true, 1}, {"AGE", true, 0, false, 2}, {"FAULTS"}});
    table.add({"1234", "a_start_routine", "1m05s", "freeze 1m30s"});
    const auto printed = [&table](std::size_t width) {
        std::string text;
        table.print(&text, Style{}, width);
        return text;
    };
    EXPECT_EQ(printed(35),
              " TID  START       AGE  FAULTS\n"
              "1234  a_s~tine  1m05s  freeze 1m30s\n");
    EXPECT_EQ(printed(34),
              " TID    AGE  FAULTS\n"
              "1234  1m05s  freeze 1m30s\n");
    EXPECT_EQ(printed(24),
              " TID  FAULTS\n"
              "1234  freeze 1m30s\n");
    EXPECT_EQ(printed(12),
              " TID  FAULTS\n"
              "1234  freez~\n");
}

TEST(Threads, WithHostileNamesKeepTheirLines) {
    ThreadReport report;
    report.pid = 1;
    report.command = "x\ny";
    report.list.threads = {thread_named("\033[2J\n")};
    const std::string text = render_threads(report, Style{}, 0);
    EXPECT_EQ(text.find('\033'), std::string::npos) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;  // process, title, thread
}

TEST(Threads, HeldByTheDeadIsSaid) {
    drive::ThreadView thread = thread_named("w");
    drive::Waiting& waiting = thread.waiting.emplace();
    waiting.kind = WaitKind::mutex;
    waiting.address = 0xbeef;
    waiting.owner_tid = 99;
    EXPECT_EQ(waiting_text(thread, {}), "mutex 0xbeef, held by 99, which is dead");
    waiting.owner_alive = true;
    waiting.symbol = "table_lock";
    EXPECT_EQ(waiting_text(thread, {{99, "writer"}}), "mutex table_lock, held by 99 writer");
}

std::string summary_of(const drive::LockGraph& graph) {
    const std::string text = render_locks({{1, "server"}}, graph, Style{});
    return text.substr(0, text.find('\n'));
}

TEST(Locks, SummaryNamesWhatThreadsAreBlockedOn) {
    drive::LockGraph graph;
    graph.names = {{1, "server"}, {2, "a"}, {3, "b"}, {4, "c"}, {5, "d"}};
    EXPECT_EQ(
        summary_of(graph),
        "1 server: no deadlock, no orphaned lock; no thread blocked on a lock, condition or join");
    graph.locks.resize(3);
    graph.locks[0].kind = WaitKind::mutex;
    graph.locks[0].waiters = {2};
    graph.locks[1].kind = WaitKind::rwlock;
    graph.locks[1].waiters = {3};
    graph.locks[2].kind = WaitKind::cond;
    graph.locks[2].waiters = {4};
    EXPECT_EQ(summary_of(graph),
              "1 server: no deadlock, no orphaned lock; 3 of 5 threads blocked (1 on a condition, "
              "2 on a lock)");
    graph.locks[0].orphaned = true;
    graph.locks[0].owner.emplace();
    graph.locks[0].stuck_behind = {2};
    EXPECT_EQ(summary_of(graph),
              "1 server: 1 orphaned lock, 1 thread stuck behind it; 3 of 5 threads blocked (1 on a "
              "condition, 2 on a lock)");
}

TEST(Locks, NamesAndSymbolsForgeNothing) {
    const std::string hostile = "x\nDEADLOCK of 2\r\x1b[31m\xc2\x9b\xe2\x80\xae\xff\"];}&#27;\\";
    drive::LockGraph graph;
    graph.names = {{1, "server"}, {2, hostile}, {3, hostile}};
    graph.locks.resize(3);
    for (drive::Lock& lock : graph.locks) {
        lock.kind = WaitKind::mutex;
        lock.symbol = lock.location = lock.declared = hostile;
        lock.waiters = {2};
    }
    graph.locks[0].owner.emplace();
    graph.locks[0].owner->name = graph.locks[0].owner->fate = hostile;
    graph.locks[0].orphaned = true;
    graph.locks[1].owner.emplace();
    graph.locks[1].owner->tid = 3;
    graph.locks[1].owner->alive = true;
    graph.cycles = {{2}};
    const std::string tree = drive::lock_tree(graph);
    const std::string dot = dot_locks({{1, hostile}}, graph);
    for (const std::string& text : {tree, render_locks({{1, hostile}}, graph, Style{}), dot}) {
        for (const std::string& line : base::lines_of(text)) {
            EXPECT_EQ(line, base::clean_line(line)) << text;
            EXPECT_FALSE(line.starts_with("DEADLOCK of 2")) << text;
        }
    }
    EXPECT_EQ(dot.find("&#27;"), std::string::npos) << "no character that XML does not have";
    EXPECT_NE(dot.find("?\\\"];}&amp;#27;\\\\"), std::string::npos) << dot;
}

TEST(Style, FollowsTheEnvironment) {
    const Style always = style_for("always", -1);
    EXPECT_TRUE(always.color);
    EXPECT_EQ(always.red("x"), "\033[31mx\033[0m");
    EXPECT_EQ(always.red(""), "");
    EXPECT_EQ(style_for("never", -1).red("x"), "x");
    EXPECT_FALSE(style_for("auto", -1).color);  // no terminal
    setenv("NO_COLOR", "1", 1);
    EXPECT_TRUE(style_for("always", -1).color);  // said is said
    unsetenv("NO_COLOR");
}

}  // namespace
