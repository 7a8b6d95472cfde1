#include "preload/points/passages.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/agent_thread.hpp"
#include "preload/base/log.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/on_self.hpp"
#include "preload/points/call_stack.hpp"
#include "preload/registry/end_calls.hpp"
#include "preload/registry/registry.hpp"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cstring>

namespace threadfault::shim {

constinit std::atomic<bool> passages_recorded{false};

namespace {

using inject::Action;
using inject::Call;
using inject::Side;
using wire::PassageContext;
using wire::PassageMode;
using wire::PassagePoint;
using wire::PassageStack;
using wire::PassageThread;

constinit wire::Passages* file = nullptr;
constinit std::atomic<bool> claimed_here{false};
constinit std::atomic<bool> copying_maps{false};
constinit std::atomic<std::uint32_t> modules_of_maps{0};

// nullptr: not asked yet. A thread that is not recorded has the one that stands for it.
[[gnu::tls_model("initial-exec")]] constinit thread_local PassageThread* own_thread = nullptr;
constinit PassageThread nobody{};

bool is_experiment() noexcept {
    return file->order.mode == PassageMode::experiment;
}

// So that addresses can be named when the process is gone.
void copy_maps() noexcept {
    if (copying_maps.exchange(true, std::memory_order_acquire)) return;
    modules_of_maps.store(modules_seen(), std::memory_order_relaxed);
    const int maps = execute::sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    std::size_t length = 0;
    while (maps >= 0 && length < wire::kPassageMaps) {
        const long got = execute::sys_read(maps, file->maps + length, wire::kPassageMaps - length);
        if (got <= 0) break;
        length += static_cast<std::size_t>(got);
    }
    if (maps >= 0) execute::sys_close(maps);
    file->maps_length = static_cast<std::uint32_t>(length);
    copying_maps.store(false, std::memory_order_release);
}

bool is_victim(const Record& record) noexcept {
    const wire::PassageOrder& order = file->order;
    if (order.depth == wire::kAnyThread) return true;
    if (record.depth != order.depth) return false;
    std::uint32_t path[wire::kMaxPathDepth];
    load_path(record, path);
    return std::memcmp(path, order.path, sizeof(std::uint32_t) * order.depth) == 0;
}

PassageThread* take_thread() noexcept {
    const Record* const record = self();
    if (record == nullptr || is_agent_thread()) return &nobody;
    if (record->is_main && file->order.with_main == 0) return &nobody;
    if (is_experiment() && !is_victim(*record)) return &nobody;
    const std::uint32_t number = file->thread_count.fetch_add(1, std::memory_order_relaxed);
    if (number >= wire::kPassageThreads) {
        file->thread_count.store(wire::kPassageThreads, std::memory_order_relaxed);
        file->threads_lost.fetch_add(1, std::memory_order_relaxed);
        return &nobody;
    }
    PassageThread* const thread = &file->threads[number];
    thread->depth = record->depth;
    load_path(*record, thread->path);
    thread->tid = record->tid.load(std::memory_order_relaxed);
    thread->is_main = record->is_main ? 1 : 0;
    thread->start = reinterpret_cast<std::uint64_t>(static_cast<void*>(record->start_routine));
    load_name(*record, thread->name);
    return thread;
}

// --- which locks -----------------------------------------------------------------------------

bool takes_lock(Call call) noexcept {
    switch (call) {
        case Call::pthread_mutex_lock:
        case Call::pthread_mutex_trylock:
        case Call::pthread_mutex_timedlock:
        case Call::pthread_mutex_clocklock:
        case Call::pthread_rwlock_rdlock:
        case Call::pthread_rwlock_tryrdlock:
        case Call::pthread_rwlock_timedrdlock:
        case Call::pthread_rwlock_wrlock:
        case Call::pthread_rwlock_trywrlock:
        case Call::pthread_rwlock_timedwrlock:
        case Call::pthread_spin_lock:
        case Call::pthread_spin_trylock:
        case Call::mtx_lock:
        case Call::mtx_trylock:
        case Call::mtx_timedlock:
            return true;
        default:
            return false;
    }
}

bool gives_lock(Call call) noexcept {
    return call == Call::pthread_mutex_unlock || call == Call::pthread_rwlock_unlock ||
           call == Call::pthread_spin_unlock || call == Call::mtx_unlock;
}

bool is_robust(Call call, const void* lock) noexcept {
    constexpr int kRobust = 16;  // glibc: PTHREAD_MUTEX_ROBUST_NORMAL_NP
    if (call < Call::pthread_mutex_lock || call > Call::pthread_mutex_clocklock) return false;
    return (static_cast<const pthread_mutex_t*>(lock)->__data.__kind & kRobust) != 0;
}

void hold(PassageThread* thread, const Passage& passage, Call call) noexcept {
    if (thread->held_count >= wire::kPassageHeld) return;
    thread->held[thread->held_count++] = {reinterpret_cast<std::uint64_t>(passage.lock),
                                          passage.stack, is_robust(call, passage.lock) ? 1U : 0U,
                                          0};
}

void let_go(PassageThread* thread, const void* lock) noexcept {
    const auto address = reinterpret_cast<std::uint64_t>(lock);
    for (std::uint32_t i = thread->held_count; i > 0; --i) {
        if (thread->held[i - 1].address != address) continue;
        for (std::uint32_t at = i; at < thread->held_count; ++at)
            thread->held[at - 1] = thread->held[at];
        --thread->held_count;
        return;
    }
}

// --- the stack -------------------------------------------------------------------------------

bool is_same(const PassageStack& known, std::uint64_t frame, std::uint64_t site) noexcept {
    if (known.frame != frame || known.site != site) return false;
    for (std::uint32_t i = 0; i < known.frame_count; ++i) {
        // The words lie above the frame that is running, on the stack that is in use.
        if (*reinterpret_cast<const volatile std::uint64_t*>(known.places[i]) != known.frames[i])
            return false;
    }
    return true;
}

PassageStack* stack_here(PassageThread* thread, std::uint64_t frame, std::uint64_t site) noexcept {
    const std::uint64_t number = (frame >> 4 ^ site >> 2) * 0x9e3779b97f4a7c15U >> 58;
    PassageStack* const known = &thread->cache[number % wire::kPassageCache];
    if (known->hash != 0 && is_same(*known, frame, site)) return known;
    known->frame = frame;
    known->site = site;
    known->frame_count =
        static_cast<std::uint32_t>(unwind_here(known->frames, known->places, wire::kPassageFrames));
    known->hash = hash_stack(known->frames, known->frame_count);
    known->point = UINT32_MAX;
    if (modules_of_maps.load(std::memory_order_relaxed) != modules_seen()) copy_maps();
    return known;
}

// --- census ----------------------------------------------------------------------------------

PassagePoint* find_point(const PassageThread* thread, const PassageStack& stack,
                         Call call) noexcept {
    const auto number = static_cast<std::uint32_t>(thread - file->threads);
    std::uint64_t key = (stack.hash ^ (std::uint64_t{number} + 1) * 0x9e3779b97f4a7c15U) +
                        static_cast<std::uint64_t>(call) * 0xc2b2ae3d27d4eb4fU;
    if (key == 0) key = 1;
    constexpr std::size_t kMostSteps = 256;
    for (std::size_t i = 0; i < kMostSteps; ++i) {
        wire::PassageSlot* const slot = &file->slots[(key + i) % wire::kPassageSlots];
        std::uint64_t there = slot->key.load(std::memory_order_relaxed);
        if (there == key) {
            return slot->point < wire::kPassagePoints ? &file->points[slot->point] : nullptr;
        }
        if (there != 0 || !slot->key.compare_exchange_strong(there, key)) continue;
        slot->point = file->point_count.fetch_add(1, std::memory_order_relaxed);
        if (slot->point >= wire::kPassagePoints) break;
        PassagePoint* const point = &file->points[slot->point];
        point->stack = stack.hash;
        point->thread = number;
        point->call = static_cast<std::uint32_t>(call);
        std::memcpy(point->frames, stack.frames, sizeof point->frames);
        point->frame_count = stack.frame_count;
        return point;
    }
    file->points_lost.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
}

void note_context(PassagePoint* point, const PassageThread& thread) noexcept {
    std::uint64_t key = thread.last_stack;
    for (std::uint32_t i = 0; i < thread.held_count; ++i)
        key = (key ^ thread.held[i].stack) * 0x9e3779b97f4a7c15U;
    PassageContext* found = nullptr;
    for (std::uint32_t i = 0; i < point->context_count && found == nullptr; ++i)
        if (point->contexts[i].key == key) found = &point->contexts[i];
    if (found == nullptr) {
        if (point->context_count == wire::kPassageContexts) return;
        found = &point->contexts[point->context_count++];
        found->key = key;
        found->first = point->count;
        found->held_count = thread.held_count;
        std::memcpy(found->held, thread.held, sizeof(wire::HeldLock) * thread.held_count);
    }
    ++found->count;
    found->last = point->count;
}

// Passages differ by what the thread does next: a wait that brought work and one that did not.
void note_follower(PassagePoint* before, std::uint64_t occurrence, std::uint64_t stack) noexcept {
    for (std::uint32_t i = 0; i < before->follower_count; ++i) {
        if (before->followers[i].stack != stack) continue;
        ++before->followers[i].count;
        return;
    }
    if (before->follower_count == wire::kPassageFollowers) return;
    before->followers[before->follower_count++] = {stack, occurrence, 1};
}

bool is_cancel_disabled() noexcept {
    int state = PTHREAD_CANCEL_ENABLE;
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    if (state == PTHREAD_CANCEL_ENABLE) ::pthread_setcancelstate(state, nullptr);
    return state == PTHREAD_CANCEL_DISABLE;
}

void count_passage(PassageThread* thread, PassageStack* stack, Call call) noexcept {
    PassagePoint* point = nullptr;
    if (stack->point != UINT32_MAX) {
        point = &file->points[stack->point];
    } else {
        point = find_point(thread, *stack, call);
        if (point == nullptr) return;
        stack->point = static_cast<std::uint32_t>(point - file->points);
    }
    ++point->count;
    if (thread->last_occurrence != 0) {
        note_follower(&file->points[thread->last_point], thread->last_occurrence, stack->hash);
    }
    note_context(point, *thread);
    if ((inject::info(call).traits & inject::kCancels) != 0 && is_cancel_disabled())
        ++point->cancel_disabled;
    thread->last_point = stack->point;
    thread->last_stack = stack->hash;
    thread->last_occurrence = point->count;
}

// --- the experiment --------------------------------------------------------------------------

void tell_of_it(const PassageThread& thread, const PassageStack& stack) noexcept {
    wire::PassageEvent& event = file->event;
    event.tid = thread.tid;
    event.time_ns = execute::monotonic_ns();
    event.frame_count = stack.frame_count;
    std::memcpy(event.frames, stack.frames, sizeof event.frames);
    event.held_count = thread.held_count;
    std::memcpy(event.held, thread.held, sizeof event.held);
    copy_maps();
}

Effect ordered_effect() noexcept {
    const wire::PassageOrder& order = file->order;
    const auto action = static_cast<Action>(order.action);
    return {action, static_cast<Side>(order.side), static_cast<wire::Fault>(order.death),
            action == Action::interrupt ? EINTR : order.error, order.duration_ns};
}

void do_it(const Passage& passage) {
    wire::PassageEvent& event = file->event;
    event.held_count = passage.thread->held_count;
    std::memcpy(event.held, passage.thread->held, sizeof event.held);
    event.time_ns = execute::monotonic_ns();
    event.fired.store(1, std::memory_order_release);
    const Effect& effect = passage.effect;
    if (effect.action == Action::kill) inflict_on_self(effect.death, 0);
    if (effect.action == Action::freeze) inflict_on_self(wire::Fault::freeze, effect.duration_ns);
    if (effect.action == Action::delay) inflict_on_self(wire::Fault::delay, effect.duration_ns);
}

}  // namespace

void map_passages() noexcept {
    const char* const path = ::getenv(wire::kPassagesVariable);
    if (path == nullptr || *path == '\0') return;
    const int descriptor = execute::sys_open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    void* const mapped =
        ::mmap(nullptr, sizeof(wire::Passages), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    execute::sys_close(descriptor);
    if (mapped == MAP_FAILED) return;
    auto* const found = static_cast<wire::Passages*>(mapped);
    if (found->magic != wire::kPassagesMagic || found->version != wire::kPassagesVersion) {
        ::munmap(mapped, sizeof(wire::Passages));
        learn_log_file();
        log_line("THREADFAULT_PASSAGES: the file is of another release");
        return;
    }
    file = found;
}

void claim_passages() noexcept {
    if (file == nullptr || claimed_here.exchange(true, std::memory_order_acq_rel)) return;
    if (is_foreign_process()) return;
    std::int32_t nobody_yet = 0;
    if (!file->claimed.compare_exchange_strong(nobody_yet, execute::sys_getpid())) {
        file->other_processes.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    prepare_call_stacks();
    copy_maps();
    passages_recorded.store(true, std::memory_order_release);
    show_armed_calls();
}

void forget_passages_after_fork() noexcept {
    if (file == nullptr) return;
    if (passages_recorded.exchange(false, std::memory_order_relaxed)) show_armed_calls();
    // It may claim what its parent did not; else it is counted as another process.
    claimed_here.store(false, std::memory_order_relaxed);
    own_thread = nullptr;
}

void enter_passage(Passage* passage, Call call, const void* first) {
    PassageThread* thread = own_thread;
    if (thread == nullptr) own_thread = thread = take_thread();
    if (thread == &nobody || thread->busy != 0) return;
    const bool experiment = is_experiment();
    passage->thread = thread;
    passage->lock = first;
    // Of an experiment's other calls only the locks are followed.
    if (experiment && static_cast<std::uint32_t>(call) != file->order.call) return;
    const int kept = errno;
    thread->busy = 1;
    const auto frame = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
    const auto site = reinterpret_cast<std::uint64_t>(__builtin_return_address(0));
    PassageStack* const stack = stack_here(thread, frame, site);
    passage->stack = stack->hash;
    ++thread->passages;
    if (!experiment) {
        count_passage(thread, stack, call);
    } else if (stack->hash == file->order.stack) {
        // Several threads may count here, where any of them can be the victim.
        const std::uint64_t seen = file->event.seen.fetch_add(1, std::memory_order_relaxed) + 1U;
        if (seen == file->order.occurrence && !is_foreign_process()) {
            passage->chosen = true;
            thread->is_victim = 1;
            passage->effect = ordered_effect();
            tell_of_it(*thread, *stack);
        }
    }
    thread->busy = 0;
    errno = kept;
    if (!passage->chosen || passage->effect.side != Side::before) return;
    passage->instead = passage->effect.action == Action::error ||
                       passage->effect.action == Action::spurious ||
                       passage->effect.action == Action::interrupt;
    do_it(*passage);
}

void leave_passage(const Passage& passage, Call call, bool succeeded) {
    PassageThread* const thread = passage.thread;
    if (thread == nullptr) return;
    if (succeeded && passage.lock != nullptr) {
        thread->busy = 1;
        if (takes_lock(call)) hold(thread, passage, call);
        if (gives_lock(call)) let_go(thread, passage.lock);
        thread->busy = 0;
    }
    if (passage.chosen && passage.effect.side == Side::after) do_it(passage);
}

void thread_has_ended() noexcept {
    const PassageThread* const thread = own_thread;
    if (thread == nullptr || thread == &nobody || file == nullptr) return;
    if (!passages_recorded.load(std::memory_order_relaxed) || thread->is_victim == 0) return;
    if (file->event.fired.load(std::memory_order_relaxed) == 0) return;
    // What it still holds now stays locked.
    file->event.held_count = thread->held_count;
    std::memcpy(file->event.held, thread->held, sizeof file->event.held);
    file->event.over.store(1, std::memory_order_release);
}

}  // namespace threadfault::shim
