#include "drive/locks/member_names.hpp"

#include "drive/programs/ask_helper.hpp"
#include "format/format.hpp"

#include <map>
#include <optional>
#include <sstream>
#include <string>

namespace threadfault::drive {
namespace {

struct DataName {
    std::string members;   // ".mutex"; "" for the variable itself
    std::string declared;  // "server.cpp:12"
};

class Names {
public:
    void want(std::uint64_t address) {
        constexpr std::size_t kMost = 32;
        if (known_.size() < kMost) known_.try_emplace(address);
    }

    void ask(const observe::Process& process) {
        if (known_.empty()) return;
        std::string question = std::to_string(process.pid());
        for (const auto& [address, name] : known_)
            question += formatted(" {}", address);
        std::istringstream answer(
            ask_helper("threadfault-diagnose", {"__name-data"}, question).value_or(""));
        std::uint64_t address = 0;
        std::string members;
        std::string line;
        std::string file;
        while (answer >> address >> members >> line && std::getline(answer >> std::ws, file)) {
            known_[address] = {members == "-" ? "" : members, formatted("{}:{}", file, line)};
        }
    }

    // A symbol table's offset is that of the member.
    void improve(std::uint64_t address, std::string* symbol) const {
        const auto found = known_.find(address);
        if (found == known_.end() || found->second.members.empty()) return;
        *symbol = symbol->substr(0, symbol->rfind('+')) + found->second.members;
    }

    std::string declared(std::uint64_t address) const {
        const auto found = known_.find(address);
        return found != known_.end() ? found->second.declared : "";
    }

private:
    std::map<std::uint64_t, DataName> known_;  // by address
};

}  // namespace

void name_members(const observe::Process& process, std::vector<Lock>& locks) {
    Names names;
    for (const Lock& lock : locks) {
        if (lock.pid != process.pid() || lock.kind == WaitKind::join) continue;
        if (lock.symbol.empty() || lock.stream) continue;
        names.want(lock.address);
    }
    names.ask(process);
    for (Lock& lock : locks) {
        if (lock.pid != process.pid() || lock.symbol.empty() || lock.stream) continue;
        names.improve(lock.address, &lock.symbol);
        lock.declared = names.declared(lock.address);
    }
}

void name_members(const observe::Process& process, std::vector<ThreadView>& threads) {
    Names names;
    for (const ThreadView& thread : threads) {
        if (thread.waiting && thread.waiting->part) {
            names.want(thread.waiting->address);
        }
        for (const HeldLock& lock : thread.holding) {
            if (lock.part) names.want(lock.address);
        }
    }
    names.ask(process);
    for (ThreadView& thread : threads) {
        if (thread.waiting && thread.waiting->part) {
            names.improve(thread.waiting->address, &thread.waiting->symbol);
        }
        for (HeldLock& lock : thread.holding) {
            if (lock.part) names.improve(lock.address, &lock.symbol);
        }
    }
}

void name_holdings(const observe::Process& process, std::vector<ThreadView>& threads) {
    std::optional<observe::Symbols> symbols;
    for (ThreadView& thread : threads) {
        for (HeldLock& lock : thread.holding) {
            if (!lock.symbol.empty()) continue;
            if (!symbols) symbols.emplace(process);
            lock.symbol = object_symbol(*symbols, lock.address);
            lock.part = is_part(*symbols, lock.address, lock.kind);
        }
    }
    if (symbols) name_members(process, threads);
}

}  // namespace threadfault::drive
