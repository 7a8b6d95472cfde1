#include "scenario/options.hpp"

#include "base/glob.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <charconv>
#include <string_view>

namespace threadfault::scenario {
namespace {

template <typename Number>
Number require_number(const std::string& argument, std::string_view value) {
    Number number = 0;
    const char* const end = value.data() + value.size();
    const auto [rest, error] = std::from_chars(value.data(), end, number);
    if (error == std::errc() && rest == end) return number;
    throw Error(ErrorCode::usage, formatted("{}: not a number", argument));
}

}  // namespace

std::vector<std::string> to_arguments(const Options& options) {
    std::vector<std::string> arguments;
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) arguments.push_back(formatted("--{}={}", name, value));
    };
    const auto flag = [&](const char* name, bool set) {
        if (set) arguments.push_back(formatted("--{}", name));
    };
    add("pattern", options.pattern);
    add("repeat", std::to_string(options.repeat));
    if (options.seed) add("seed", std::to_string(*options.seed));
    add("jobs", std::to_string(options.jobs));
    add("junit", options.junit);
    add("keep-logs", options.keep_logs);
    add("shim", options.shim);
    flag("tap", options.tap);
    flag("json", options.json);
    flag("check", options.check);
    flag("list", options.list);
    flag("exit-first", options.exit_first);
    flag("last-failed", options.last_failed);
    flag("verbose", options.verbose);
    add("durations", std::to_string(options.durations));
    flag("color", options.color);
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), options.files.begin(), options.files.end());
    return arguments;
}

Options from_arguments(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument == "--") {
            const auto rest = arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1;
            options.files.assign(rest, arguments.end());
            return options;
        }
        const std::size_t equals = argument.find('=');
        const std::string name = argument.substr(0, equals);
        const std::string value =
            equals == std::string::npos ? std::string() : argument.substr(equals + 1);
        if (name == "--pattern") {
            options.pattern = value;
        } else if (name == "--repeat") {
            options.repeat = require_number<std::size_t>(argument, value);
        } else if (name == "--seed") {
            options.seed = require_number<std::uint64_t>(argument, value);
        } else if (name == "--jobs") {
            options.jobs = require_number<std::size_t>(argument, value);
        } else if (name == "--junit") {
            options.junit = value;
        } else if (name == "--keep-logs") {
            options.keep_logs = value;
        } else if (name == "--shim") {
            options.shim = value;
        } else if (name == "--tap") {
            options.tap = true;
        } else if (name == "--json") {
            options.json = true;
        } else if (name == "--check") {
            options.check = true;
        } else if (name == "--list") {
            options.list = true;
        } else if (name == "--exit-first") {
            options.exit_first = true;
        } else if (name == "--last-failed") {
            options.last_failed = true;
        } else if (name == "--verbose") {
            options.verbose = true;
        } else if (name == "--durations") {
            options.durations = require_number<std::size_t>(argument, value);
        } else if (name == "--color") {
            options.color = true;
        } else {
            throw Error(ErrorCode::usage, formatted("unexpected argument \"{}\"", argument),
                        "this program is started by `threadfault test`");
        }
    }
    return options;
}

bool chooses(const std::string& pattern, const std::string& name) {
    if (pattern.empty()) return true;
    if (pattern.find_first_of("*?[") == std::string::npos)
        return name.find(pattern) != std::string::npos;
    return base::glob_match(pattern.c_str(), name.c_str());
}

}  // namespace threadfault::scenario
