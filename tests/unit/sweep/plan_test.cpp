// Which experiments are planned, and that shards, ids and journals keep them.
#include "sweep/plan.hpp"
#include "sweep/findings.hpp"
#include "threadfault/error.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace threadfault::sweep {
namespace {

Point point_at(const std::string& thread, std::vector<std::uint32_t> path, Call call,
               std::uint64_t stack, std::uint64_t count) {
    Point point;
    point.thread = thread;
    point.path = std::move(path);
    point.is_main = point.path.empty();
    point.start = point.is_main ? "main" : "worker";
    point.call = call;
    point.stack = stack;
    point.count = count;
    point.frames = {{"put", "/src/box.cpp", 12, "prog", 0x1234}};
    point.samples = {{1, {}, true}};
    return point;
}

std::vector<Point> some_points() {
    std::vector<Point> points;
    for (std::uint32_t thread = 1; thread <= 6; ++thread) {
        const std::string name = "main/" + std::to_string(thread);
        points.push_back(point_at(name, {thread}, Call::read, 0xabc, 1'000'000));
        points.push_back(point_at(name, {thread}, Call::pthread_mutex_lock, 0xdef, 50));
    }
    points.push_back(point_at("main", {}, Call::pthread_create, 0x1, 6));
    points.push_back(point_at("main", {}, Call::pthread_join, 0x2, 6));
    return points;
}

std::set<std::string> ids_of(const Plan& plan) {
    std::set<std::string> ids;
    for (const Experiment& experiment : plan.experiments)
        ids.insert(experiment.id);
    return ids;
}

bool has_deed(const Plan& plan, Call call, const std::string& deed) {
    return std::any_of(
        plan.experiments.begin(), plan.experiments.end(),
        [&](const Experiment& one) { return one.call == call && one.deed.name == deed; });
}

TEST(SweepPlan, MakesTensOfMillions) {
    const std::vector<Point> points = some_points();
    const Plan plan = make_plan(points, {});
    EXPECT_GT(plan.experiments.size(), 10U);
    EXPECT_LT(plan.experiments.size(), 100U);
    EXPECT_GE(plan.passages, 6'000'000U);
}

TEST(SweepPlan, HasTheLegitimateAlone) {
    const std::vector<Point> points = some_points();
    Options options;
    options.how = "cancel,exit,vanish";
    const Plan plan = make_plan(points, options);
    EXPECT_TRUE(has_deed(plan, Call::read, "cancel"));
    EXPECT_TRUE(has_deed(plan, Call::read, "exit"));
    EXPECT_TRUE(has_deed(plan, Call::pthread_mutex_lock, "vanish"));
    EXPECT_FALSE(has_deed(plan, Call::pthread_mutex_lock, "cancel"));
    EXPECT_FALSE(has_deed(plan, Call::pthread_mutex_lock, "exit"));
    for (const Experiment& experiment : plan.experiments) {
        EXPECT_FALSE(experiment.point->is_main) << "main is spared: " << experiment.id;
        if (experiment.deed.name != "vanish") {
            EXPECT_EQ(Side::before, experiment.side);
        }
    }
    options.threads = {"main"};
    EXPECT_TRUE(has_deed(make_plan(points, options), Call::pthread_join, "cancel"));
}

TEST(SweepPlan, InterruptsOnlyWhoHandlesSignals) {
    const std::vector<Point> points = {point_at("main/1", {1}, Call::sem_wait, 1, 10)};
    EXPECT_TRUE(has_deed(make_plan(points, {}, true), Call::sem_wait, "error=EINTR"));
    EXPECT_FALSE(has_deed(make_plan(points, {}, false), Call::sem_wait, "error=EINTR"));
    Options options;
    options.how = "call-errors";
    EXPECT_TRUE(has_deed(make_plan(points, options, false), Call::sem_wait, "error=EINTR"));
}

TEST(SweepPlan, ChoosesVictims) {
    const std::vector<Point> points = some_points();
    Options options;
    options.how = "cancel";
    options.threads = {"path=main/2", "start=no*"};
    for (const Experiment& experiment : make_plan(points, options).experiments)
        EXPECT_EQ(2U, experiment.path.front());
    options.threads = {"name=worker"};
    EXPECT_THROW(make_plan(points, options), Error);
}

TEST(SweepPlan, SparesWhatDisablesCancellation) {
    std::vector<Point> points = {point_at("main/1", {1}, Call::read, 1, 10)};
    points.front().cancel_disabled = true;
    EXPECT_FALSE(has_deed(make_plan(points, {}), Call::read, "cancel"));
}

TEST(SweepPlan, LetsVanishWhereARobustMutexIsHeld) {
    std::vector<Point> points = {point_at("main/1", {1}, Call::read, 1, 10)};
    EXPECT_FALSE(has_deed(make_plan(points, {}), Call::read, "vanish"));
    points.front().samples.front().held = {{"shared", 7, true}};
    EXPECT_TRUE(has_deed(make_plan(points, {}), Call::read, "vanish"));
}

TEST(SweepPlan, PrefersThreadsThatPassThePointInEveryRun) {
    std::vector<Point> points = some_points();
    for (Point& point : points)
        if (!point.is_main) point.steady = point.path.front() == 4;
    for (const Experiment& experiment : make_plan(points, {}).experiments) {
        if (experiment.point->is_main) continue;
        EXPECT_FALSE(experiment.any_thread) << experiment.id;
        EXPECT_EQ(4U, experiment.path.front()) << experiment.id;
    }
    Options options;
    options.exhaustive = true;
    EXPECT_LT(make_plan(points, {}).experiments.size(),
              make_plan(points, options).experiments.size());
}

TEST(SweepPlan, TakesWhoeverComesFirstWhereThreadsRace) {
    std::vector<Point> points = {point_at("main/1", {1}, Call::read, 1, 1),
                                 point_at("main/2", {2}, Call::read, 1, 1)};
    for (Point& point : points)
        point.steady = false;
    const Plan plan = make_plan(points, {});
    ASSERT_FALSE(plan.experiments.empty());
    for (const Experiment& experiment : plan.experiments) {
        EXPECT_TRUE(experiment.id.starts_with("any:read:")) << experiment.id;
        EXPECT_EQ(1U, experiment.occurrence);
        EXPECT_TRUE(parse_id(experiment.id).any_thread);
        EXPECT_EQ(wire::kAnyThread, experiment.order_for_shim().depth);
    }
    Options options;
    options.threads = {"path=main/2"};
    for (const Experiment& experiment : make_plan(points, options).experiments)
        EXPECT_TRUE(experiment.id.starts_with("main/2:")) << experiment.id;
}

TEST(SweepPlan, TriesLaterDeathsOfWhoeverHasTheWork) {
    // Each thread passed it once in some run; together they did sixty times.
    std::vector<Point> points = {point_at("main/1", {1}, Call::read, 1, 1),
                                 point_at("main/2", {2}, Call::read, 1, 59)};
    for (Point& point : points)
        point.together = 60;
    std::set<std::uint64_t> occurrences;
    for (const Experiment& experiment : make_plan(points, {}).experiments)
        if (experiment.any_thread && experiment.deed.name == "cancel")
            occurrences.insert(experiment.occurrence);
    EXPECT_TRUE(occurrences.contains(30));
    EXPECT_LE(*occurrences.rbegin(), 60U);
}

TEST(SweepCensus, IsSteadyWhereEveryRunPassed) {
    Census one;
    one.points = {point_at("main/1", {1}, Call::read, 1, 9),
                  point_at("main/2", {2}, Call::read, 1, 3)};
    one.points[0].samples.push_back({8, {}, true});
    Census other;
    other.points = {point_at("main/1", {1}, Call::read, 1, 5),
                    point_at("main/3", {3}, Call::read, 1, 3)};
    const Census both = merged(one, other);
    ASSERT_EQ(3U, both.points.size());
    EXPECT_TRUE(both.points[0].steady);
    EXPECT_EQ(5U, both.points[0].count);
    EXPECT_EQ(1U, both.points[0].samples.size());
    EXPECT_FALSE(both.points[1].steady);
    EXPECT_FALSE(both.points[2].steady);
    EXPECT_EQ(1U, both.points[2].count);
}

TEST(SweepPlan, IsTheSameForTheSameSeed) {
    const std::vector<Point> points = some_points();
    Options options;
    options.seed = 7;
    const Plan one = make_plan(points, options);
    const Plan other = make_plan(points, options);
    ASSERT_EQ(one.experiments.size(), other.experiments.size());
    for (std::size_t i = 0; i < one.experiments.size(); ++i)
        EXPECT_EQ(one.experiments[i].id, other.experiments[i].id);
}

TEST(SweepShards, AreDisjointAndComplete) {
    const std::vector<Point> points = some_points();
    const std::set<std::string> whole = ids_of(make_plan(points, {}));
    std::set<std::string> together;
    std::size_t count = 0;
    for (unsigned index = 1; index <= 4; ++index) {
        Options options;
        options.shard = {index, 4};
        const std::set<std::string> part = ids_of(make_plan(points, options));
        EXPECT_FALSE(part.empty()) << index;
        count += part.size();
        together.insert(part.begin(), part.end());
    }
    EXPECT_EQ(whole.size(), count);
    EXPECT_EQ(whole, together);
}

TEST(SweepShards, AreNamedOnTheCommandLineAndInTheEnvironment) {
    EXPECT_EQ(2U, parse_shard("2/5").index);
    EXPECT_EQ(5U, parse_shard("2/5").count);
    for (const char* const bad : {"", "2", "0/5", "6/5", "a/b", "2/", "/5", "2/5/1"})
        EXPECT_THROW(parse_shard(bad), Error) << bad;
    setenv("TEST_SHARD_INDEX", "0", 1);
    setenv("TEST_TOTAL_SHARDS", "3", 1);
    EXPECT_EQ(1U, shard_from_environment().index);
    EXPECT_EQ(3U, shard_from_environment().count);
    unsetenv("TEST_SHARD_INDEX");
    unsetenv("TEST_TOTAL_SHARDS");
    setenv("SLURM_ARRAY_TASK_ID", "12", 1);
    setenv("SLURM_ARRAY_TASK_MIN", "10", 1);
    setenv("SLURM_ARRAY_TASK_COUNT", "4", 1);
    EXPECT_EQ(3U, shard_from_environment().index);
    EXPECT_EQ(4U, shard_from_environment().count);
    unsetenv("SLURM_ARRAY_TASK_ID");
    setenv("JOB_COMPLETION_INDEX", "1", 1);
    EXPECT_THROW(shard_from_environment(), Error);
    setenv("JOB_COMPLETIONS", "2", 1);
    EXPECT_EQ(2U, shard_from_environment().index);
    unsetenv("JOB_COMPLETION_INDEX");
    EXPECT_EQ(1U, shard_from_environment().count);
}

TEST(SweepIds, SayAllThatAnExperimentIs) {
    const std::vector<Point> points = some_points();
    Options options;
    options.how = "cancel,exit,vanish,freeze=250ms,freeze,call-errors,spurious";
    for (const Experiment& experiment : make_plan(points, options).experiments) {
        const Experiment again = parse_id(experiment.id);
        EXPECT_EQ(experiment.id, id_of(again));
        EXPECT_EQ(experiment.deed.duration, again.deed.duration);
        EXPECT_EQ(experiment.deed.error, again.deed.error);
    }
    for (const char* const bad :
         {"", "main", "main/1:read:1:0:before:cancel", "other/1:read:1:1:before:cancel",
          "main/1:reed:1:1:before:cancel", "main/1:read:xyz:1:before:cancel",
          "main/1:read:1:1:sideways:cancel", "main/1:read:1:1:before:sing"})
        EXPECT_THROW(parse_id(bad), Error) << bad;
}

TEST(SweepHow, SuggestsTheNearestWord) {
    try {
        parse_how("vansh");
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string::npos, error.advice().find("vanish"));
    }
}

