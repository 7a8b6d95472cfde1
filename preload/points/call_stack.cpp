#include "preload/points/call_stack.hpp"

#include <dlfcn.h>
#include <link.h>
#include <unwind.h>

#include <atomic>
#include <cstring>

namespace threadfault::shim {

namespace {

// libgcc_s is there as soon as a thread is made (agent/lifecycle.cpp); linking it would make every
// program load it.
using Backtrace = _Unwind_Reason_Code (*)(_Unwind_Trace_Fn, void*);
using Word = _Unwind_Word (*)(_Unwind_Context*);
constinit Backtrace backtrace_of_libgcc = nullptr;
constinit Word ip_of = nullptr;
constinit Word cfa_of = nullptr;

struct Module {
    std::uint64_t begin = 0;  // of its code
    std::uint64_t end = 0;
    std::uint64_t base = 0;
    std::uint64_t name = 0;  // hash of its file name
    bool ours = false;
};
constexpr std::size_t kMostModules = 512;
constinit Module modules[kMostModules]{};
constinit std::atomic<std::uint32_t> module_count{0};
constinit std::atomic<bool> looking{false};

constexpr std::uint64_t kSeed = 0xcbf29ce484222325U;

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) noexcept {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 29;
}

std::uint64_t hash_of_name(const char* path) noexcept {
    const char* const slash = std::strrchr(path, '/');
    std::uint64_t hash = kSeed;
    for (const char* at = slash != nullptr ? slash + 1 : path; *at != '\0'; ++at)
        hash = mixed(hash, static_cast<unsigned char>(*at));
    return hash;
}

const Module* module_at(std::uint64_t address) noexcept {
    const std::uint32_t count = module_count.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < count; ++i)
        if (address >= modules[i].begin && address < modules[i].end) return &modules[i];
    return nullptr;
}

int note_module(dl_phdr_info* info, std::size_t /*size*/, void* /*unused*/) noexcept {
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr)& part = info->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
        const std::uint64_t begin = info->dlpi_addr + part.p_vaddr;
        if (module_at(begin) != nullptr) continue;
        const std::uint32_t at = module_count.load(std::memory_order_relaxed);
        if (at == kMostModules) return 1;
        const auto here = reinterpret_cast<std::uint64_t>(&note_module);
        const std::uint64_t end = begin + part.p_memsz;
        modules[at] = {begin, end, info->dlpi_addr, hash_of_name(info->dlpi_name),
                       here >= begin && here < end};
        module_count.store(at + 1, std::memory_order_release);
    }
    return 0;
}

void look_for_modules() noexcept {
    // One at a time; who comes second does without.
    if (looking.exchange(true, std::memory_order_acquire)) return;
    ::dl_iterate_phdr(note_module, nullptr);
    looking.store(false, std::memory_order_release);
}

struct Walk {
    std::uint64_t* frames;
    std::uint64_t* places;
    std::size_t most;
    std::size_t count;
    bool looked;
};

_Unwind_Reason_Code step(_Unwind_Context* context, void* argument) {
    auto* const walk = static_cast<Walk*>(argument);
    const std::uint64_t ip = ip_of(context);
    const Module* module = module_at(ip - 1);
    if (module == nullptr && !walk->looked) {
        walk->looked = true;
        look_for_modules();
        module = module_at(ip - 1);
    }
    // The interposers, and further down the routine that starts threads.
    if (module != nullptr && module->ours) {
        return walk->count > 0 ? _URC_END_OF_STACK : _URC_NO_REASON;
    }
    if (ip == 0 || walk->count == walk->most) return _URC_END_OF_STACK;
    walk->frames[walk->count] = ip;
    // libgcc hands out the stack pointer as it was before the call into the frame below: the
    // return address, which is `ip`, lies right under it on x86-64.
    walk->places[walk->count] = cfa_of(context) - sizeof(std::uint64_t);
    ++walk->count;
    return _URC_NO_REASON;
}

}  // namespace

void prepare_call_stacks() noexcept {
    if (backtrace_of_libgcc == nullptr) {
        void* const library = ::dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
        if (library != nullptr) {
            ip_of = reinterpret_cast<Word>(::dlsym(library, "_Unwind_GetIP"));
            cfa_of = reinterpret_cast<Word>(::dlsym(library, "_Unwind_GetCFA"));
            backtrace_of_libgcc =
                reinterpret_cast<Backtrace>(::dlsym(library, "_Unwind_Backtrace"));
        }
        if (ip_of == nullptr || cfa_of == nullptr) backtrace_of_libgcc = nullptr;
    }
    look_for_modules();
}

std::size_t unwind_here(std::uint64_t* frames, std::uint64_t* places, std::size_t most) noexcept {
    if (backtrace_of_libgcc == nullptr) return 0;
    Walk walk{frames, places, most, 0, false};
    backtrace_of_libgcc(step, &walk);
    return walk.count;
}

std::uint64_t hash_stack(const std::uint64_t* frames, std::size_t count) noexcept {
    std::uint64_t hash = kSeed;
    for (std::size_t i = 0; i < count; ++i) {
        const Module* const module = module_at(frames[i] - 1);
        // Code that no file has (a JIT's) has no address that is the same in the next run.
        hash = module != nullptr ? mixed(mixed(hash, module->name), frames[i] - module->base)
                                 : mixed(hash, 1);
    }
    return hash != 0 ? hash : 1;
}

std::uint32_t modules_seen() noexcept {
    return module_count.load(std::memory_order_acquire);
}

}  // namespace threadfault::shim
