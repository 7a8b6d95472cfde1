#include "scenario/parse.hpp"

#include "format/format.hpp"
#include "scenario/parse_parts.hpp"
#include "threadfault/error.hpp"

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

TestSpec parse_test(const Source& source, const toml::table& table, const Scenario& scenario,
                    const TargetSpec& target) {
    std::string what = "[[test]]";
    if (const auto name = table["name"].value<std::string>())
        what = formatted("test \"{}\"", *name);
    const Reader reader(source, table, what, {"name", "steps", "timeout", "target"});
    TestSpec test;
    test.place = reader.place();
    test.name = reader.required_string("name");
    test.timeout = reader.duration("timeout").value_or(test.timeout);
    test.target = target;
    if (const toml::table* overrides = reader.table("target", "a table"))
        test.target = parse_target(source, *overrides, "target of " + what, target);
    if (test.target.command.empty()) {
        fail(test.place, formatted("{} has no command: set it in its target or in [target]", what));
    }
    const toml::array* const steps = reader.array("steps", "an array of tables");
    if (steps == nullptr) reader.missing("steps");
    if (steps->empty()) reader.wrong("steps", "must not be empty");
    for (const toml::node& step : *steps) {
        if (!step.is_table()) {
            fail(source.place(step.source()),
                 formatted("a step must be a table like {{ kill = \"name=worker\" }}, not {}",
                           type_name(step)));
        }
        test.steps.push_back(parse_step(source, *step.as_table(), scenario, test.target));
    }
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

}  // namespace

Scenario parse_text(const std::string& file, std::string_view text) {
    const Source source(file, text);
    const toml::table document = parse_toml(source);
    const Reader top(source, document, "the file", {"target", "probe", "test"});
    Scenario scenario;
    scenario.file = file;
    TargetSpec target;
    if (const toml::table* table = top.table("target", "a table"))
        target = parse_target(source, *table, "[target]", {});
    std::set<std::string> names;
    for (const toml::table* table : tables(top, "probe")) {
        scenario.probes.push_back(parse_probe(source, *table));
        check_unique(names, "probe", scenario.probes.back().name, source.place(table->source()));
    }
    names.clear();
    for (const toml::table* table : tables(top, "test")) {
        scenario.tests.push_back(parse_test(source, *table, scenario, target));
        check_unique(names, "test", scenario.tests.back().name, scenario.tests.back().place);
    }
    if (scenario.tests.empty()) fail({file, 1, 1}, "the file has no [[test]]");
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
