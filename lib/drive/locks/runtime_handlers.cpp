#include "drive/locks/runtime_handlers.hpp"

#include "observe/maps.hpp"
#include "observe/memory.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {
namespace {

// CPython installs one C function for every signal that it handles, and keeps the handler proper in
// a table {tripped, object}[65], a variable without a name (Modules/signalmodule.c, `Handlers`;
// from 3.12 on within _PyRuntime). Nothing else looks like it: all but a few of its objects are the
// same one, SIG_DFL.
constexpr std::size_t kSignals = 65;
constexpr std::size_t kWordsOfTable = 2 * kSignals;
constexpr std::size_t kMostAlike = 45;
constexpr std::size_t kMostBytes = std::size_t{16} << 20;

bool is_handler_table(const std::uint64_t* words) {
    if (words[0] != 0 || words[1] != 0) return false;
    // Of signal 40, which nobody handles.
    const std::uint64_t common = words[2 * 40 + 1];
    if (common == 0) return false;
    std::size_t alike = 0;
    for (std::size_t signal = 1; signal < kSignals; ++signal) {
        const auto tripped = static_cast<std::uint32_t>(words[2 * signal]);
        if (tripped > 1 || words[2 * signal + 1] == 0) return false;
        if (words[2 * signal + 1] == common) ++alike;
    }
    return alike >= kMostAlike;
}

// The handlers as objects, by signal; empty: there is no such table here.
std::vector<std::uint64_t> handler_objects(const observe::Memory& memory,
                                           const observe::Mapping& data) {
    const std::size_t size = data.end - data.begin;
    if (size > kMostBytes) return {};
    std::vector<std::uint64_t> words(size / sizeof(std::uint64_t));
    words.resize(memory.read_some(data.begin, words.data(), words.size() * sizeof words[0]) /
                 sizeof words[0]);
    for (std::size_t i = 0; i + kWordsOfTable <= words.size(); ++i) {
        if (!is_handler_table(&words[i])) continue;
        std::vector<std::uint64_t> objects(kSignals);
        for (std::size_t signal = 0; signal < kSignals; ++signal)
            objects[signal] = words[i + 2 * signal + 1];
        return objects;
    }
    return {};
}

// A builtin function's object: {references, type, definition …}, and of that the first word is the
// name.
std::string builtin_name(const observe::Memory& memory, std::uint64_t object) {
    const auto definition = memory.read<std::uint64_t>(object + 2 * sizeof(std::uint64_t));
    const auto name = definition ? memory.read<std::uint64_t>(*definition) : std::nullopt;
    return name ? memory.read_string(*name, 64).value_or("") : "";
}

// The handlers that are known: of the module with that in its file's name, the function.
struct RuntimeHandler {
    std::string_view module;
    std::string_view function;
    std::vector<std::uint64_t> (*handlers)(const observe::Memory&, const observe::Mapping&);
    std::string (*name)(const observe::Memory&, std::uint64_t);
};
constexpr RuntimeHandler kRuntimeHandlers[] = {
    // Raises KeyboardInterrupt, as SIGINT would have ended the program.
    {"python", "default_int_handler", handler_objects, builtin_name},
};

bool is_of(const observe::Mapping& mapping, std::string_view module) {
    const std::string_view path = mapping.path;
    return path.substr(path.rfind('/') + 1).find(module) != std::string_view::npos;
}

}  // namespace

std::uint64_t runtime_handlers(const observe::Process& process, std::uint64_t caught) {
    const observe::Memory memory(process.pid());
    std::optional<observe::Maps> maps;
    try {
        maps.emplace(process);
    } catch (const Error&) {
        return 0;
    }
    std::uint64_t found = 0;
    for (const RuntimeHandler& known : kRuntimeHandlers) {
        std::uint64_t end_of_module = 0;
        for (const observe::Mapping& mapping : maps->all()) {
            // What of its data is zero at the start has no file behind it.
            const bool behind = mapping.path.empty() && mapping.begin == end_of_module;
            if (!is_of(mapping, known.module) && !behind) continue;
            end_of_module = mapping.end;
            if (!mapping.writable) continue;
            const std::vector<std::uint64_t> handlers = known.handlers(memory, mapping);
            for (std::size_t signal = 1; signal < handlers.size(); ++signal) {
                const std::uint64_t bit = std::uint64_t{1} << (signal - 1);
                if ((caught & bit) == 0) continue;
                if (known.name(memory, handlers[signal]) == known.function) found |= bit;
            }
        }
    }
    return found;
}

}  // namespace threadfault::drive
