// Deadlocks are found, each once; what only looks like one never is.
#include "lock_case.hpp"

#include <algorithm>

namespace threadfault::test {
namespace {

struct Circle {
    const char* title;
    Names situation;
    std::vector<Names> cycles;
};

struct NoCircle {
    const char* situation;
    Names waiters;  // that are seen to wait when the verdict counts; none: it changes all the time
    int looks;
};

template <typename Case>
std::string name_of(const Case& one) {
    std::string name;
    if constexpr (requires { one.title; }) {
        name = one.title;
    } else {
        name = one.situation;
    }
    for (char& letter : name)
        if (letter == '-') letter = '_';
    return name;
}

void PrintTo(const Circle& circle, std::ostream* stream) {
    *stream << circle.title;
}
void PrintTo(const NoCircle& circle, std::ostream* stream) {
    *stream << circle.situation;
}

class Cycles : public testing::TestWithParam<Circle> {};

TEST_P(Cycles, AreFound) {
    Scene scene(GetParam().situation);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    Graph graph;
    EXPECT_TRUE(eventually([&] {
        graph = scene.locks();
        auto cycles = graph.cycles;
        std::sort(cycles.begin(), cycles.end());
        return cycles == GetParam().cycles;
    })) << graph;
    EXPECT_FALSE(graph.has_orphans()) << graph;
}

INSTANTIATE_TEST_SUITE_P(
    Circles, Cycles,
    testing::Values(
        Circle{"of_one", {"circle", "1"}, {{"member-0"}}},
        Circle{"of_two", {"circle", "2"}, {{"member-0", "member-1"}}},
        Circle{"of_three", {"circle", "3"}, {{"member-0", "member-1", "member-2"}}},
        Circle{"of_five",
               {"circle", "5"},
               {{"member-0", "member-1", "member-2", "member-3", "member-4"}}},
        Circle{"with_an_outsider", {"circle-and-outsider"}, {{"member-0", "member-1"}}},
        Circle{"two", {"two-circles"}, {{"member-0", "member-1"}, {"member-2", "member-3"}}},
        Circle{"by_join", {"circle-by-join"}, {{"member-0", "member-1"}}},
        Circle{"by_writer", {"circle-by-writer"}, {{"member-0", "member-1"}}}),
    [](const auto& info) { return name_of(info.param); });

class NoCycles : public testing::TestWithParam<NoCircle> {};

TEST_P(NoCycles, AreInvented) {
    Scene scene({GetParam().situation});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    for (const std::string& waiter : GetParam().waiters)
        EXPECT_TRUE(scene.locks_with(waiter).awaited_by(waiter)) << waiter;
    for (int look = 0; look < GetParam().looks; ++look) {
        const Graph graph = scene.locks();
        ASSERT_TRUE(graph.cycles.empty()) << graph;
        ASSERT_FALSE(graph.has_orphans()) << graph;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Innocent, NoCycles,
    testing::Values(NoCircle{"timed-edge", {"member-0", "member-1"}, 5},
                    NoCircle{"all-edges-timed", {"member-0", "member-1"}, 5},
                    NoCircle{"writer-behind-idle-reader", {"member-1", "member-2"}, 5},
                    NoCircle{"cond-with-lock-held", {"member-0", "member-1"}, 5},
                    NoCircle{"contention", {}, 50}, NoCircle{"philosophers", {}, 50}),
    [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace threadfault::test
