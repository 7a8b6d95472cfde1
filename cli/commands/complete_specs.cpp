#include "commands/complete_specs.hpp"

#include "base/fault.hpp"
#include "format/format.hpp"
#include "inject/calls.hpp"

#include <algorithm>

namespace threadfault::cli {
namespace {

// Puts what stands before the last part in front of each candidate.
Candidates behind(std::string_view before, Candidates candidates) {
    for (auto& [word, about] : candidates)
        word.insert(0, before);
    return candidates;
}

// What stands before the last part of a list.
std::string_view before_last(const std::string& current, char separator) {
    const std::size_t at = current.rfind(separator);
    return at == std::string::npos ? std::string_view()
                                   : std::string_view(current).substr(0, at + 1);
}

// "kill=cancel", ..., "freeze=": of the verbs that `chosen` takes.
template <typename Choice>
Candidates faults(const Choice& chosen) {
    Candidates candidates;
    for (const base::VerbInfo& verb : base::kVerbs) {
        if (!chosen(verb)) continue;
        if (verb.verb == base::Verb::kill) {
            for (const base::Fault death : base::kDeaths) {
                candidates.emplace_back(formatted("kill={}", base::info(death).name),
                                        base::info(death).about);
            }
            continue;
        }
        const bool bare = verb.verb == base::Verb::interrupt;
        candidates.emplace_back(formatted("{}{}", verb.name, bare ? "" : "="), "");
    }
    return candidates;
}

Candidates calls() {
    Candidates candidates;
    for (std::size_t i = 0; i < inject::kCallCount; ++i) {
        const inject::CallInfo& call = inject::info(static_cast<inject::Call>(i));
        candidates.emplace_back(formatted("{}:", call.name), formatted("<{}>", call.header));
    }
    return candidates;
}

// The faults that may stand at the call: what its specification allows.
Candidates call_faults(std::string_view name) {
    Candidates candidates;
    inject::Call call{};
    if (!inject::find_call(name.data(), name.size(), &call)) return candidates;
    const inject::CallInfo& about = inject::info(call);
    for (const int* error = about.errors; *error != 0; ++error) {
        if (const char* const text = inject::error_name(about.convention, *error))
            candidates.emplace_back(formatted("error={}", text), "the call fails");
    }
    if ((about.traits & inject::kSpurious) != 0)
        candidates.emplace_back("spurious", "the wait wakes up spuriously");
    for (const char* const lasting : {"delay=", "freeze="})
        candidates.emplace_back(lasting, "the thread is held for a time");
    for (const base::Fault death : base::kDeaths) {
        candidates.emplace_back(formatted("kill={}", base::info(death).name),
                                base::info(death).about);
    }
    return candidates;
}

constexpr std::pair<std::string_view, std::string_view> kSpecOptions[] = {
    {"when=", "the matching calls of the process, from 1: 3, 3+, 2..10, 1+5"},
    {"probability=", "by chance"},
    {"force", "also where the call's object can't give the error"},
    {"child", "only in forked processes"},
    {"thread=", "main, a thread ID, name=, start=, path=, nth=; comes last"},
};

}  // namespace

Candidates specs(const std::string& current) {
    const std::size_t colon = current.find(':');
    if (colon == std::string::npos) return behind(before_last(current, ','), calls());
    // The last of several calls stands for all.
    std::string call = current.substr(0, colon);
    call.erase(0, before_last(call, ',').size());
    std::size_t fault = colon + 1;
    for (const std::string_view side : {"before:", "after:"}) {
        if (current.compare(fault, side.size(), side) == 0) fault += side.size();
    }
    if (current.find(':', fault) == std::string::npos)
        return behind(std::string_view(current).substr(0, fault), call_faults(call));
    Candidates options;
    for (const auto& [word, about] : kSpecOptions)
        options.emplace_back(word, about);
    return behind(before_last(current, ':'), std::move(options));
}

Candidates fault_lists(const std::string& current) {
    return behind(before_last(current, ','),
                  faults([](const base::VerbInfo& verb) { return verb.in_storms; }));
}

Candidates sweep_lists(const std::string& current) {
    Candidates candidates;
    for (const std::string_view death : base::kDeathNames)
        candidates.emplace_back(death, "");
    for (const char* const other : {"freeze", "call-errors", "spurious"})
        candidates.emplace_back(other, "");
    return behind(before_last(current, ','), std::move(candidates));
}

Candidates start_faults(const std::string& current) {
    const std::string_view before = before_last(current, ':');
    if (before.empty()) return {};
    return behind(before, faults([](const base::VerbInfo& verb) { return verb.in_storms; }));
}

}  // namespace threadfault::cli
