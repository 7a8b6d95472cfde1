#include "base/fault.hpp"
#include "format/format.hpp"
#include "inject/spec.hpp"
#include "scenario/parse_parts.hpp"
#include "scenario/placeholders.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

namespace threadfault::scenario {
namespace {

// The faults' verbs, and those that only scenarios have.
const std::vector<std::string>& step_verbs() {
    static const std::vector<std::string> verbs = [] {
        std::vector<std::string> all;
        for (const base::VerbInfo& fault : base::kVerbs)
            all.emplace_back(fault.name);
        for (const char* const own : {"inject", "wait", "wait_for_thread", "run", "expect"})
            all.emplace_back(own);
        return all;
    }();
    return verbs;
}

std::string find_verb(const Source& source, const toml::table& table) {
    const Place place = source.place(table.source());
    std::string found;
    for (const std::string& verb : step_verbs()) {
        if (!table.contains(verb)) continue;
        // `wait` is a verb and, in a fault, how long the fault may take.
        if (!found.empty() && verb == "wait" && table.get(verb)->is_string()) continue;
        if (!found.empty()) {
            fail(place,
                 formatted("step has two verbs, \"{}\" and \"{}\"; write two steps", found, verb));
        }
        found = verb;
    }
    if (!found.empty()) return found;

    const std::vector<std::string>& verbs = step_verbs();
    if (table.empty()) fail(place, formatted("empty step{}", suggestion("", verbs)));
    const toml::key& key = table.begin()->first;
    fail(source.place(key.source()), formatted("step without a verb: \"{}\" is not one{}",
                                               key.str(), suggestion(key.str(), verbs)));
}

InjectStep parse_inject(const Source& source, const toml::table& table, const TargetSpec& target) {
    const Reader reader(source, table, "step \"inject\"", {"inject", "force", "seed", kProcess});
    InjectStep step;
    if (target.attach.given()) {
        fail(reader.place("inject"),
             "\"inject\" can't be with \"attach\": call faults need the shim in the target");
    }
    step.spec = reader.required_string("inject");
    step.force = reader.boolean("force").value_or(false);
    if (const auto seed = reader.integer("seed", 0, INT64_MAX))
        step.seed = static_cast<std::uint64_t>(*seed);
    located(reader.place("inject"), [&] {
        const inject::Spec spec = inject::parse_spec(sample_placeholders().fill(step.spec),
                                                     {.force = step.force, .seed = step.seed});
        if (spec.needs_points() && target.shim != Shim::points)
            reader.wrong("inject", "this call fault needs shim = \"points\" in the target");
    });
    return step;
}

WaitStep parse_wait(const Source& source, const toml::table& table) {
    const Reader reader(source, table, "step \"wait\"", {"wait"});
    return {*reader.duration("wait")};
}

WaitForThreadStep parse_wait_for_thread(const Source& source, const toml::table& table) {
    const Reader reader(source, table, "step \"wait_for_thread\"",
                        {"wait_for_thread", "within", kProcess});
    WaitForThreadStep step;
    step.selector = reader.required_string("wait_for_thread");
    check_selector(reader.place("wait_for_thread"), step.selector);
    step.within = reader.duration("within").value_or(step.within);
    return step;
}

RunStep parse_run(const Source& source, const toml::table& table) {
    const Reader reader(source, table, "step \"run\"", {"run", "exit_code", "within"});
    RunStep step;
    step.command = reader.required_string("run");
    step.exit_code = static_cast<int>(reader.integer("exit_code", 0, 255).value_or(0));
    step.within = reader.duration("within").value_or(step.within);
    return step;
}

// What can be seen of a process that is not our own child.
void check_of_process(const Source& source, const toml::table& expected) {
    static constexpr std::string_view kSeen[] = {"alive", "progresses", "no_orphaned_locks",
                                                 "threads"};
    for (const auto& [key, value] : expected) {
        const bool ends = key.str() == "alive" && value.value_or(true) == false;
        if (!ends && std::find(std::begin(kSeen), std::end(kSeen), key.str()) != std::end(kSeen))
            continue;
        fail(source.place(key.source()),
             ends ? std::string("\"alive\" can't be false with \"process\"")
                  : formatted("\"{}\" can't be expected with \"process\"; one of {}", key.str(),
                              joined(kSeen, ", ")));
    }
}

// A process that was attached to is not our child either, and its output goes elsewhere.
void check_of_attached(const Source& source, const toml::table& expected) {
    static constexpr std::string_view kOurs[] = {"exit_code", "signal", "output", "log_free_of"};
    for (const auto& [key, value] : expected) {
        if (std::find(std::begin(kOurs), std::end(kOurs), key.str()) == std::end(kOurs)) continue;
        const Place place = source.place(key.source());
        const std::string name(key.str());
        const bool said = name == "output" || name == "log_free_of";
        attempt(source, [&] {
            fail(place,
                 formatted("\"{}\" can't be expected with \"attach\": the {} of that process "
                           "is not ours to see",
                           name, said ? "output" : "exit status"));
        });
    }
}

// As it was written, or as it could have been: in one line.
std::string text_of(const Source& source, const toml::table& table) {
    if (table.is_inline()) return source.excerpt(table.source());
    toml::table copy = table;
    copy.is_inline(true);
    for (auto&& [key, value] : copy) {
        if (toml::table* const inner = value.as_table()) inner->is_inline(true);
    }
    std::ostringstream stream;
    stream << copy;
    return stream.str();
}

}  // namespace

std::optional<ProcessSpec> parse_process(const Source& source, const toml::table& step) {
    const toml::node* const node = step.get(kProcess);
    if (node == nullptr) return std::nullopt;
    if (!node->is_table()) {
        fail(source.place(node->source()),
             formatted("\"{}\" must be a table like {{ command = \"worker*\" }}, not {}", kProcess,
                       type_name(*node)));
    }
    const Reader reader(source, *node->as_table(), "\"process\"",
                        {"command", "children", "first", "within"});
    ProcessSpec process;
    if (reader.has("command")) process.command = reader.required_string("command");
    process.children = reader.boolean("children").value_or(false);
    process.first = reader.boolean("first").value_or(false);
    process.within = reader.duration("within").value_or(process.within);
    if (process.command.empty() && !process.children)
        fail(reader.place(), "\"process\" lacks one of command, children");
    return process;
}

Step parse_step(const Source& source, const toml::table& table, const Scenario& scenario,
                const TargetSpec& target) {
    Step step;
    step.place = source.place(table.source());
    step.text = text_of(source, table);
    const std::string verb = find_verb(source, table);
    step.process = parse_process(source, table);
    if (verb == "inject") {
        step.what = parse_inject(source, table, target);
    } else if (verb == "wait") {
        step.what = parse_wait(source, table);
    } else if (verb == "wait_for_thread") {
        step.what = parse_wait_for_thread(source, table);
    } else if (verb == "run") {
        step.what = parse_run(source, table);
    } else if (verb == "expect") {
        const Reader reader(source, table, "step \"expect\"", {"expect", kProcess});
        const toml::table& expected = *reader.table("expect", "a table");
        if (step.process) check_of_process(source, expected);
        if (target.attach.given() && !step.process) check_of_attached(source, expected);
        step.what = parse_expectation(source, expected, scenario);
    } else {
        step.what = parse_fault(source, table, base::find_verb(verb));
    }
    return step;
}

}  // namespace threadfault::scenario
