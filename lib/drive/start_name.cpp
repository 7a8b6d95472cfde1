#include "drive/start_name.hpp"

namespace threadfault::drive {

StartNames::StartNames(const observe::Process& process, observe::Symbols& symbols)
    : process_(process), symbols_(symbols) {}

const std::string& StartNames::name(std::uint64_t routine, std::uint64_t argument) {
    (void)process_;
    (void)argument;
    const auto [entry, fresh] = names_.try_emplace(routine);
    if (fresh) {
        const observe::Symbol& symbol = symbols_.resolve(routine);
        if (!symbol.name.empty() || !symbol.module.empty()) {
            entry->second = observe::to_string(symbol, routine);
        }
    }
    return entry->second;
}

}  // namespace threadfault::drive
