#include "drive/faults/add_stacks.hpp"

#include "drive/programs/ask_helper.hpp"
#include "drive/programs/find_helper.hpp"
#include "format/format.hpp"
#include "observe/symbols.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <sstream>
#include <unordered_map>

namespace threadfault::drive {
namespace {

constexpr char kHelper[] = "threadfault-diagnose";

// "TID IP IP IP" (hexadecimal), or "TID ? WHY".
void take_line(const std::string& line, observe::Symbols& symbols,
               const std::unordered_map<pid_t, ThreadView*>& views) {
    std::istringstream words(line);
    pid_t tid = 0;
    words >> tid;
    const auto view = views.find(tid);
    if (view == views.end()) return;
    ThreadView& thread = *view->second;
    thread.stack_unknown.clear();
    words >> std::ws;
    if (words.peek() == '?') {
        words.get();
        std::getline(words >> std::ws, thread.stack_unknown);
        return;
    }
    words >> std::hex;
    for (std::uint64_t ip = 0; words >> ip;) {
        // A return address may be the first byte behind the function.
        const bool innermost = thread.on_stack.empty();
        const observe::Symbol& symbol = symbols.resolve(innermost ? ip : ip - 1);
        if (symbol.name.empty()) continue;
        thread.on_stack.push_back(observe::without_parameters(symbol.name));
    }
}

}  // namespace

void add_stacks(const observe::Process& process, ThreadList& list) {
    (void)find_helper(kHelper);  // its Error says what is missing
    std::unordered_map<pid_t, ThreadView*> views;
    std::string question = formatted("{}\n", process.pid());
    for (ThreadView& thread : list.threads) {
        thread.stack_unknown = "the helper that unwinds did not answer";
        views[thread.tid] = &thread;
        question += formatted("{}\n", thread.tid);
    }
    observe::Symbols symbols(process);
    std::istringstream answer(ask_helper(kHelper, {"__frames"}, question).value_or(""));
    for (std::string line; std::getline(answer, line);)
        take_line(line, symbols, views);
    const bool none = std::none_of(list.threads.begin(), list.threads.end(),
                                   [](const ThreadView& view) { return !view.on_stack.empty(); });
    const std::string unknown = stacks_unknown(list);
    if (none && !unknown.empty()) {
        throw Error(ErrorCode::not_permitted,
                    formatted("which functions the threads of process {} are in is not known: {}",
                              process.pid(), unknown),
                    "select by name, start or path instead");
    }
}

std::string stacks_unknown(const ThreadList& list) {
    std::size_t count = 0;
    const ThreadView* first = nullptr;
    for (const ThreadView& view : list.threads) {
        if (view.stack_unknown.empty()) continue;
        if (first == nullptr) first = &view;
        ++count;
    }
    if (first == nullptr) return {};
    if (count == 1)
        return formatted("thread {} ({}): {}", first->tid, first->name, first->stack_unknown);
    return formatted("{} threads, {} ({}) among them: {}", count, first->tid, first->name,
                     first->stack_unknown);
}

}  // namespace threadfault::drive
