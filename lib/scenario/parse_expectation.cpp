#include "format/format.hpp"
#include "scenario/parse_parts.hpp"

namespace threadfault::scenario {
namespace {

constexpr std::int64_t kMostThreads = 1'000'000;

// A number of all threads, or of those that match each selector.
void parse_threads(const Source& source, const Reader& reader, Expectation* expectation) {
    const toml::node* const node = reader.node("threads");
    if (node == nullptr) return;
    if (node->is_integer()) {
        expectation->threads =
            static_cast<std::size_t>(*reader.integer("threads", 0, kMostThreads));
        return;
    }
    const toml::table* const table =
        reader.table("threads", "a number, or a table like { \"name=worker\" = 3 }");
    for (const auto& [key, value] : *table) {
        const Place place = source.place(key.source());
        const std::string selector(key.str());
        check_selector(place, selector);
        if (!value.is_integer() || value.as_integer()->get() < 0 ||
            value.as_integer()->get() > kMostThreads) {
            fail(place, formatted("\"{}\" in threads must be a number of threads", selector));
        }
        expectation->threads_of[selector] = static_cast<std::size_t>(value.as_integer()->get());
    }
}

void parse_progresses(const Reader& reader, Expectation* expectation) {
    const toml::node* const node = reader.node("progresses");
    if (node == nullptr) return;
    if (node->is_boolean()) {
        expectation->progresses = reader.boolean("progresses");
        return;
    }
    if (!node->is_string())
        reader.wrong_type("progresses", "true, false, or how long to watch, like \"2s\"");
    expectation->progresses = true;
    expectation->watched = *reader.duration("progresses");
}

void parse_probe_name(const Reader& reader, const Scenario& scenario, Expectation* expectation) {
    if (!reader.has("probe")) return;
    expectation->probe = reader.required_string("probe");
    if (scenario.find_probe(expectation->probe) != nullptr) return;
    std::vector<std::string> names;
    names.reserve(scenario.probes.size());
    for (const ProbeSpec& probe : scenario.probes)
        names.push_back(probe.name);
    reader.wrong("probe", formatted("unknown [[probe]] \"{}\"{}", expectation->probe,
                                    suggestion(expectation->probe, names)));
}

// A contradiction is a mistake of the file, not of the target.
void check_contradictions(const Reader& reader, const Expectation& expectation) {
    if (expectation.exit_code && expectation.signal)
        fail(reader.place("signal"),
             "\"exit_code\" and \"signal\" are mutually exclusive; use one");
    const bool ends = expectation.exit_code || expectation.signal;
    if (ends && expectation.alive == true)
        fail(reader.place("alive"), "\"alive\" can't be true with \"exit_code\" or \"signal\"");
    if (!expectation.foresees_end()) return;
    for (const char* key : {"probe", "progresses", "no_orphaned_locks", "threads"}) {
        if (reader.has(key)) {
            fail(reader.place(key),
                 formatted("\"{}\" can't be checked after the target has ended", key));
        }
    }
}

}  // namespace

Expectation parse_expectation(const Source& source, const toml::table& table,
                              const Scenario& scenario) {
    const Reader reader(source, table, "\"expect\"",
                        {"alive", "exit_code", "signal", "probe", "recovers_within", "progresses",
                         "no_orphaned_locks", "threads", "output", "log_free_of"});
    if (table.empty()) fail(reader.place(), "\"expect\" is empty");
    Expectation expectation;
    expectation.alive = reader.boolean("alive");
    if (const auto code = reader.integer("exit_code", 0, 255))
        expectation.exit_code = static_cast<int>(*code);
    expectation.signal = parse_signal_key(reader, "signal");
    parse_probe_name(reader, scenario, &expectation);
    expectation.recovers_within = reader.duration("recovers_within");
    if (expectation.recovers_within && expectation.probe.empty())
        reader.wrong("recovers_within", "needs \"probe\"");
    parse_progresses(reader, &expectation);
    expectation.no_orphaned_locks = reader.boolean("no_orphaned_locks");
    parse_threads(source, reader, &expectation);
    expectation.output = reader.regex("output").value_or("");
    if (const auto patterns = reader.strings("log_free_of")) {
        expectation.log_free_of = *patterns;
        for (const std::string& pattern : *patterns)
            check_regex(reader.place("log_free_of"), pattern);
    }
    check_contradictions(reader, expectation);
    return expectation;
}

}  // namespace threadfault::scenario
