#include "inject/spec.hpp"

#include "base/fault.hpp"
#include "base/suggest.hpp"
#include "format/format.hpp"
#include "inject/possible.hpp"
#include "threadfault/error.hpp"

#include <errno.h>

#include <algorithm>

namespace threadfault::inject {

namespace {

using Word = Problem::Word;

std::vector<std::string_view> candidates(Word word, const Rule& rule) {
    switch (word) {
        case Word::call:
            return call_names();
        case Word::fault:
            return {"error", "delay", "spurious", "interrupt", "kill", "freeze", "before", "after"};
        case Word::death:
            return {base::kDeathNames.begin(), base::kDeathNames.end()};
        case Word::option:
            return {"when", "probability", "seed", "force", "child", "thread"};
        case Word::term:
            return {"main", "name", "start", "path", "nth"};
        case Word::error:
            break;
        case Word::other:
            return {};
    }
    // An error that one of the calls allows is the likeliest to be meant.
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < kCallCount; ++i) {
        const auto call = static_cast<Call>(i);
        if (!rule.calls.has(call)) continue;
        for (const int* error = info(call).errors; *error != 0; ++error)
            names.emplace_back(error_name(info(call).convention, *error));
    }
    return names;
}

[[noreturn]] void malformed(std::string_view text, const Rule& rule, const Problem& problem) {
    const std::string_view found = text.substr(problem.column - 1, problem.length);
    const auto known = candidates(problem.word, rule);
    const std::string_view near = found.empty() ? std::string_view() : base::nearest(found, known);
    const std::string hint =
        near.empty()
            ? "a SPEC is CALL[,CALL...]:FAULT[:when=...][:probability=P][:child][:thread=SELECTOR]"
            : formatted("did you mean \"{}\"?", near);
    throw Error(ErrorCode::bad_spec,
                formatted("SPEC \"{}\": column {}: expected {}, found {}", text, problem.column,
                          problem.expected, found.empty() ? "the end" : formatted("\"{}\"", found)),
                hint);
}

// thread= takes the rest, so an option is put in before it.
std::string with_option(std::string_view text, const std::string& option) {
    const std::size_t thread = text.find(":thread=");
    const std::size_t at = thread == std::string_view::npos ? text.size() : thread;
    return formatted("{}:{}{}", text.substr(0, at), option, text.substr(at));
}

bool has_option(std::string_view text, std::string_view option) {
    return text.substr(0, text.find(":thread=")).find(option) != std::string_view::npos;
}

bool makes_errors(const Rule& rule) {
    return rule.action == Action::error || rule.action == Action::interrupt;
}

void require_short(const std::string& text) {
    if (text.size() < kSpecSize) return;
    throw Error(ErrorCode::bad_spec,
                formatted("the SPEC has {} bytes; the limit is {}", text.size(), kSpecSize - 1));
}

}  // namespace

bool Spec::needs_points() const noexcept {
    for (std::size_t i = 0; i < kCallCount; ++i) {
        const auto call = static_cast<Call>(i);
        if (rule.calls.has(call) && !is_basic(call)) return true;
    }
    return false;
}

std::string_view Spec::start_glob() const noexcept {
    return rule.thread.range_count == 0 ? std::string_view(rule.thread.start) : std::string_view();
}

void Spec::set_start_ranges(std::span<const Range> ranges, bool relative) {
    if (ranges.empty()) {
        throw Error(ErrorCode::no_such_function,
                    formatted("start={}: the program has no such function", rule.thread.start));
    }
    if (ranges.size() > ThreadMatch::kMostRanges) {
        throw Error(ErrorCode::too_many_functions,
                    formatted("start={}: {} functions match; the limit is {}", rule.thread.start,
                              ranges.size(), ThreadMatch::kMostRanges),
                    "use a narrower GLOB");
    }
    std::string longer = text;
    for (const Range& range : ranges) {
        longer += formatted(",start@{}{:#x}-{:#x}", relative ? "+" : "", range.begin, range.end);
        rule.thread.ranges[rule.thread.range_count++] = range;
    }
    rule.thread.relative = relative;
    require_short(longer);
    text = std::move(longer);
}

Spec parse_spec(std::string_view text, const SpecOptions& options) {
    Spec spec{std::string(text), {}};
    require_short(spec.text);
    Problem problem;
    if (text.find('\n') != std::string_view::npos) {
        const std::size_t at = text.find('\n');
        problem = {at + 1, 1, Word::other, "no line break"};
        malformed(text, {}, problem);
    }
    if (!parse(text.data(), text.size(), &spec.rule, &problem)) {
        malformed(text, spec.rule, problem);
    }
    if (!options.force && !spec.rule.forced) {
        const std::string reason = why_illegitimate(spec.rule);
        if (!reason.empty()) {
            throw Error(ErrorCode::illegitimate_fault, formatted("SPEC \"{}\": {}", text, reason));
        }
    }
    // The target looks at the objects of the calls, so it must know.
    if (options.force && !spec.rule.forced && makes_errors(spec.rule)) {
        spec.rule.forced = true;
        spec.text = with_option(spec.text, "force");
        require_short(spec.text);
    }
    if (options.seed && spec.rule.chance != UINT64_MAX && !has_option(text, ":seed=")) {
        spec.rule.seed = *options.seed;
        spec.text = with_option(spec.text, formatted("seed={}", *options.seed));
        require_short(spec.text);
    }
    return spec;
}

