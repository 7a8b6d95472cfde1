#include "format/format.hpp"
#include "sweep/options.hpp"
#include "threadfault/error.hpp"

#include <charconv>
#include <cstdlib>

namespace threadfault::sweep {
namespace {

std::optional<long> number(std::string_view text) {
    long value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
    return value;
}

Shard checked(long index, long count, const std::string& from) {
    if (count < 1 || count > 1'000'000 || index < 1 || index > count) {
        throw Error(ErrorCode::usage, formatted("{}: no such shard", from),
                    "shards are numbered from 1 to their count, as in 2/5");
    }
    return {static_cast<unsigned>(index), static_cast<unsigned>(count)};
}

std::optional<long> variable(const char* name) {
    const char* const text = std::getenv(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    const std::optional<long> value = number(text);
    if (!value) throw Error(ErrorCode::usage, formatted("{}={}: not a number", name, text));
    return value;
}

std::optional<long> either(const char* one, const char* other) {
    const auto value = variable(one);
    return value ? value : variable(other);
}

}  // namespace

Shard parse_shard(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto index = number(text.substr(0, slash));
    const auto count =
        slash == std::string_view::npos ? std::nullopt : number(text.substr(slash + 1));
    if (!index || !count) {
        throw Error(ErrorCode::usage, formatted("invalid --shard \"{}\"", text),
                    "it is INDEX/COUNT, as in 2/5");
    }
    return checked(*index, *count, formatted("--shard {}", text));
}

Shard shard_from_environment() {
    // Bazel, GoogleTest and those who took it over count from 0.
    if (const auto count = either("TEST_TOTAL_SHARDS", "GTEST_TOTAL_SHARDS")) {
        const auto index = either("TEST_SHARD_INDEX", "GTEST_SHARD_INDEX");
        if (index) return checked(*index + 1, *count, "TEST_SHARD_INDEX");
    }
    // Slurm counts from wherever the user says.
    if (const auto task = variable("SLURM_ARRAY_TASK_ID")) {
        const long first = variable("SLURM_ARRAY_TASK_MIN").value_or(0);
        const long step = variable("SLURM_ARRAY_TASK_STEP").value_or(1);
        if (const auto count = variable("SLURM_ARRAY_TASK_COUNT"); count && step > 0)
            return checked((*task - first) / step + 1, *count, "SLURM_ARRAY_TASK_ID");
    }
    // Kubernetes tells the index alone; the manifest has to pass on the count.
    if (const auto index = variable("JOB_COMPLETION_INDEX")) {
        const auto count = variable("JOB_COMPLETIONS");
        if (!count) {
            throw Error(ErrorCode::usage, "JOB_COMPLETION_INDEX is set, JOB_COMPLETIONS is not",
                        "set it to the Job's .spec.completions, or use --shard");
        }
        return checked(*index + 1, *count, "JOB_COMPLETION_INDEX");
    }
    return {};
}

}  // namespace threadfault::sweep