TEST(SweepKeys, DoNotKnowLines) {
    Point point = point_at("main/1", {1}, Call::read, 1, 10);
    const Deed cancel = parse_deed("cancel", Call::read);
    const std::string key = key_of(point, cancel, Side::before);
    point.frames.front().line += 100;
    point.frames.front().offset += 64;
    point.thread = "main/4";
    EXPECT_EQ(key, key_of(point, cancel, Side::before));
    point.frames.front().function = "take";
    EXPECT_NE(key, key_of(point, cancel, Side::before));
}

class Journal : public testing::Test {
protected:
    void SetUp() override {
        ledger.command = {"./program"};
        ledger.seed = 3;
        ledger.census.points = some_points();
        plan = make_plan(ledger.census.points, {});
        ledger.planned = plan.experiments.size();
        std::ofstream out(file);
        out << header_line(ledger) << "\n";
        for (const Point& point : ledger.census.points)
            out << point_line(point) << "\n";
        for (std::size_t i = 0; i < 3; ++i) {
            Result result;
            result.id = plan.experiments[i].id;
            result.outcome = i == 0 ? Outcome::stuck : Outcome::survived;
            result.code = SummaryCode::wait_for_ever;
            result.summary = "a \"quoted\" \xff byte";
            out << result_line(result) << "\n";
        }
    }
    void TearDown() override { std::remove(file.c_str()); }

