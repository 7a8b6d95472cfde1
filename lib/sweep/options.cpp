#include "sweep/options.hpp"

#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <nlohmann/json.hpp>

namespace threadfault::sweep {
namespace {

using Json = nlohmann::json;

// Each field once, for both ways.
template <typename Visit>
void each_field(Options& options, Visit visit) {
    visit("command", options.command);
    visit("scenario", options.scenario);
    visit("test", options.test);
    visit("how", options.how);
    visit("seed", options.seed);
    visit("jobs", options.jobs);
    visit("budget", options.budget);
    visit("shard", options.shard.index);
    visit("shards", options.shard.count);
    visit("threads", options.threads);
    visit("exhaustive", options.exhaustive);
    visit("out", options.out);
    visit("baseline", options.baseline);
    visit("resume", options.resume);
    visit("list_points", options.list_points);
    visit("reproduce", options.reproduce);
    visit("gdb", options.gdb);
    visit("ready_output", options.ready_output);
    visit("ready_listening", options.ready_listening);
    visit("ready_thread", options.ready_thread);
    visit("ready_within", options.ready_within);
    visit("workload", options.workload);
    visit("probes", options.probes);
    visit("window", options.window);
    visit("settle", options.settle);
    visit("timeout", options.timeout);
    visit("input", options.input);
    visit("good_exits", options.good_exits);
    visit("ignore_output", options.ignore_output);
    visit("merge", options.merge);
    visit("shim", options.shim);
    visit("json", options.json);
    visit("color", options.color);
}

}  // namespace

std::string to_argument(const Options& options) {
    Json json;
    Options copy = options;
    each_field(copy, [&](const char* name, const auto& value) { json[name] = value; });
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> frame_arguments(const Options& options) {
    std::vector<std::string> words;
    const auto text = [&](const char* name, const std::string& value) {
        if (value.empty()) return;
        words.emplace_back(name);
        words.push_back(value);
    };
    const auto time = [&](const char* name, double value, double usual) {
        if (value != usual) text(name, formatted("{:g}s", value));
    };
    const Options usual;
    if (!options.ready_output.empty()) text("--ready", "output=" + options.ready_output);
    if (!options.ready_listening.empty()) text("--ready", "listening=" + options.ready_listening);
    if (!options.ready_thread.empty()) text("--ready", "thread=" + options.ready_thread);
    time("--ready-within", options.ready_within, usual.ready_within);
    text("--workload", options.workload);
    for (const std::string& probe : options.probes)
        text("--probe", probe);
    time("--for", options.window, usual.window);
    time("--settle", options.settle, usual.settle);
    time("--timeout", options.timeout, usual.timeout);
    text("--input", options.input);
    for (const int code : options.good_exits)
        text("--good-exit", std::to_string(code));
    if (options.ignore_output) words.emplace_back("--ignore-output");
    text("--test", options.test);
    text("--shim", options.shim);
    if (!options.scenario.empty()) words.push_back(options.scenario);
    return words;
}

Options from_argument(const std::string& text) {
    Options options;
    try {
        const Json json = Json::parse(text);
        each_field(options, [&](const char* name, auto& value) { json.at(name).get_to(value); });
    } catch (const Json::exception&) {
        throw Error(ErrorCode::usage, "unexpected argument",
                    "this program is started by `threadfault sweep`");
    }
    return options;
}

}  // namespace threadfault::sweep
