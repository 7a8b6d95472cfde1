// The grammar: what a SPEC compiles to, and where a wrong one is wrong.
#include "inject/spec.hpp"
#include "threadfault/error.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <threads.h>

namespace threadfault::inject {
namespace {

constexpr SpecOptions kForce{.force = true};

Rule rule_of(const std::string& text) {
    return parse_spec(text, kForce).rule;
}

// "COLUMN: expected WORD | hint" of the error that the text gives.
std::string error_of(const std::string& text, bool force = false) {
    try {
        parse_spec(text, {.force = force});
    } catch (const Error& error) {
        const std::string what = error.what();
        const std::size_t at = what.find("column ");
        return (at == std::string::npos ? what : what.substr(at)) + " | " + error.advice();
    }
    return "no error";
}

TEST(Spec, NamesCalls) {
    const Rule rule = rule_of("read,write,pthread_mutex_lock:delay=2ms");
    EXPECT_TRUE(rule.calls.has(Call::read));
    EXPECT_TRUE(rule.calls.has(Call::write));
    EXPECT_TRUE(rule.calls.has(Call::pthread_mutex_lock));
    EXPECT_FALSE(rule.calls.has(Call::readv));
}

TEST(Spec, MayBeForForkedChildrenAlone) {
    EXPECT_FALSE(rule_of("read:error=EIO").child);
    EXPECT_TRUE(rule_of("read:error=EIO:child").child);
    const Rule rule = rule_of("read:error=EIO:when=2:child:thread=name=w");
    EXPECT_TRUE(rule.child);
    EXPECT_EQ(2U, rule.when.first);
    EXPECT_STREQ("w", rule.thread.name);
    EXPECT_NE("no error", error_of("read:error=EIO:children"));
    EXPECT_NE("no error", error_of("read:error=EIO:child=1"));
    EXPECT_NE(std::string::npos, error_of("read:error=EIO:chidl").find("did you mean \"child\"?"));
}

TEST(Spec, NamesFaults) {
    EXPECT_EQ(EAGAIN, rule_of("read:error=EAGAIN").error);
    EXPECT_EQ(EAGAIN, rule_of("read:error=EWOULDBLOCK").error);
    EXPECT_EQ(EOPNOTSUPP, rule_of("recv:error=EOPNOTSUPP").error);
    EXPECT_EQ(EOPNOTSUPP, rule_of("recv:error=ENOTSUP").error);
    EXPECT_EQ(thrd_busy, rule_of("mtx_trylock:error=thrd_busy").error);
    EXPECT_EQ(Action::spurious, rule_of("pthread_cond_wait:spurious").action);
    EXPECT_EQ(Action::interrupt, rule_of("poll:interrupt").action);
    EXPECT_EQ(1'500'000'000, rule_of("read:delay=1.5s").duration_ns);
    EXPECT_EQ(250'000, rule_of("read:delay=250us").duration_ns);
    EXPECT_EQ(Action::freeze, rule_of("read:after:freeze=1m").action);
    const Rule kill = rule_of("read:after:kill=vanish");
    EXPECT_EQ(Action::kill, kill.action);
    EXPECT_EQ(Side::after, kill.side);
    EXPECT_EQ(wire::Fault::vanish, kill.death);
    EXPECT_EQ(wire::Fault::async_cancel, rule_of("read:before:kill=async-cancel").death);
}

TEST(Spec, SaysWhen) {
    struct {
        const char* text;
        std::uint64_t first, last, step;
    } const cases[] = {{"3", 3, 3, 1},
                       {"3+", 3, UINT64_MAX, 1},
                       {"1+5", 1, UINT64_MAX, 5},
                       {"2..9", 2, 9, 1},
                       {"2..9+3", 2, 9, 3},
                       {"7..7", 7, 7, 1},
                       {"18446744073709551615", UINT64_MAX, UINT64_MAX, 1}};
    for (const auto& one : cases) {
        const When when = rule_of(std::string("read:delay=1s:when=") + one.text).when;
        EXPECT_EQ(one.first, when.first) << one.text;
        EXPECT_EQ(one.last, when.last) << one.text;
        EXPECT_EQ(one.step, when.step) << one.text;
    }
}

TEST(Spec, SaysHowLikely) {
    EXPECT_EQ(UINT64_MAX, rule_of("read:delay=1s:probability=1").chance);
    EXPECT_EQ(UINT64_MAX, rule_of("read:delay=1s:probability=100%").chance);
    EXPECT_EQ(0U, rule_of("read:delay=1s:probability=0").chance);
    EXPECT_EQ(std::uint64_t{1} << 63, rule_of("read:delay=1s:probability=0.5").chance);
    EXPECT_EQ(std::uint64_t{1} << 62, rule_of("read:delay=1s:probability=25%").chance);
}

TEST(Spec, ThreadTakesTheRest) {
    const ThreadMatch match = rule_of("read:delay=1s:thread=name=a:b*,path=main/3/1,nth=4").thread;
    EXPECT_EQ(ThreadMatch::kName | ThreadMatch::kPath | ThreadMatch::kNth, match.terms);
    EXPECT_STREQ("a:b*", match.name);
    EXPECT_EQ(2U, match.depth);
    EXPECT_EQ(3U, match.path[0]);
    EXPECT_EQ(1U, match.path[1]);
    EXPECT_EQ(4U, match.nth);
    EXPECT_STREQ("run<int, long>",
                 rule_of("read:delay=1s:thread=start=run<int, long>").thread.start);
    EXPECT_EQ(ThreadMatch::kMain, rule_of("read:delay=1s:thread=main").thread.terms);
    EXPECT_EQ(4711, rule_of("read:delay=1s:thread=4711").thread.tid);
}

TEST(Spec, TellsTheColumnAndTheExpectedWord) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "column 1: expected a call, found the end"},
        {"raed:error=EIO", "column 1: expected a call, found \"raed\" | did you mean \"read\"?"},
        {"read,:error=EIO", "column 6: expected a call, found the end"},
        {"read,wirte:error=EIO", "column 6: expected a call, found \"wirte\" | did you mean \"wr"},
        {"read", "column 5: expected \":\" and a fault, found the end"},
        {"read:", "column 6: expected error=, delay=, spurious, interrupt, kill= or freeze=, fou"},
        {"read:eror=EIO", "column 6: expected error=, delay="},
        {"read:error", "column 6: expected error="},
        {"read:error=EOI", "column 12: expected the name of an error, such as EAGAIN, found \"EOI"},
        {"mtx_lock:error=EIO", "column 16: expected thrd_busy, thrd_error, thrd_nomem or thrd_ti"},
        {"read,mtx_lock:error=EIO", "column 6: expected a call whose errors have the same names"},
        {"read:delay=5", "column 12: expected a duration"},
        {"read:delay=0ms", "column 12: expected a duration"},
        {"read:kill=vansh", "column 11: expected cancel, async-cancel, exit or vanish, found"},
        {"read:after:error=EIO", "column 12: expected kill=, freeze= or delay="},
        {"read:error=EIO:when=0", "column 21: expected a number from 1"},
        {"read:error=EIO:when=", "column 21: expected a number from 1, found the end"},
        {"read:error=EIO:when=3.5", "column 23: expected \"..\""},
        {"read:error=EIO:when=5..3", "column 24: expected a number not less than the first"},
        {"read:error=EIO:when=5+0", "column 23: expected a number from 1"},
        {"read:error=EIO:when=5x", "column 22: expected FIRST[..LAST][+STEP]"},
        {"read:error=EIO:whne=5",
         "column 16: expected when=, probability=, seed=, force, child or thread=, fo"},
        {"read:error=EIO:probability=1.5", "column 28: expected a probability"},
        {"read:error=EIO:thread=", "column 23: expected main, a thread id"},
        {"read:error=EIO:thread=nme=x", "column 23: expected main"},
        {"read:error=EIO:thread=main,path=mian/1", "column 33: expected a thread path"},
        {"read:error=EIO:thread=state=S", "column 23: expected name=, start=, path= or nth="},
        {"read:error=EIO:thread=name=", "column 28: expected a short GLOB"},
        {"read:error=EIO\nread:error=EIO", "column 15: expected no line break"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_EQ(expected, error_of(text).substr(0, std::string(expected).size())) << text;
    }
}

TEST(Spec, SuggestsWhatIsNear) {
    EXPECT_NE(std::string::npos, error_of("read:eror=EIO").find("did you mean \"error\"?"));
    EXPECT_NE(std::string::npos, error_of("read:error=EAGIAN").find("did you mean \"EAGAIN\"?"));
    EXPECT_NE(std::string::npos, error_of("read:kill=vansh").find("did you mean \"vanish\"?"));
    EXPECT_NE(std::string::npos, error_of("read:error=EIO:whne=5").find("did you mean \"when\"?"));
}

TEST(Spec, IsNeverTooLong) {
    const std::string name(2000, 'x');
    EXPECT_NE("no error", error_of("read:error=EIO:thread=name=" + name));
    EXPECT_NE("no error", error_of("read:error=EIO:thread=start=" + name.substr(0, 900)));
}

// The guest reads what others wrote: no prefix of a SPEC and no changed byte may harm it.
TEST(Spec, SurvivesAnything) {
    const std::string whole =
        "pthread_cond_timedwait,read:after:kill=async-cancel:when=12..34+5:probability=12.5%:seed=9"
        ":thread=name=a[b-c]*,start=f<g, h>,path=main/1/2,nth=3,start@+0x12-0x34";
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        Rule rule;
        Problem problem;
        // A copy of its own: a read beyond the end is found by AddressSanitizer.
        const std::vector<char> copy(whole.begin(), whole.begin() + static_cast<long>(length));
        const bool good = parse(copy.data(), copy.size(), &rule, &problem);
        EXPECT_TRUE(good ? problem.column == 0 : problem.column <= length + 1) << length;
        for (char byte : {'\0', ':', ',', '=', '\xff', '9', '+', '.', '-', '@'}) {
            if (length == 0) continue;
            std::vector<char> changed(whole.begin(), whole.end());
            changed[length - 1] = byte;
            parse(changed.data(), changed.size(), &rule, &problem);
        }
    }
}

TEST(Spec, TravelsWithItsSeed) {
    const Spec spec = parse_spec("read:error=EIO:probability=0.5:thread=name=x", {.seed = 42});
    EXPECT_EQ("read:error=EIO:probability=0.5:seed=42:thread=name=x", spec.text);
    EXPECT_EQ(42U, spec.rule.seed);
    EXPECT_EQ(42U, parse_spec(spec.text, {.seed = 1}).rule.seed);
    EXPECT_EQ("read:error=EIO", parse_spec("read:error=EIO", {.seed = 1}).text);
    const Spec both[] = {spec, parse_spec("write:error=EIO")};
    EXPECT_EQ(spec.text + "\nwrite:error=EIO", join_specs(both));
}

TEST(Spec, CarriesTheAddressesOfItsStartRoutines) {
    Spec spec = parse_spec("read:error=EIO:thread=start=work*");
    EXPECT_EQ("work*", spec.start_glob());
    const Range ranges[] = {{0x1000, 0x1080}, {0x2000, 0x2004}};
    spec.set_start_ranges(ranges, true);
    EXPECT_EQ("", spec.start_glob());
    EXPECT_EQ("read:error=EIO:thread=start=work*,start@+0x1000-0x1080,start@+0x2000-0x2004",
              spec.text);
    const Spec again = parse_spec(spec.text);
    EXPECT_TRUE(again.rule.thread.relative);
    ASSERT_EQ(2U, again.rule.thread.range_count);
    EXPECT_EQ(0x2004U, again.rule.thread.ranges[1].end);
    Spec none = parse_spec("read:error=EIO:thread=start=x");
    EXPECT_THROW(none.set_start_ranges({}, true), Error);
}

TEST(Spec, KnowsWhichLibraryItNeeds) {
    EXPECT_FALSE(parse_spec("pthread_create:error=EAGAIN").needs_points());
    EXPECT_TRUE(parse_spec("pthread_create,pthread_join:delay=1s").needs_points());
}

}  // namespace
}  // namespace threadfault::inject
