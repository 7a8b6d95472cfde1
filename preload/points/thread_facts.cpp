#include "preload/points/thread_facts.hpp"

#include "preload/base/agent_thread.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/registry/registry.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

namespace threadfault::shim {

namespace {

// Of this thread's start routine; a dlsym-like search each time would be felt.
[[gnu::tls_model("initial-exec")]] constinit thread_local std::uint64_t named_address = 0;
[[gnu::tls_model("initial-exec")]] constinit thread_local const char* name_of_address = nullptr;

// Takes the loader's lock, the first time on each thread; the lock is recursive.
const char* symbol_at(std::uint64_t address) noexcept {
    if (named_address == address) return name_of_address;
    Dl_info found{};
    const bool known = ::dladdr(reinterpret_cast<void*>(address), &found) != 0;
    name_of_address = known ? found.dli_sname : nullptr;
    named_address = address;
    return name_of_address;
}

// What the program's file was moved by: the kernel tells where its program headers lie.
std::uint64_t program_base() noexcept {
    const auto headers = ::getauxval(AT_PHDR);
    const auto count = ::getauxval(AT_PHNUM);
    const auto* const segments = reinterpret_cast<const ElfW(Phdr)*>(headers);
    for (unsigned long i = 0; i < count; ++i) {
        if (segments[i].p_type == PT_PHDR) return headers - segments[i].p_vaddr;
    }
    return 0;
}

}  // namespace

bool learn_facts(inject::ThreadFacts* facts) noexcept {
    settle_registry();
    const Record* const record = self();
    facts->start_name = symbol_at;
    if (record == nullptr) {
        if (is_agent_thread()) return false;
        facts->tid = libc_tid(::pthread_self());
        // No place in the family, so that no path= and no nth= means it.
        facts->index = UINT32_MAX;
        facts->depth = UINT32_MAX;
        return true;
    }
    facts->tid = record->tid.load(std::memory_order_relaxed);
    facts->index = record->index;
    facts->is_main = record->is_main;
    facts->depth = record->depth;
    facts->start = reinterpret_cast<std::uint64_t>(static_cast<void*>(record->start_routine));
    facts->program_base = program_base();
    load_path(*record, facts->path);
    load_name(*record, facts->name);
    return true;
}

}  // namespace threadfault::shim
