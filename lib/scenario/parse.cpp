#include "scenario/parse.hpp"

#include "format/format.hpp"
#include "scenario/parse_parts.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace threadfault::scenario {
namespace {

// The tables of [[KEY]].
std::vector<const toml::table*> tables(const Reader& top, std::string_view key) {
    const std::string expected = formatted("written as [[{}]]", key);
    std::vector<const toml::table*> found;
    const toml::array* const array = top.array(key, expected);
    if (array == nullptr) return found;
    for (const toml::node& element : *array) {
        if (!element.is_table()) {
            fail(top.source().place(element.source()),
                 formatted("\"{}\" must be {}, and hold {}, not {}", key, expected, "tables",
                           type_name(element)));
        }
        found.push_back(element.as_table());
    }
    return found;
}

void check_unique(std::set<std::string>& names, const std::string& kind, const std::string& name,
                  const Place& place) {
    if (!names.insert(name).second) fail(place, formatted("duplicate {} \"{}\"", kind, name));
}

void parse_steps(const Source& source, const Reader& reader, const Scenario& scenario,
                 TestSpec* test) {
    const toml::array* const steps = reader.array("steps", "an array of tables");
    if (steps == nullptr) reader.missing("steps");
    if (steps->empty()) reader.wrong("steps", "must not be empty");
    for (const toml::node& step : *steps) {
        attempt(source, [&] {
            if (!step.is_table()) {
                fail(source.place(step.source()),
                     formatted("a step must be a table like {{ kill = \"name=worker\" }}, not {}",
                               type_name(step)));
            }
            test->steps.push_back(parse_step(source, *step.as_table(), scenario, test->target));
        });
    }
}

// What follows from a mistake in the target is none of its own.
TargetSpec unknown_target() {
    TargetSpec target;
    target.command = {"?"};
    target.shim = Shim::points;
    return target;
}

TestSpec parse_test(const Source& source, const toml::table& table, const Scenario& scenario,
                    const TargetSpec& target) {
    std::string what = "[[test]]";
    if (const auto name = table["name"].value<std::string>())
        what = formatted("test \"{}\"", *name);
    const Reader reader(source, table, what, {"name", "steps", "timeout", "target"}, true);
    TestSpec test;
    test.place = reader.place();
    test.target = target;
    attempt(source, [&] { test.name = reader.required_string("name"); });
    attempt(source, [&] { test.timeout = reader.duration("timeout").value_or(test.timeout); });
    const bool good = attempt(source, [&] {
        if (const toml::table* overrides = reader.table("target", "a table"))
            test.target = parse_target(source, *overrides, "target of " + what, target);
    });
    if (!good) test.target = unknown_target();
    attempt(source, [&] {
        if (test.target.command.empty() && !test.target.attach.given()) {
            fail(test.place,
                 formatted("{} has no command: set it, or attach, in its target or in [target]",
                           what));
        }
    });
    attempt(source, [&] { parse_steps(source, reader, scenario, &test); });
    return test;
}

toml::table parse_toml(const Source& source) {
    source.require_readable();
    try {
        return toml::parse(source.text(), source.file());
    } catch (const toml::parse_error& error) {
        fail(source.place(error.source()), std::string(error.description()));
    }
}

void read_document(const Source& source, Scenario* scenario) {
    const toml::table document = parse_toml(source);
    const Reader top(source, document, "the file", {"target", "probe", "test"}, true);
    TargetSpec target;
    const bool good = attempt(source, [&] {
        if (const toml::table* table = top.table("target", "a table"))
            target = parse_target(source, *table, "[target]", {});
    });
    if (!good) target = unknown_target();
    std::set<std::string> names;
    attempt(source, [&] {
        for (const toml::table* table : tables(top, "probe")) {
            ProbeSpec probe;
            // Steps that name a probe with a mistake in it have none of their own.
            probe.name = (*table)["name"].value<std::string>().value_or("");
            attempt(source, [&] {
                probe = parse_probe(source, *table);
                check_unique(names, "probe", probe.name, source.place(table->source()));
            });
            scenario->probes.push_back(std::move(probe));
        }
    });
    names.clear();
    attempt(source, [&] {
        for (const toml::table* table : tables(top, "test")) {
            attempt(source, [&] {
                scenario->tests.push_back(parse_test(source, *table, *scenario, target));
                const TestSpec& test = scenario->tests.back();
                if (!test.name.empty()) check_unique(names, "test", test.name, test.place);
            });
        }
    });
    if (scenario->tests.empty() && !source.has_mistakes())
        fail({source.file(), 1, 1}, "the file has no [[test]]");
}

}  // namespace

Scenario parse_text(const std::string& file, std::string_view text) {
    const Source source(file, text);
    Scenario scenario;
    scenario.file = file;
    attempt(source, [&] { read_document(source, &scenario); });
    std::vector<std::string> mistakes = source.mistakes();
    if (!mistakes.empty()) throw Mistakes(std::move(mistakes));
    return scenario;
}

Scenario parse_file(const std::string& path) {
    std::error_code ignored;
    const bool directory = std::filesystem::is_directory(path, ignored);
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream || directory) {
        throw Error(ErrorCode::no_such_file, formatted("{} can't be read: {}", path,
                                                       std::strerror(directory ? EISDIR : errno)));
    }
    return parse_text(path, std::string(std::istreambuf_iterator<char>(stream), {}));
}

}  // namespace threadfault::scenario