    std::string file = testing::TempDir() + "journal." + std::to_string(getpid());
    Ledger ledger;
    Plan plan;
};

TEST_F(Journal, IsReadAsItWasWritten) {
    const Ledger read = read_journal(file);
    EXPECT_EQ(ledger.command, read.command);
    ASSERT_EQ(3U, read.results.size());
    EXPECT_EQ(SummaryCode::wait_for_ever, read.results.begin()->second.code);
    ASSERT_EQ(ledger.census.points.size(), read.census.points.size());
    EXPECT_EQ(point_line(ledger.census.points[3]), point_line(read.census.points[3]));
    EXPECT_EQ(ids_of(plan), ids_of(make_plan(read.census.points, {})));
}

TEST_F(Journal, MayEndInTheMiddleOfALine) {
    std::ofstream(file, std::ios::app) << R"({"id":"main/1:read:0000)";
    EXPECT_EQ(3U, read_journal(file).results.size());
    std::ofstream(file, std::ios::app) << "\nnonsense\n";
    EXPECT_THROW(read_journal(file), Error);
}

TEST_F(Journal, OfShardsIsTheWhole) {
    Ledger one = read_journal(file);
    Ledger other = one;
    other.results.clear();
    Result result;
    result.id = plan.experiments[5].id;
    result.outcome = Outcome::crashed;
    other.results.emplace(result.id, result);
    EXPECT_EQ(4U, united({one, other}).results.size());
    other.command = {"./another"};
    EXPECT_THROW(united({one, other}), Error);
}

TEST_F(Journal, MakesFindings) {
    const Ledger read = read_journal(file);
    const Findings findings(read, {});
    ASSERT_EQ(1U, findings.all().size());
    EXPECT_EQ(1U, findings.fresh());
    EXPECT_EQ(1U, findings.outcomes().at(Outcome::stuck));
    const Findings accepted(read, {findings.all().front().key});
    EXPECT_EQ(0U, accepted.fresh());
}

}  // namespace
}  // namespace threadfault::sweep
