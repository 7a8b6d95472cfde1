#include "base/fault.hpp"
#include "drive/faults/plan.hpp"
#include "format/format.hpp"
#include "scenario/parse_parts.hpp"

#include <string>
#include <vector>

namespace threadfault::scenario {
namespace {

constexpr const char* kAll = "all";
constexpr const char* kFirst = "first";
constexpr const char* kRandom = "random";

Reader::Keys keys_of(Verb verb) {
    Reader::Keys keys = {base::info(verb).name, kAll, kFirst, kRandom, kProcess};
    for (const std::string_view key : base::info(verb).keys) {
        if (!key.empty()) keys.push_back(key);
    }
    return keys;
}

void parse_pick(const Reader& reader, FaultStep::Options* options) {
    int given = 0;
    const auto pick = [&](std::string_view key, Pick which) {
        if (!reader.has(key)) return;
        if (key == kRandom && reader.node(key)->is_integer()) {
            options->seed = static_cast<std::uint64_t>(*reader.integer(key, 0, INT64_MAX));
        } else if (key == kRandom && !reader.node(key)->is_boolean()) {
            reader.wrong_type(key, "true or a seed");
        } else if (!*reader.boolean(key)) {
            return;
        }
        options->pick = which;
        if (++given > 1)
            fail(reader.place(key),
                 "\"all\", \"first\" and \"random\" are mutually exclusive; use one");
    };
    pick(kAll, Pick::all);
    pick(kFirst, Pick::first);
    pick(kRandom, Pick::random);
}

std::string_view key_of(drive::Part part, std::string_view signal_key) {
    switch (part) {
        case drive::Part::how:
            return "how";
        case drive::Part::time:
            return "for";
        case drive::Part::percent:
            return "to";
        case drive::Part::signal:
            return signal_key;
        case drive::Part::nice:
            return "nice";
        case drive::Part::cpus:
        case drive::Part::change:
            break;
    }
    return "cpus";
}

// What `read` returns; an invalid value is reported at the place of its key.
template <typename Read>
auto checked(const Reader& reader, Read read, std::string_view signal_key = "sig")
    -> decltype(read()) {
    try {
        return read();
    } catch (const drive::BadValue& error) {
        std::string hint = error.advice();
        if (!error.near().empty()) hint = formatted("did you mean \"{}\"?", error.near());
        reader.wrong(
            key_of(error.part(), signal_key),
            hint.empty() ? std::string(error.what()) : formatted("{}; {}", error.what(), hint));
    }
}

unsigned parse_percent(const Reader& reader) {
    const toml::node* const node = reader.node("to");
    if (node == nullptr) reader.missing("to");
    if (!node->is_string()) reader.wrong_type("to", "a percentage like \"10%\"");
    const std::string text = *reader.string("to");
    return checked(reader, [&] { return drive::parse_percent(text); });
}

Demotion parse_demotion(const Reader& reader) {
    Demotion demotion;
    if (const auto nice = reader.integer("nice", drive::kLeastNice, drive::kMostNice)) {
        demotion.nice = static_cast<int>(*nice);
    }
    demotion.idle = reader.boolean("idle").value_or(false);
    demotion.cpus = reader.string("cpus").value_or("");
    if (!demotion.nice && !demotion.idle && !reader.has("cpus"))
        fail(reader.place(), formatted("{} lacks one of nice, idle, cpus", reader.what()));
    return demotion;
}

How parse_how(const Reader& reader) {
    const std::optional<std::string> text = reader.string("how");
    if (!text) return How::cancel;
    return checked(
        reader, [&] { return *threadfault::parse_how(base::info(drive::parse_how(*text)).name); });
}

// Its limits are those that it will have when it is done.
drive::Plan plan_of(const Reader& reader, const FaultStep& step) {
    drive::PlanInput input{.fault = base::fault_of(step.verb),
                           .percent = step.percent,
                           .signal = step.signal,
                           .nice = step.demotion.nice,
                           .idle = step.demotion.idle,
                           .cpus = step.demotion.cpus};
    if (reader.has("for")) input.duration = reader.duration("for");
    return checked(reader, [&] { return drive::Plan(input); });
}

}  // namespace

std::optional<int> parse_signal_key(const Reader& reader, std::string_view key) {
    const toml::node* const node = reader.node(key);
    if (node == nullptr) return std::nullopt;
    std::string text;
    if (node->is_integer()) {
        text = std::to_string(*reader.integer(key, 1, 64));
    } else if (node->is_string()) {
        text = *reader.string(key);
    } else {
        reader.wrong_type(key, "the name or number of a signal");
    }
    return checked(
        reader, [&] { return drive::require_signal(text); }, key);
}

FaultStep parse_fault(const Source& source, const toml::table& table, Verb verb) {
    const std::string_view name = base::info(verb).name;
    const Reader reader(source, table, formatted("step \"{}\"", name), keys_of(verb));
    FaultStep step;
    step.verb = verb;
    step.selector = reader.required_string(name);
    check_selector(reader.place(name), step.selector);
    parse_pick(reader, &step.options);
    step.options.wait = reader.duration("wait").value_or(step.options.wait);
    const std::optional<Duration> time = reader.duration("for");
    switch (verb) {
        case Verb::kill:
            step.options.how = parse_how(reader);
            step.options.anywhere = reader.boolean("anywhere").value_or(false);
            break;
        case Verb::signal: {
            const std::optional<int> signal = parse_signal_key(reader, "sig");
            if (!signal) reader.missing("sig");
            step.signal = *signal;
            step.value = reader.integer("value", INT64_MIN, INT64_MAX).value_or(0);
            break;
        }
        case Verb::slow:
            step.percent = parse_percent(reader);
            break;
        case Verb::delay:
        case Verb::spin:
            if (!time) reader.missing("for");
            step.time = *time;
            break;
        case Verb::demote:
            step.demotion = parse_demotion(reader);
            break;
        case Verb::freeze:
        case Verb::thaw:
        case Verb::interrupt:
        case Verb::none:
            break;
    }
    const drive::Plan plan = plan_of(reader, step);
    if (base::info(plan.fault()).time == base::TakesTime::if_given)
        step.options.duration = plan.duration();
    return step;
}

}  // namespace threadfault::scenario
