#include "preload/faults/place.hpp"

#include "preload/base/libc_layout.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <ucontext.h>

#include <atomic>
#include <cstring>

namespace threadfault::shim {

namespace {

using wire::Place;

struct Range {
    std::uint64_t begin;
    std::uint64_t end;
    Place place;
};

constexpr unsigned kMaxRanges = 256;
constinit Range ranges[kMaxRanges]{};
constinit std::atomic<unsigned> range_count{0};  // published when all of them are in place

// Entry points are enough: what libc calls from them lies above them on the stack.
const char* const kAllocator[] = {"malloc",         "free",
                                  "calloc",         "realloc",
                                  "memalign",       "aligned_alloc",
                                  "posix_memalign", "valloc",
                                  "pvalloc",        "malloc_trim",
                                  "mallinfo",       "mallinfo2",
                                  "malloc_stats",   "mallopt",
                                  "malloc_info",    "malloc_usable_size",
                                  "reallocarray",   "__libc_memalign",
                                  "cfree"};

const char* const kLoader[] = {"dlopen",
                               "dlmopen",
                               "dlclose",
                               "dlsym",
                               "dlvsym",
                               "dladdr",
                               "dladdr1",
                               "dlinfo",
                               "dlerror",
                               "dl_iterate_phdr",
                               "__libc_dlopen_mode",
                               "__libc_dlsym"};

const char* const kStdio[] = {"printf",
                              "fprintf",
                              "vprintf",
                              "vfprintf",
                              "dprintf",
                              "vdprintf",
                              "puts",
                              "fputs",
                              "putchar",
                              "fputc",
                              "putc",
                              "fwrite",
                              "fread",
                              "fgets",
                              "fgetc",
                              "getc",
                              "getchar",
                              "ungetc",
                              "getline",
                              "getdelim",
                              "scanf",
                              "fscanf",
                              "vscanf",
                              "vfscanf",
                              "fopen",
                              "fopen64",
                              "fdopen",
                              "freopen",
                              "freopen64",
                              "fclose",
                              "fflush",
                              "fseek",
                              "fseeko",
                              "fseeko64",
                              "ftell",
                              "ftello",
                              "ftello64",
                              "rewind",
                              "setvbuf",
                              "setbuf",
                              "fgetpos",
                              "fsetpos",
                              "perror",
                              "fputs_unlocked",
                              "fwrite_unlocked",
                              "fflush_unlocked",
                              "popen",
                              "pclose",
                              "open_memstream",
                              "fmemopen",
                              "fwide",
                              "fputwc",
                              "fputws",
                              "fgetwc",
                              "fgetws",
                              "wprintf",
                              "fwprintf",
                              "vfwprintf",
                              "__printf_chk",
                              "__fprintf_chk",
                              "__vprintf_chk",
                              "__vfprintf_chk",
                              "__fgets_chk",
                              "__fread_chk",
                              "__isoc99_scanf",
                              "__isoc99_fscanf",
                              "__isoc99_vfscanf",
                              "__overflow",
                              "__uflow",
                              "__underflow",
                              "flockfile",
                              "funlockfile",
                              "_IO_putc",
                              "_IO_getc",
                              "_IO_flush_all",
                              "tmpfile",
                              "syslog",
                              "vsyslog"};

// Whole files whose code is one thing.
struct Module {
    const char* prefix;
    Place place;
};
const Module kModules[] = {{"ld-linux", Place::loader},       {"libgcc_s.", Place::unwinder},
                           {"libunwind.", Place::unwinder},   {"libjemalloc", Place::allocator},
                           {"libtcmalloc", Place::allocator}, {"libmimalloc", Place::allocator},
                           {"libsnmalloc", Place::allocator}, {"libscudo", Place::allocator}};

unsigned add_range(unsigned count, std::uint64_t begin, std::uint64_t end, Place place) noexcept {
    if (count == kMaxRanges || begin >= end) return count;
    unsigned at = count;
    while (at > 0 && ranges[at - 1].begin > begin) {
        ranges[at] = ranges[at - 1];
        --at;
    }
    ranges[at] = Range{begin, end, place};
    return count + 1;
}

bool symbol_range(const char* name, Range* out) noexcept {
    void* const address = ::dlsym(RTLD_DEFAULT, name);
    if (address == nullptr) return false;
    Dl_info info{};
    void* entry = nullptr;
    if (::dladdr1(address, &info, &entry, RTLD_DL_SYMENT) == 0 || entry == nullptr ||
        info.dli_saddr == nullptr) {
        return false;
    }
    const auto* const symbol = static_cast<const ElfW(Sym)*>(entry);
    out->begin = reinterpret_cast<std::uint64_t>(info.dli_saddr);
    out->end = out->begin + symbol->st_size;
    return true;
}

template <std::size_t kCount>
unsigned add_symbols(unsigned count, const char* const (&names)[kCount], Place place) noexcept {
    for (const char* name : names) {
        Range range{};
        if (symbol_range(name, &range)) count = add_range(count, range.begin, range.end, place);
    }
    return count;
}

int add_module(dl_phdr_info* info, std::size_t, void* data) noexcept {
    auto* const count = static_cast<unsigned*>(data);
    const char* const path = info->dlpi_name;
    if (path == nullptr) return 0;
    const char* const slash = std::strrchr(path, '/');
    const char* const file = slash != nullptr ? slash + 1 : path;
    for (const Module& module : kModules) {
        if (std::strncmp(file, module.prefix, std::strlen(module.prefix)) != 0) continue;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
            const ElfW(Phdr)& header = info->dlpi_phdr[i];
            if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
            const std::uint64_t begin = info->dlpi_addr + header.p_vaddr;
            *count = add_range(*count, begin, begin + header.p_memsz, module.place);
        }
    }
    return 0;
}

// struct _IO_lock_t of glibc (sysdeps/nptl/stdio-lock.h): int lock; int cnt; void* owner.
struct StreamLock {
    int lock;
    int count;
    void* owner;
};

bool holds(const FILE* stream) noexcept {
    if (stream == nullptr || stream->_lock == nullptr) return false;
    const auto* const lock = reinterpret_cast<const StreamLock*>(stream->_lock);
    return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) ==
           reinterpret_cast<void*>(::pthread_self());
}

}  // namespace

