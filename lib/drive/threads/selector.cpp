#include "drive/threads/selector.hpp"

#include "base/glob.hpp"
#include "base/suggest.hpp"
#include "base/type_names.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"
#include "wire/wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <iterator>

namespace threadfault::drive {
namespace {

constexpr std::array<std::string_view, 8> kKeys = {"name",  "start",   "path", "nth",
                                                   "state", "waiting", "in",   "holding"};
constexpr TermValue kStates[] = {
    {"R", "running"}, {"S", "sleeping"}, {"D", "uninterruptible"}, {"T", "stopped"},
    {"t", "traced"},  {"I", "idle"},     {"Z", "ended"},
};

[[noreturn]] void malformed(std::string_view selector, const std::string& what, std::string hint) {
    throw Error(ErrorCode::bad_selector, formatted("selector \"{}\": {}", selector, what),
                std::move(hint));
}

bool is_number(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A number too large for any tid names no thread; it is not malformed.
long to_number(std::string_view digits) noexcept {
    long number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc() && number <= INT_MAX ? number : INT_MAX;
}

bool is_path(std::string_view text) noexcept {
    if (!text.starts_with("main")) return false;
    text.remove_prefix(4);
    while (!text.empty()) {
        if (text.front() != '/') return false;
        text.remove_prefix(1);
        const std::size_t length = std::min(text.find('/'), text.size());
        if (!is_number(text.substr(0, length))) return false;
        text.remove_prefix(length);
    }
    return true;
}

Term parse_bare(std::string_view whole, std::string_view text) {
    if (text == "main") return {.key = Term::Key::main};
    if (is_number(text)) {
        const long tid = to_number(text);
        if (tid == 0)
            malformed(whole, "0 is not a thread id", "`threadfault ps PID` lists the threads");
        return {.key = Term::Key::tid, .number = tid};
    }
    if (text.empty()) malformed(whole, "empty term", "write terms like name=worker*,state=S");
    malformed(whole, formatted("\"{}\" is neither a thread id, `main` nor KEY=VALUE", text),
              base::edit_distance(text, "main") == 1 ? "did you mean main?"
                                                     : formatted("did you mean name={}?", text));
}

WaitKind require_wait_kind(std::string_view whole, std::string_view value) {
    if (const auto kind = parse_wait_kind(value)) return *kind;
    const std::vector<std::string> names(std::begin(base::kWaitKindNames),
                                         std::end(base::kWaitKindNames));
    const std::string near = base::nearest(value, names);
    malformed(whole, formatted("waiting=\"{}\" is not a kind of wait", value),
              near.empty() ? formatted("one of {}", joined(names, ", "))
                           : formatted("did you mean waiting={}?", near));
}

Term parse_key_value(std::string_view whole, std::string_view key, std::string_view value) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
        if (key == "tid" || key == "pid") {
            malformed(whole, formatted("unknown key \"{}\"", key),
                      formatted("write the thread id alone: {}", value));
        }
        const std::string_view near = base::nearest(key, kKeys);
        malformed(whole, formatted("unknown key \"{}\"", key),
                  near.empty() ? formatted("keys are {}", joined(kKeys, ", "))
                               : formatted("did you mean {}={}?", near, value));
    }
    if (value.empty()) malformed(whole, formatted("{}= has no value", key), "");
    if (key == "name") return {.key = Term::Key::name, .text = std::string(value)};
    if (key == "start") return {.key = Term::Key::start, .text = std::string(value)};
    if (key == "path") {
        if (!is_path(value)) {
            malformed(whole, formatted("path=\"{}\" is not a thread path", value),
                      "paths are written like main/3/1; `threadfault ps PID` shows them");
        }
        return {.key = Term::Key::path, .text = std::string(value)};
    }
    if (key == "nth") {
        if (!is_number(value)) {
            malformed(whole, formatted("nth=\"{}\" is not a number", value),
                      "nth=1 is the first thread that the program created");
        }
        return {.key = Term::Key::nth, .number = to_number(value)};
    }
    if (key == "state") {
        if (std::none_of(std::begin(kStates), std::end(kStates),
                         [value](const TermValue& state) { return state.value == value; })) {
            std::string states;
            for (const TermValue& state : kStates) {
                states +=
                    formatted("{}{} ({})", states.empty() ? "" : ", ", state.value, state.about);
            }
            malformed(whole, formatted("state=\"{}\" is not a state", value),
                      formatted("one of {}", states));
        }
        return {.key = Term::Key::state, .state = value.front()};
    }
    if (key == "waiting") {
        return {.key = Term::Key::waiting, .wait = require_wait_kind(whole, value)};
    }
    if (key == "in") return {.key = Term::Key::in, .text = std::string(value)};
    return {.key = Term::Key::holding, .text = std::string(value)};
}

}  // namespace

