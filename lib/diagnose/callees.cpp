#include "diagnose/callees.hpp"

#include "observe/call_instruction.hpp"
#include "observe/symbols.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace threadfault::diagnose {
namespace {

// By the beginning of the file's name.
constexpr std::array<std::string_view, 11> kSystem = {
    "libc.so",      "libc-",      "ld-linux", "libm.so",  "libm-",         "libgcc_s",
    "libstdc++.so", "libpthread", "librt",    "libdl.so", "libthreadfault"};

}  // namespace

bool Callees::is_of_system(std::uint64_t address) const {
    const observe::Mapping* const mapping = backtraces_.unwinder().maps().find(address);
    if (mapping == nullptr) return false;
    const std::string_view path = mapping->path;
    const std::string_view file = path.substr(path.rfind('/') + 1);
    return std::any_of(kSystem.begin(), kSystem.end(),
                       [&](std::string_view prefix) { return file.starts_with(prefix); });
}

Callees::Callees(Backtraces& backtraces)
    : backtraces_(backtraces),
      imports_([&backtraces](std::uint64_t address, void* buffer, std::size_t length) {
          return backtraces.unwinder().memory().read(address, buffer, length);
      }) {}

// Of the module that the slot lies in.
std::string Callees::import_in(std::uint64_t slot) {
    const observe::Maps& maps = backtraces_.unwinder().maps();
    const observe::Mapping* const mapping = maps.find(slot);
    if (mapping == nullptr || mapping->inode == 0) return {};
    for (const observe::Mapping& first : maps.all()) {
        if (first.inode != mapping->inode || first.path != mapping->path) continue;
        return imports_.at(first.begin, slot);
    }
    return {};
}

std::optional<Callee> Callees::in_slot(std::uint64_t slot) {
    const auto [entry, fresh] = slots_.try_emplace(slot);
    if (!fresh) return entry->second;
    RemoteMemory& memory = backtraces_.unwinder().memory();
    const observe::Maps& maps = backtraces_.unwinder().maps();
    const std::string symbol = import_in(slot);
    if (symbol.empty()) return std::nullopt;
    Callee callee;
    callee.name = observe::without_parameters(observe::demangle(symbol.c_str()));
    // Until the first call the slot leads back to the module's own stub.
    const std::uint64_t bound = memory.word(slot).value_or(0);
    const observe::Mapping* const here = maps.find(slot);
    const observe::Mapping* const there = maps.find(bound);
    const bool elsewhere = there != nullptr && there->executable && there->inode != here->inode;
    callee.address = elsewhere ? bound : backtraces_.symbolizer().address_of(symbol).value_or(0);
    callee.of_system = is_of_system(callee.address);
    slots_[slot] = callee;
    return callee;
}

Callee Callees::look_at(std::uint64_t target) {
    const observe::Mapping* const mapping = backtraces_.unwinder().maps().find(target);
    if (mapping == nullptr || !mapping->executable) return {};
    // A procedure linkage stub?
    observe::StubBytes code{};
    if (!backtraces_.unwinder().memory().read(target, code.data(), code.size())) return {};
    const auto slot = observe::slot_of_stub(code, target);
    const auto imported = slot ? in_slot(*slot) : std::nullopt;
    if (imported) return *imported;
    Callee callee;
    callee.address = target;
    callee.name =
        observe::without_parameters(backtraces_.symbolizer().at(target).lines.back().function);
    callee.of_system = is_of_system(target);
    return callee;
}

const Callee& Callees::at(std::uint64_t target) {
    const auto known = known_.find(target);
    if (known != known_.end()) return known->second;
    return known_.emplace(target, look_at(target)).first->second;
}

}  // namespace threadfault::diagnose
