// Errors: their codes, the names in JSON, exit codes and hints.
#include "threadfault/error.hpp"
#include "commands/thread_options.hpp"
#include "drive/faults/inflict.hpp"
#include "render/error_table.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace {

using namespace threadfault;

std::vector<ErrorCode> all_codes() {
    std::vector<ErrorCode> codes;
    for (int value = 1; value <= static_cast<int>(ErrorCode::not_written); value++)
        codes.push_back(static_cast<ErrorCode>(value));
    return codes;
}

TEST(ErrorCodes, EachHasANameOfItsOwn) {
    std::set<std::string_view> names;
    for (const ErrorCode code : all_codes()) {
        EXPECT_TRUE(names.insert(to_string(code)).second) << to_string(code);
        EXPECT_EQ(parse_error_code(to_string(code)), code);
    }
    EXPECT_EQ(to_string(ErrorCode::ambiguous_selector), "ambiguous_selector");
    EXPECT_EQ(parse_error_code("no_such_code"), std::nullopt);
    EXPECT_EQ(parse_error_code("unknown"), std::nullopt);
}

TEST(ErrorCodes, AreErrorCodesOfACategory) {
    for (const ErrorCode code : all_codes()) {
        const std::error_code general = code;
        EXPECT_STREQ(general.category().name(), "threadfault");
        EXPECT_TRUE(general) << to_string(code);
        EXPECT_NE(general.message(), "");
        EXPECT_NE(general.message(), "unknown error") << to_string(code);
        EXPECT_NE(general.message(), "Success") << to_string(code);
    }
    EXPECT_EQ(std::error_code(999, error_category()).message(), "unknown error");
    EXPECT_EQ(std::error_code(0, error_category()).message(), "unknown error");
}

TEST(Error, CarriesTheCodeAndTheCause) {
    const Error error(ErrorCode::cannot_read, "cannot list", "is it mounted?",
                      std::make_error_code(std::errc::permission_denied));
    EXPECT_EQ(error.code(), ErrorCode::cannot_read);
    EXPECT_NE(error.code(), ErrorCode::not_permitted);
    EXPECT_EQ(error.error_code(), ErrorCode::cannot_read);
    EXPECT_EQ(error.cause(), std::errc::permission_denied);
    EXPECT_STREQ(error.what(), "cannot list");
    EXPECT_EQ(error.advice(), "is it mounted?");
}

using cli::exit_code;
using cli::ExitCode;
using cli::worst_exit_code;
using drive::Result;

std::vector<Result> results(std::initializer_list<Outcome> outcomes) {
    std::vector<Result> list;
    for (Outcome outcome : outcomes) {
        list.emplace_back();
        list.back().outcome = outcome;
    }
    return list;
}

TEST(ExitCodes, FollowTheOutcome) {
    EXPECT_EQ(exit_code(Outcome::ended), ExitCode::done);
    EXPECT_EQ(exit_code(Outcome::done), ExitCode::done);
    EXPECT_EQ(exit_code(Outcome::pending), ExitCode::no_effect);
    EXPECT_EQ(exit_code(Outcome::refused), ExitCode::no_effect);
    EXPECT_EQ(exit_code(Outcome::target_died), ExitCode::target_died);
}

TEST(ExitCodes, TheWorstOfManyWins) {
    EXPECT_EQ(worst_exit_code({}), ExitCode::done);
    EXPECT_EQ(worst_exit_code(results({Outcome::ended, Outcome::ended})), ExitCode::done);
    EXPECT_EQ(worst_exit_code(results({Outcome::ended, Outcome::pending, Outcome::ended})),
              ExitCode::no_effect);
    EXPECT_EQ(worst_exit_code(results({Outcome::target_died, Outcome::refused})),
              ExitCode::target_died);
}

// Scripts compare these numbers and words.
TEST(ExitCodes, AreTheDocumentedNumbers) {
    EXPECT_EQ(static_cast<int>(ExitCode::done), 0);
    EXPECT_EQ(static_cast<int>(ExitCode::bad_verdict), 1);
    EXPECT_EQ(static_cast<int>(ExitCode::usage), 2);
    EXPECT_EQ(static_cast<int>(ExitCode::no_such_thread), 3);
    EXPECT_EQ(static_cast<int>(ExitCode::no_agent), 4);
    EXPECT_EQ(static_cast<int>(ExitCode::not_permitted), 5);
    EXPECT_EQ(static_cast<int>(ExitCode::no_effect), 6);
    EXPECT_EQ(static_cast<int>(ExitCode::target_died), 7);
    EXPECT_EQ(static_cast<int>(ExitCode::internal), 8);
}

TEST(ExitCodes, OurOwnFailuresAreNoUsageErrors) {
    for (const ErrorCode code : {ErrorCode::internal, ErrorCode::no_helper, ErrorCode::no_guardian,
                                 ErrorCode::no_stack, ErrorCode::not_written})
        EXPECT_EQ(cli::exit_status(Error(code)), 8) << to_string(code);
    EXPECT_EQ(cli::exit_status(Error(ErrorCode::usage)), 2);
    EXPECT_EQ(cli::exit_status(Error(ErrorCode::not_found)), 2);
    EXPECT_EQ(cli::exit_status(Error(ErrorCode::ambiguous_selector)), 3);
    EXPECT_EQ(cli::exit_status(Error(ErrorCode::cannot_preload)), 4);
    EXPECT_EQ(cli::exit_status(Error(ErrorCode::cannot_read)), 5);
    EXPECT_EQ(cli::exit_status(Error(ErrorCode::target_stopped)), 6);
    EXPECT_EQ(cli::exit_status(Error(ErrorCode::input_closed)), 7);
}

TEST(Hints, AreMadeOfTheFacts) {
    EXPECT_EQ(cli::hint(Error(ErrorCode::ambiguous_selector)),
              "give a thread ID, narrow the selector, or use --first, --all or --random");
    EXPECT_EQ(cli::hint(Error(ErrorCode::no_such_thread, "", ErrorFacts{.pid = 7})),
              "`threadfault ps 7` lists its threads");
    EXPECT_EQ(
        cli::hint(Error(ErrorCode::no_such_thread, "", ErrorFacts{.pid = 7, .nearest = "8 (w)"})),
        "the nearest is 8 (w); `threadfault ps 7` lists them");
    EXPECT_EQ(cli::hint(Error(ErrorCode::no_such_thread, "", "did you mean name=w?")),
              "did you mean name=w?");
    EXPECT_EQ(cli::hint(Error(ErrorCode::no_agent, "", ErrorFacts{.pid = 7})),
              "start it with `threadfault run -- PROGRAM ARGS…`");
    EXPECT_EQ(cli::hint(Error(ErrorCode::usage)), "");
}

}  // namespace
