#include "drive/threads/start_name.hpp"

#include "observe/memory.hpp"

#include <array>
#include <string_view>

namespace threadfault::drive {
namespace {

// libstdc++'s start routine of every std::thread, std::jthread and std::async: what it will run is
// in the std::thread::_State that is its argument.
constexpr std::string_view kTrampoline = "execute_native_thread_routine";
constexpr std::string_view kLibrary = "libstdc++.so.6";
constexpr std::string_view kVtable = "vtable for std::thread::_State_impl<";
constexpr std::string_view kCallable = "_Invoker<std::tuple<";

// The first template argument of the innermost tuple: the callable's type. Innermost, because
// std::async wraps its own state around the program's callable.
std::string_view callable_type(std::string_view vtable) {
    const std::size_t at = vtable.rfind(kCallable);
    if (at == std::string_view::npos) return {};
    const std::string_view list = vtable.substr(at + kCallable.size());
    int depth = 0;
    std::size_t end = 0;
    for (; end < list.size(); ++end) {
        const char character = list[end];
        if (depth == 0 && (character == ',' || character == '>')) break;
        if (character == '<' || character == '(' || character == '{') ++depth;
        if (character == '>' || character == ')' || character == '}') --depth;
    }
    std::string_view type = list.substr(0, end);
    while (type.ends_with(' '))
        type.remove_suffix(1);
    return type;
}

bool is_pointer_to_function(std::string_view type) {
    return type.find("(*)") != std::string_view::npos ||
           type.find("::*)") != std::string_view::npos;
}

}  // namespace

StartNames::StartNames(const observe::Process& process, observe::Symbols& symbols)
    : process_(process), symbols_(symbols) {}

const std::string& StartNames::name(std::uint64_t routine, std::uint64_t argument) {
    const auto [entry, fresh] = names_.try_emplace(routine);
    if (fresh) {
        const observe::Symbol& symbol = symbols_.resolve(routine);
        if (!symbol.name.empty() || !symbol.module.empty()) {
            entry->second = observe::to_string(symbol, routine);
        }
    }
    // It is local to the library, whose own symbols are mostly stripped: then the module is all
    // that is known of it, and the state has to prove itself by its vtable.
    if (!is_trampoline(entry->second)) return entry->second;
    std::string callable = callable_of(argument);
    return callable.empty() ? entry->second : *callables_.insert(std::move(callable)).first;
}

bool StartNames::is_trampoline(const std::string& name) {
    return name.starts_with(kTrampoline) || name.starts_with(kLibrary);
}

// "" where it can't be told: the state is deleted when the callable has returned.
std::string StartNames::callable_of(std::uint64_t state) {
    // A tuple's elements lie in reverse order: the callable stands behind its arguments.
    constexpr std::size_t kWords = 12;
    const observe::Memory memory(process_.pid());
    std::array<std::uint64_t, kWords> words{};
    const std::size_t got = memory.read_some(state, words.data(), sizeof words) / sizeof words[0];
    if (got < 2) return {};
    const std::string vtable = symbols_.resolve(words[0]).name;
    if (!vtable.starts_with(kVtable)) return {};
    const std::string_view type = callable_type(vtable);
    if (!is_pointer_to_function(type)) return std::string(type);
    for (std::size_t i = 1; i < got; ++i) {
        const observe::Symbol& symbol = symbols_.resolve(words[i]);
        if (symbol.is_function && symbol.offset == 0 && !symbol.name.empty()) return symbol.name;
    }
    return std::string(type);
}

}  // namespace threadfault::drive