void learn_places() noexcept {
    if (range_count.load(std::memory_order_relaxed) != 0) return;
    unsigned count = add_symbols(0, kAllocator, Place::allocator);
    // The functions of one source file lie together: between the first and the last entry point
    // there is nothing but the allocator. An allocator of another library is spread differently.
    Range first{};
    Range last{};
    constexpr std::uint64_t kLargestFile = 64 * 1024;
    if (symbol_range("malloc", &first) && symbol_range("posix_memalign", &last) &&
        last.end > first.begin && last.end - first.begin < kLargestFile) {
        count = add_range(count, first.begin, last.end, Place::allocator);
    }
    count = add_symbols(count, kLoader, Place::loader);
    count = add_symbols(count, kStdio, Place::stdio);
    ::dl_iterate_phdr(add_module, &count);
    range_count.store(count, std::memory_order_release);
}

wire::Place place_of(std::uint64_t address) noexcept {
    const unsigned count = range_count.load(std::memory_order_acquire);
    unsigned low = 0;
    unsigned high = count;
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (ranges[middle].begin <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // Ranges may lie inside each other (the allocator's entry points in its file): look at several.
    for (unsigned i = low, looked = 0; i-- > 0 && looked < 32; ++looked) {
        if (address < ranges[i].end) return ranges[i].place;
    }
    return Place::user;
}

unsigned interrupted_frames(const void* context, std::uint64_t* frames, unsigned limit) noexcept {
    const auto* const interrupted = static_cast<const ucontext_t*>(context);
    const auto here = static_cast<std::uint64_t>(interrupted->uc_mcontext.gregs[REG_RIP]);
    const int found = ::backtrace(reinterpret_cast<void**>(frames), static_cast<int>(limit));
    // Ours, the handler's and the signal trampoline's come first.
    int at = 0;
    while (at < found && frames[at] != here)
        ++at;
    if (at == found) {
        frames[0] = here;
        return 1;
    }
    const auto count = static_cast<unsigned>(found - at);
    std::memmove(frames, frames + at, count * sizeof frames[0]);
    return count;
}

wire::Place place_of_thread(const std::uint64_t* frames, unsigned count) noexcept {
    for (unsigned i = 0; i < count; ++i) {
        // A return address may be the first byte after the function that made the call.
        const Place place = place_of(i == 0 ? frames[i] : frames[i] - 1);
        if (place != Place::user) return place;
    }
    if (holds(::stdout) || holds(::stderr) || holds(::stdin)) return Place::stdio;
    return Place::user;
}

}  // namespace threadfault::shim
