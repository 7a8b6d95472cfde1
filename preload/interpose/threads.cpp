// The calls that make, name and end threads.
#include "execute/syscalls.hpp"
#include "preload/agent/agent.hpp"
#include "preload/base/export.hpp"
#include "preload/base/real.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/start.hpp"
#include "preload/points/point.hpp"
#include "preload/registry/events.hpp"
#include "preload/registry/registry.hpp"

#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <threads.h>

namespace shim = threadfault::shim;
namespace real = threadfault::shim::real;
using threadfault::inject::Call;
using threadfault::shim::End;
using threadfault::shim::Record;

namespace {

// Nothing to call: a rule about it happens to the thread before its start routine.
void start_here() {}

// Runs on the new thread, under libc's own start function: `Routine` is what the program passed.
// Forced unwinding passes through it: it has nothing to clean up.
template <typename Result, typename Routine>
Result begin_thread(void* argument) {
    auto* const record = static_cast<Record*>(argument);
    // Copied first: a record that could not be registered is given back.
    const auto start_routine = reinterpret_cast<Routine>(static_cast<void*>(record->start_routine));
    void* const start_argument = record->argument;
    shim::register_self(record);
    shim::point<Call::thread_start, start_here>();
    const Result result = start_routine(start_argument);
    shim::mark_end(End::returned);
    return result;
}

// The number of threads is limited (RLIMIT_NPROC, a cgroup), and our helper may have the last
// place: the program's thread goes before.
template <typename Create>
int create_in_last_place(int refusal, Create create) {
    if (!shim::agent_retire()) return refusal;
    // A thread that was joined counts until the kernel has put it away.
    int result = refusal;
    for (int tries = 0; tries < 50 && result == refusal; ++tries) {
        result = create();
        if (result != refusal) break;
        const timespec moment{0, 200'000};
        threadfault::execute::sys_call(SYS_nanosleep, &moment, nullptr);
    }
    return result;
}

// `create`: the real call with our record in place of the program's start routine; `plain`: as the
// program asked.
template <typename Create, typename Plain>
int create_thread(const pthread_t* thread, void* start_routine, void* argument,
                  const pthread_attr_t* attributes, Create create, Plain plain) {
    const shim::Creation creation;
    shim::agent_start();
    Record* const record = shim::expect_thread(start_routine, argument, attributes);
    if (record == nullptr) return plain();
    const std::uint64_t serial = record->serial.load(std::memory_order_relaxed);
    int result = create(record);
    // EAGAIN, or what C11 makes of it.
    if (result == EAGAIN || result == thrd_error) {
        result = create_in_last_place(result, [&] { return create(record); });
    }
    if (result != 0) {
        shim::forget_expected(record);
        return result;
    }
    shim::thread_was_made(record, serial, *thread);
    // It may have found no thread to serve meanwhile, or this is a child that forked in between.
    shim::agent_start();
    return 0;
}
static_assert(thrd_success == 0);

constexpr auto* kBeginThread = begin_thread<void*, void* (*)(void*)>;
constexpr auto* kBeginC11Thread = begin_thread<int, thrd_start_t>;

int create_pthread(pthread_t* thread, const pthread_attr_t* attributes,
                   void* (*start_routine)(void*), void* argument) {
    return create_thread(
        thread, reinterpret_cast<void*>(start_routine), argument, attributes,
        [&](Record* record) {
            return real::pthread_create(thread, attributes, kBeginThread, record);
        },
        [&] { return real::pthread_create(thread, attributes, start_routine, argument); });
}

int create_c11(thrd_t* thread, thrd_start_t start_routine, void* argument) {
    return create_thread(
        thread, reinterpret_cast<void*>(start_routine), argument, nullptr,
        [&](Record* record) { return real::thrd_create(thread, kBeginC11Thread, record); },
        [&] { return real::thrd_create(thread, start_routine, argument); });
}

void rename(Record* record, const char* name) {
    shim::store_name(record, name);
    shim::tell(threadfault::wire::EventKind::named, *record, 0);
}

}  // namespace

const void* const threadfault::shim::trampolines[2] = {
    reinterpret_cast<const void*>(kBeginThread), reinterpret_cast<const void*>(kBeginC11Thread)};

THREADFAULT_EXPORT int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                      void* (*start_routine)(void*), void* argument) noexcept {
    shim::ensure_loaded();
    shim::claim_passages();
    return shim::point<Call::pthread_create, create_pthread>(thread, attributes, start_routine,
                                                             argument);
}

THREADFAULT_EXPORT int thrd_create(thrd_t* thread, thrd_start_t start_routine, void* argument) {
    shim::ensure_loaded();
    shim::claim_passages();
    return shim::point<Call::thrd_create, create_c11>(thread, start_routine, argument);
}

THREADFAULT_EXPORT void pthread_exit(void* result) {
    shim::mark_end(End::exited);
    real::pthread_exit(result);
    __builtin_unreachable();
}

THREADFAULT_EXPORT void thrd_exit(int result) {
    shim::mark_end(End::exited);
    real::thrd_exit(result);
    __builtin_unreachable();
}

THREADFAULT_EXPORT int pthread_setname_np(pthread_t thread, const char* name) noexcept {
    const int result = real::pthread_setname_np(thread, name);
    if (result != 0) return result;
    Record* const own = shim::self();
    Record* const named =
        own != nullptr && own->thread.load() == thread ? own : shim::find_record_of(thread);
    if (named != nullptr) rename(named, name);
    return 0;
}

THREADFAULT_EXPORT int prctl(int option, ...) noexcept {
    // As many words as the kernel takes; those that were not passed are not looked at by it.
    va_list list;
    va_start(list, option);
    unsigned long words[4];
    for (unsigned long& word : words)
        word = va_arg(list, unsigned long);
    va_end(list);
    // Asked before: afterwards it may be forbidden. A child that shares our memory is not us.
    const bool filters = option == PR_SET_SECCOMP && !shim::is_foreign_process();
    const int result = real::prctl(option, words[0], words[1], words[2], words[3]);
    if (option == PR_SET_NAME && result == 0 && shim::self() != nullptr) {
        rename(shim::self(), reinterpret_cast<const char*>(words[0]));
    }
    if (filters && result == 0) shim::note_own_filter();
    return result;
}
