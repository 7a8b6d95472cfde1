#include "attach/places.hpp"

#include "observe/maps.hpp"
#include "wire/places.hpp"

#include <algorithm>
#include <string_view>

namespace threadfault::attach {
namespace {

using wire::Place;

constexpr std::size_t kStack = 32 << 10;
constexpr std::size_t kDepth = 128;
constexpr std::uint64_t kLockOfFile = 0x88;  // struct _IO_FILE::_lock, part of the ABI
constexpr std::uint64_t kOwnerOfLock = 8;    // _IO_lock_t

// libc's internal names of its public functions: __GI___libc_malloc, _IO_fwrite.
std::string_view public_part(std::string_view name) {
    for (bool cut = true; cut;) {
        cut = false;
        for (const std::string_view prefix : {"_", "GI_", "libc_", "IO_"}) {
            if (!name.starts_with(prefix)) continue;
            name.remove_prefix(prefix.size());
            cut = true;
        }
    }
    return name;
}

template <std::size_t kCount>
bool has(const char* const (&names)[kCount], std::string_view wanted) {
    return std::any_of(std::begin(names), std::end(names),
                       [&](const char* name) { return wanted == public_part(name); });
}

}  // namespace

Places::Places(const observe::Process& process)
    : memory_(process.pid()), unwinder_(process), symbols_(process) {
    for (const char* stream : {"_IO_2_1_stdin_", "_IO_2_1_stdout_", "_IO_2_1_stderr_"}) {
        const auto address = symbols_.address_of("libc.so", stream);
        const auto lock =
            address ? memory_.read<std::uint64_t>(*address + kLockOfFile) : std::nullopt;
        if (lock) stream_locks_.push_back(*lock);
    }
    for (const char* const name : wire::kFirstOfAllocatorFile) {
        const std::uint64_t begin = symbols_.address_of("libc.so", name).value_or(0);
        const std::uint64_t end =
            symbols_.address_of("libc.so", wire::kLastOfAllocatorFile).value_or(0);
        if (begin == 0 || end < begin || end - begin >= wire::kLargestAllocatorFile) continue;
        if (allocator_begin_ != 0 && begin >= allocator_begin_) continue;
        allocator_begin_ = begin;
        allocator_end_ = end;
    }
}

Place Places::place_of(std::uint64_t address) {
    if (address >= allocator_begin_ && address < allocator_end_) return Place::allocator;
    const observe::Symbol& symbol = symbols_.resolve(address);
    for (const wire::ModuleOfOnePlace& module : wire::kModulesOfOnePlace) {
        if (symbol.module.starts_with(module.prefix)) return module.place;
    }
    const std::string_view name = public_part(symbol.name);
    if (name.empty()) return Place::user;
    if (has(wire::kAllocatorFunctions, name)) return Place::allocator;
    // A program's own function may be called as one of libc's; its allocator counts as one.
    if (!symbol.module.starts_with("libc.so") && !symbol.module.starts_with("libc-")) {
        return Place::user;
    }
    if (has(wire::kLoaderFunctions, name)) return Place::loader;
    if (has(wire::kStdioFunctions, name)) return Place::stdio;
    return Place::user;
}

bool Places::holds_stream(std::uint64_t descriptor) {
    return std::any_of(stream_locks_.begin(), stream_locks_.end(), [&](std::uint64_t lock) {
        return memory_.read<std::uint64_t>(lock + kOwnerOfLock) == descriptor;
    });
}

Places::Where Places::where(const arch::Traced& from, std::uint64_t descriptor) {
    const std::uint64_t top = arch::sp(from);
    std::vector<unsigned char> stack(kStack);
    stack.resize(memory_.read_some(top, stack.data(), stack.size()));
    Where where;
    const auto frames = unwinder_.unwind(arch::in_order(from), {top, stack}, kDepth);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        where.frames.push_back(frames[i].ip);
        // A return address may be the first byte after the function that made the call.
        const bool exact = i == 0 || frames[i].signal;
        const Place place = place_of(exact ? frames[i].ip : frames[i].ip - 1);
        if (place != Place::user && where.place == Place::unknown) where.place = place;
    }
    if (where.place == Place::unknown && holds_stream(descriptor)) where.place = Place::stdio;
    if (where.place == Place::unknown && !frames.empty()) where.place = Place::user;
    return where;
}

}  // namespace threadfault::attach