std::vector<std::string_view> split_terms(std::string_view text) {
    const auto split = [text](bool nesting, bool* balanced) {
        std::vector<std::string_view> parts;
        int depth = 0;
        std::size_t begin = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (c == '(' || c == '<') depth++;
            if ((c == ')' || c == '>') && depth > 0) --depth;
            if (c != ',' || (nesting && depth > 0)) continue;
            parts.push_back(text.substr(begin, i - begin));
            begin = i + 1;
        }
        parts.push_back(text.substr(begin));
        *balanced = depth == 0;
        return parts;
    };
    bool balanced = true;
    std::vector<std::string_view> parts = split(true, &balanced);
    // "start=operator<,state=S": a bracket that nothing closes protects no comma.
    return balanced ? parts : split(false, &balanced);
}

Selector parse_selector(std::string_view text) {
    Selector selector{std::string(text), {}};
    if (text.empty()) malformed(text, "is empty", "a thread id, main, or terms like name=worker*");
    for (std::string_view part : split_terms(text)) {
        const std::size_t equals = part.find('=');
        selector.terms.push_back(
            equals == std::string_view::npos
                ? parse_bare(text, part)
                : parse_key_value(text, part.substr(0, equals), part.substr(equals + 1)));
    }
    return selector;
}

static bool is_called(const HeldLock& lock, const std::string& text) {
    // As it is printed, too: "shards[2].lock" is no glob for itself.
    if (lock.symbol == text) return true;
    if (!lock.symbol.empty() && base::glob_match(text.c_str(), lock.symbol.c_str())) return true;
    std::uint64_t address = 0;
    const bool prefixed = text.starts_with("0x") || text.starts_with("0X");
    if (!prefixed) return false;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + 2, end, address, 16);
    return error == std::errc() && rest == end && address == lock.address;
}

bool Term::matches(const ThreadView& thread) const {
    switch (key) {
        case Key::tid:
            return thread.tid == number;
        case Key::main:
            return thread.main;
        case Key::name:
            return base::glob_match(text.c_str(), thread.name.c_str());
        case Key::start:
            return !thread.start.empty() &&
                   base::glob_match(text.c_str(),
                                    observe::without_parameters(thread.start).c_str());
        case Key::path:
            return thread.path == text;
        case Key::nth:
            return thread.index && *thread.index == static_cast<std::uint32_t>(number);
        case Key::state:
            return thread.state == state;
        case Key::waiting:
            return thread.waiting && thread.waiting->kind == wait;
        case Key::in:
            return std::any_of(thread.on_stack.begin(), thread.on_stack.end(),
                               [&](const std::string& function) {
                                   return base::glob_match(text.c_str(), function.c_str());
                               });
        case Key::holding:
            return std::any_of(thread.holding.begin(), thread.holding.end(),
                               [&](const HeldLock& lock) { return is_called(lock, text); });
    }
    return false;
}

bool Selector::matches(const ThreadView& thread) const {
    return std::all_of(terms.begin(), terms.end(),
                       [&](const Term& term) { return term.matches(thread); });
}

bool Selector::has(Term::Key key) const noexcept {
    return std::any_of(terms.begin(), terms.end(),
                       [key](const Term& term) { return term.key == key; });
}

std::string_view Selector::value(Term::Key key) const noexcept {
    for (const Term& term : terms) {
        if (term.key == key) return term.text;
    }
    return {};
}

bool Selector::names_main(pid_t pid) const noexcept {
    return std::any_of(terms.begin(), terms.end(), [pid](const Term& term) {
        switch (term.key) {
            case Term::Key::main:
                return true;
            case Term::Key::tid:
                return term.number == pid;
            case Term::Key::path:
                return term.text == "main";
            case Term::Key::nth:
                return term.number == 0;
            default:
                return false;
        }
    });
}

std::span<const std::string_view> selector_keys() noexcept {
    return kKeys;
}

std::vector<TermValue> selector_values(std::string_view key) {
    if (key == "state") return {std::begin(kStates), std::end(kStates)};
    std::vector<TermValue> values;
    if (key == "waiting") {
        for (const std::string_view name : base::kWaitKindNames)
            values.push_back({name, ""});
    }
    return values;
}

}  // namespace threadfault::drive
