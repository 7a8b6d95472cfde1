#include "preload/base/libc_layout.hpp"

#include "execute/syscalls.hpp"
#include "wire/wire.hpp"

#include <dlfcn.h>
#include <linux/futex.h>
#include <sys/uio.h>

namespace threadfault::shim {

namespace {

struct FieldPlace {
    std::uint32_t bits;
    std::uint32_t count;
    std::uint32_t offset;
};

constexpr std::uint32_t kUnknown = ~0U;
constexpr std::uint32_t kLargestDescriptor = 4096;

constinit std::atomic<std::uint32_t> tid_offset{kUnknown};
constinit std::atomic<std::uint32_t> cancel_offset{kUnknown};
constinit std::atomic<std::uint32_t> start_offset{kUnknown};
constinit std::atomic<std::uint32_t> descriptor_size{0};
constinit std::atomic<std::uint64_t> stack_end{0};
constinit std::atomic<bool> joins_by_tid{false};

// pthread_join waits until the kernel clears the tid in the descriptor, up to glibc 2.42. From 2.43
// on it waits on a word of its own, whose place nothing tells.
bool is_joined_by_tid() noexcept {
    using Version = const char* (*)();
    const auto version = reinterpret_cast<Version>(::dlsym(RTLD_DEFAULT, "gnu_get_libc_version"));
    if (version == nullptr) return false;
    const char* const text = version();
    if (text[0] != '2' || text[1] != '.') return false;
    int minor = 0;
    for (const char* digit = text + 2; *digit >= '0' && *digit <= '9' && minor < 1000; ++digit)
        minor = minor * 10 + (*digit - '0');
    return minor >= 34 && minor <= 42;
}

std::uint32_t offset_of(const char* symbol, std::uint32_t bits) noexcept {
    const auto* const place = static_cast<const FieldPlace*>(::dlsym(RTLD_DEFAULT, symbol));
    if (place == nullptr || place->bits != bits || place->count != 1) return kUnknown;
    return place->offset < kLargestDescriptor ? place->offset : kUnknown;
}

bool read_word(std::uint64_t address, std::uint32_t* out) noexcept {
    iovec local{out, sizeof *out};
    iovec remote{reinterpret_cast<void*>(address), sizeof *out};
    return execute::sys_call(SYS_process_vm_readv, execute::sys_getpid(), &local, 1, &remote, 1,
                             0) == static_cast<long>(sizeof *out);
}

}  // namespace

void learn_libc_layout() noexcept {
    const std::uint32_t offset = offset_of("_thread_db_pthread_tid", 32);
    if (offset != kUnknown) {
        const auto* const tid = reinterpret_cast<const pid_t*>(::pthread_self() + offset);
        if (*tid == execute::sys_gettid()) tid_offset.store(offset, std::memory_order_relaxed);
    }
    joins_by_tid.store(is_joined_by_tid(), std::memory_order_relaxed);
    cancel_offset.store(offset_of("_thread_db_pthread_cancelhandling", 32),
                        std::memory_order_relaxed);
    start_offset.store(offset_of("_thread_db_pthread_start_routine", 64),
                       std::memory_order_relaxed);
    const auto* const size =
        static_cast<const std::uint32_t*>(::dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread"));
    if (size != nullptr && *size < kLargestDescriptor) {
        descriptor_size.store(*size, std::memory_order_relaxed);
    }
    if (const void* const end = ::dlsym(RTLD_DEFAULT, "__libc_stack_end")) {
        stack_end.store(*static_cast<const std::uint64_t*>(end), std::memory_order_relaxed);
    }
}

std::uint64_t libc_stack_end() noexcept {
    return stack_end.load(std::memory_order_relaxed);
}

std::uint32_t libc_descriptor_size() noexcept {
    return descriptor_size.load(std::memory_order_relaxed);
}

pid_t libc_tid(pthread_t self) noexcept {
    const std::uint32_t offset = tid_offset.load(std::memory_order_relaxed);
    if (offset == kUnknown) return execute::sys_gettid();
    return *reinterpret_cast<const pid_t*>(self + offset);
}

bool was_made_for(const void* start_routine) noexcept {
    const std::uint32_t offset = start_offset.load(std::memory_order_relaxed);
    if (offset == kUnknown) return false;
    return *reinterpret_cast<const void* const*>(::pthread_self() + offset) == start_routine;
}

const void* start_argument_of_self() noexcept {
    const std::uint32_t offset = start_offset.load(std::memory_order_relaxed);
    if (offset == kUnknown) return nullptr;
    return *reinterpret_cast<const void* const*>(::pthread_self() + offset + sizeof(void*));
}

std::uint32_t cancel_word(pthread_t thread) noexcept {
    const std::uint32_t offset = cancel_offset.load(std::memory_order_relaxed);
    std::uint32_t word = 0;
    if (offset == kUnknown || thread == 0 || !read_word(thread + offset, &word)) {
        return wire::kCancelUnknown;
    }
    return word;
}

bool is_unjoined(pthread_t thread, pid_t tid) noexcept {
    const std::uint32_t offset = tid_offset.load(std::memory_order_relaxed);
    if (offset == kUnknown || thread == 0 || !joins_by_tid.load(std::memory_order_relaxed)) {
        return false;
    }
    // From the word to itself: wakes nobody, moves at most one sleeper to where it sleeps, and says
    // how many that were. The kernel compares the word first, and answers for memory that is gone.
    const std::uint64_t word = thread + offset;
    return execute::sys_call(SYS_futex, word, FUTEX_CMP_REQUEUE, 0, 1, word, tid) == 0;
}

void learn_cancel_words(wire::ThreadRecord* records, std::uint32_t count) noexcept {
    constexpr std::uint32_t kAtOnce = 64;
    const std::uint32_t offset = cancel_offset.load(std::memory_order_relaxed);
    if (offset == kUnknown) return;
    for (std::uint32_t done = 0; done < count;) {
        const std::uint32_t rest = count - done;
        const std::uint32_t batch = rest < kAtOnce ? rest : kAtOnce;
        std::uint32_t words[kAtOnce] = {};
        iovec remote[kAtOnce];
        for (std::uint32_t i = 0; i < batch; ++i) {
            remote[i] = {reinterpret_cast<void*>(records[done + i].pthread + offset),
                         sizeof words[0]};
        }
        iovec local{words, batch * sizeof words[0]};
        const long got = execute::sys_call(SYS_process_vm_readv, execute::sys_getpid(), &local, 1,
                                           remote, batch, 0);
        const std::uint32_t read = got > 0 ? static_cast<std::uint32_t>(got / 4) : 0;
        for (std::uint32_t i = 0; i < read; ++i)
            records[done + i].cancel = words[i];
        // It stops at the first that can't be read: that one stays unknown.
        done += read < batch ? read + 1 : batch;
    }
}

}  // namespace threadfault::shim
