#include "drive/faults/death.hpp"
#include "format/format.hpp"
#include "scenario/parse_parts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace threadfault::scenario {
namespace {

constexpr const char* kAll = "all";
constexpr const char* kFirst = "first";
constexpr const char* kRandom = "random";

// The flags of the command of that name, and its positional arguments.
Reader::Keys keys_of(Verb verb) {
    Reader::Keys keys = {to_string(verb), kAll, kFirst, kRandom};
    const auto also = [&](const Reader::Keys& more) {
        keys.insert(keys.end(), more.begin(), more.end());
    };
    switch (verb) {
        case Verb::kill:
            also({"how", "wait", "anywhere"});
            break;
        case Verb::signal:
            also({"sig", "value"});
            break;
        case Verb::freeze:
        case Verb::delay:
            also({"for", "wait"});
            break;
        case Verb::thaw:
            also({"wait"});
            break;
        case Verb::slow:
            also({"to", "for", "wait"});
            break;
        case Verb::spin:
            also({"for"});
            break;
        case Verb::demote:
            also({"nice", "idle", "cpus", "for"});
            break;
        case Verb::interrupt:
            break;
    }
    return keys;
}

void parse_pick(const Reader& reader, FaultOptions* options) {
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
            fail(reader.place(key), "\"all\", \"first\" and \"random\" exclude each other");
    };
    pick(kAll, Pick::all);
    pick(kFirst, Pick::first);
    pick(kRandom, Pick::random);
}

unsigned parse_percent(const Reader& reader) {
    const toml::node* const node = reader.node("to");
    if (node == nullptr) reader.missing("to");
    if (!node->is_string()) reader.wrong_type("to", "a percentage like \"10%\"");
    const std::string text = *reader.string("to");
    std::string_view digits = text;
    if (digits.ends_with('%')) digits.remove_suffix(1);
    unsigned percent = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), percent);
    if (error != std::errc() || end != digits.data() + digits.size() || percent < 1 ||
        percent > 99) {
        reader.wrong("to", formatted("\"{}\" is not between 1% and 99%", text));
    }
    return percent;
}

// "0,2-3".
void check_cpus(const Reader& reader, const std::string& list) {
    std::string_view rest = list;
    for (bool more = true; more;) {
        const std::size_t comma = rest.find(',');
        more = comma != std::string_view::npos;
        const std::string_view part = rest.substr(0, comma);
        const char* const end = part.data() + part.size();
        unsigned first = 0;
        auto [at, error] = std::from_chars(part.data(), end, first);
        unsigned last = first;
        if (error == std::errc() && at != end && *at == '-')
            std::tie(at, error) = [&] {
                const auto result = std::from_chars(at + 1, end, last);
                return std::pair(result.ptr, result.ec);
            }();
        if (error != std::errc() || at != end || first > last || last > 1023)
            reader.wrong("cpus", formatted("\"{}\" is no CPU; write a list like 0 or 0,2-3", part));
        if (more) rest.remove_prefix(comma + 1);
    }
}

Demotion parse_demotion(const Reader& reader) {
    Demotion demotion;
    if (const auto nice = reader.integer("nice", -20, 19)) demotion.nice = static_cast<int>(*nice);
    demotion.idle = reader.boolean("idle").value_or(false);
    demotion.cpus = reader.string("cpus").value_or("");
    if (reader.has("cpus")) check_cpus(reader, demotion.cpus);
    if (!demotion.nice && !demotion.idle && demotion.cpus.empty())
        fail(reader.place(), formatted("{} lacks one of nice, idle, cpus", reader.what()));
    return demotion;
}

How parse_how(const Reader& reader) {
    static constexpr std::array kHows = {How::cancel, How::async_cancel, How::exit, How::vanish};
    static const std::vector<std::string> kNames = {"cancel", "async-cancel", "exit", "vanish"};
    const std::optional<std::string> text = reader.string("how");
    if (!text) return How::cancel;
    const auto found = std::find(kNames.begin(), kNames.end(), *text);
    if (found == kNames.end())
        reader.wrong("how", formatted("there is no \"{}\"{}", *text, suggestion(*text, kNames)));
    return kHows[static_cast<std::size_t>(found - kNames.begin())];
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
    const std::optional<int> number = drive::parse_signal(text);
    if (!number) {
        const std::string near = drive::nearest_signal(text);
        reader.wrong(key, formatted("\"{}\" is no signal{}", text,
                                    near.empty() ? "" : formatted("; did you mean \"{}\"?", near)));
    }
    return number;
}

FaultStep parse_fault(const Source& source, const toml::table& table, Verb verb) {
    const std::string_view name = to_string(verb);
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
            if (*signal == 32 || *signal == 33)
                reader.wrong("sig", "it belongs to glibc; `kill` cancels a thread");
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
            break;
    }
    if (verb == Verb::freeze || verb == Verb::slow || verb == Verb::demote)
        step.options.duration = time.value_or(Duration::zero());
    return step;
}

}  // namespace threadfault::scenario