Spec parse_on_start(std::string_view text) {
    const char* const hint = "for example start=worker_loop:kill=exit";
    std::size_t at = std::string_view::npos;
    for (const std::string_view verb : {":kill=", ":delay=", ":freeze="}) {
        const std::size_t found = text.rfind(verb);
        if (found != std::string_view::npos && (at == std::string_view::npos || found > at)) {
            at = found;
        }
    }
    if (at == std::string_view::npos) {
        static constexpr std::string_view kVerbs[] = {"kill", "delay", "freeze"};
        const std::size_t colon = text.rfind(':');
        const std::string_view word = colon == std::string_view::npos ? "" : text.substr(colon + 1);
        const std::string_view near = base::nearest(word.substr(0, word.find('=')), kVerbs);
        throw Error(ErrorCode::bad_spec,
                    formatted("on-start \"{}\": expected SELECTOR:kill=…, SELECTOR:delay=… or "
                              "SELECTOR:freeze=…",
                              text),
                    near.empty() ? hint : formatted("did you mean {}=?", near));
    }
    const std::string_view selector = text.substr(0, at);
    if (selector.empty()) {
        throw Error(ErrorCode::bad_spec,
                    formatted("on-start \"{}\": the selector is missing", text), hint);
    }
    if (text.substr(at).find(":thread=") != std::string_view::npos) {
        throw Error(ErrorCode::bad_spec,
                    formatted("on-start \"{}\": the selector comes before the fault; "
                              "thread= is not allowed after it",
                              text),
                    hint);
    }
    try {
        // Who says "on start" knows that it is no cancellation point: a cancel waits for the first.
        Spec spec = parse_spec(formatted("thread_start{}:thread={}", text.substr(at), selector),
                               {.force = true});
        const ThreadMatch& thread = spec.rule.thread;
        const bool main = (thread.terms & ThreadMatch::kMain) != 0 ||
                          ((thread.terms & ThreadMatch::kPath) != 0 && thread.depth == 0);
        if (!main) return spec;
        throw Error(ErrorCode::bad_spec,
                    "the main thread has no start routine to place a fault before", hint);
    } catch (const Error& error) {
        throw Error(error.error_code(), formatted("on-start \"{}\": {}", text, error.what()),
                    error.facts());
    }
}

std::string join_specs(std::span<const Spec> specs) {
    std::string lines;
    for (const Spec& spec : specs) {
        if (!lines.empty()) lines += '\n';
        lines += spec.text;
    }
    return lines;
}

// What `tell` says of the rule's calls and error, each once.
static std::vector<std::string_view> told_of(const Rule& rule,
                                             const char* (*tell)(Call, int) noexcept) {
    std::vector<std::string_view> words;
    const int error = rule.action == Action::interrupt ? EINTR : rule.error;
    for (std::size_t i = 0; i < kCallCount; ++i) {
        const auto call = static_cast<Call>(i);
        const char* const word = rule.calls.has(call) ? tell(call, error) : nullptr;
        if (word != nullptr && !std::ranges::count(words, std::string_view(word)))
            words.emplace_back(word);
    }
    return words;
}

std::string why_skipped(const Rule& rule) {
    return joined(told_of(rule, who_gives), "; ");
}

std::vector<std::string_view> what_skips(std::string_view text) {
    Rule rule;
    Problem problem;
    if (!parse(text.data(), text.size(), &rule, &problem)) return {};
    return told_of(rule, what_gives);
}

std::string why_skipped(std::string_view text) {
    Rule rule;
    Problem problem;
    return parse(text.data(), text.size(), &rule, &problem) ? why_skipped(rule) : std::string();
}

std::vector<std::string_view> call_names() {
    std::vector<std::string_view> names;
    names.reserve(kCallCount);
    for (std::size_t i = 0; i < kCallCount; ++i)
        names.emplace_back(info(static_cast<Call>(i)).name);
    return names;
}

std::string_view spec_help() {
    static const std::string help =
        "SPEC is CALL[,CALL...]:FAULT[:when=FIRST[..LAST][+STEP]][:probability=P]\n"
        "        [:force][:child][:thread=SELECTOR]\n"
        "FAULT is\n"
        "  error=NAME    the call fails (error=EAGAIN)\n"
        "  spurious      a wait for a condition wakes up spuriously\n"
        "  interrupt     the call returns as if a signal had interrupted it\n"
        "  [before:|after:]delay=D   the thread is held for a time\n"
        "  [before:|after:]freeze=D  the same, and shown as frozen\n"
        "  [before:|after:]kill=" +
        std::string(base::kDeathsInGrammar.c_str()) +
        "\n"
        "                the thread ends inside the call\n"
        "when= counts the matching calls of the process from 1: 3 is the third, 3+ the\n"
        "third and all later ones, 2..10 the second to the tenth, 1+5 every fifth from\n"
        "the first.\n"
        "An error that the object of a call can't give (EISDIR of a pipe) is skipped\n"
        "there; force, or the option --force, lifts that.\n"
        "child: only in forked processes, each of which counts from 1.\n"
        "thread= comes last: main, a thread ID, name=, start=, path=, nth=, joined by\n"
        "commas.\n";
    return help;
}

}  // namespace threadfault::inject
