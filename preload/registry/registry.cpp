#include "preload/registry/registry.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/start.hpp"
#include "preload/registry/agent_calls.hpp"
#include "preload/registry/dead.hpp"
#include "preload/registry/end_calls.hpp"
#include "preload/registry/events.hpp"
#include "preload/registry/storage.hpp"

#include <sys/prctl.h>

#include <climits>
#include <cstring>

namespace threadfault::shim {

namespace {

[[gnu::tls_model("initial-exec")]] constinit thread_local Record* own_record = nullptr;
[[gnu::tls_model("initial-exec")]] constinit thread_local int destructor_round = 0;
[[gnu::tls_model("initial-exec")]] constinit thread_local bool left_registry = false;
// Inside a pthread_create of the program, and in it where a record is being taken.
[[gnu::tls_model("initial-exec")]] constinit thread_local int creations = 0;
[[gnu::tls_model("initial-exec")]] constinit thread_local bool taking_record = false;

constinit std::atomic<std::uint64_t> last_serial{0};
constinit std::atomic<std::uint32_t> last_index{0};
constinit std::atomic<std::uint32_t> live{0};
constinit std::atomic<std::uint32_t> orphans{0};  // created by threads without a record
constinit std::atomic<std::uint32_t> settled_generation{0};
constinit std::atomic<int> exit_status{0};

constexpr pthread_key_t kNoKey = ~0U;
constinit std::atomic<pthread_key_t> end_key{kNoKey};

std::int64_t boot_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::int64_t>(now.tv_sec) * execute::kNanosecondsPerSecond + now.tv_nsec;
}

// The seqlock's writing side. One writer at a time: the thread itself, or its creator before that.
class Change {
public:
    explicit Change(Record* record) noexcept : record_(record) {
        record_->version.fetch_add(1, std::memory_order_acq_rel);
    }
    ~Change() { record_->version.fetch_add(1, std::memory_order_acq_rel); }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

private:
    Record* record_;
};

wire::EndKind kind_of(End end) noexcept {
    switch (end) {
        case End::returned:
            return wire::EndKind::returned;
        case End::exited:
            return wire::EndKind::exited;
        case End::vanished:
            return wire::EndKind::vanished;
        default:
            // No other way is left by which a thread's destructors run.
            return wire::EndKind::cancelled;
    }
}

// It counts as one of the living from now on.
void count_in(Record* record) noexcept {
    record->generation = settled_generation.load(std::memory_order_relaxed);
    live.fetch_add(1, std::memory_order_acq_rel);
}

// The number that are left; a record from before a fork was never counted in this process.
std::uint32_t count_out(const Record* record) noexcept {
    const bool counted = record->generation == settled_generation.load(std::memory_order_relaxed);
    return counted ? live.fetch_sub(1, std::memory_order_acq_rel) - 1 : live_threads();
}

void release(Record* record, wire::EndKind how, std::int64_t ended_ns) noexcept {
    remember_dead(*record, how, ended_ns);
    tell(wire::EventKind::ended, *record, static_cast<std::uint32_t>(how));
    {
        const Change change(record);
        record->life.store(Life::free, std::memory_order_release);
        // Against a pin's order, which counts itself and then looks at the serial.
        record->serial.store(0, std::memory_order_seq_cst);
        record->tid.store(0, std::memory_order_relaxed);
    }
    while (record->pins.load(std::memory_order_seq_cst) != 0)
        execute::sys_call(SYS_sched_yield);
    const std::uint32_t left = count_out(record);
    give_record(record);
    if (left == 0) last_thread_is_leaving();
}

void release(Record* record) noexcept {
    release(record, kind_of(record->end.load(std::memory_order_relaxed)), boot_ns());
}

// The thread-specific-data destructor: runs in every way to leave a thread but a raw exit. Libc
// calls the destructors again as long as they set values, four rounds at most; the program's own
// destructors may still do anything in them, so the record lives until the last round but one. In
// the very last, the runtimes of the sanitizers take the thread down, and their interceptors with
// it.
constexpr int kLastRound = PTHREAD_DESTRUCTOR_ITERATIONS - 1;

void on_thread_end(void* value) {
    auto* const record = static_cast<Record*>(value);
    if (record != own_record) return;  // a forked child's inheritance
    settle_registry();
    record->life.store(Life::ending, std::memory_order_relaxed);
    if (++destructor_round < kLastRound &&
        ::pthread_setspecific(end_key.load(std::memory_order_relaxed), value) == 0) {
        return;
    }
    thread_has_ended();
    note_exit_status(0);
    left_registry = true;
    own_record = nullptr;
    release(record);
}

// The highest key for which libc needs no memory of its own in each thread: a program that uses the
// lowest ones without having created them meets what it would meet without us.
pthread_key_t create_key() noexcept {
    constexpr pthread_key_t kHighest = 31;  // glibc: PTHREAD_KEY_2NDLEVEL_SIZE - 1
    pthread_key_t keys[kHighest + 1];
    unsigned count = 0;
    while (count <= kHighest && ::pthread_key_create(&keys[count], on_thread_end) == 0) {
        if (keys[count++] >= kHighest) break;
    }
    if (count == 0) return kNoKey;
    // They come in rising order: the last one is ours, the others were only in the way.
    for (unsigned i = 0; i + 1 < count; ++i)
        ::pthread_key_delete(keys[i]);
    return keys[count - 1];
}

bool make_key() noexcept {
    if (end_key.load(std::memory_order_acquire) != kNoKey) return true;
    const pthread_key_t key = create_key();
    if (key == kNoKey) return false;
    pthread_key_t none = kNoKey;
    if (!end_key.compare_exchange_strong(none, key, std::memory_order_acq_rel)) {
        ::pthread_key_delete(key);
    }
    return true;
}

bool watch_own_end(Record* record) noexcept {
    if (end_key.load(std::memory_order_relaxed) == kNoKey) return false;
    return ::pthread_setspecific(end_key.load(std::memory_order_relaxed), record) == 0;
}

// Deeper than the wire can say: the first and the last components are kept.
void set_path(Record* record, const Record* creator, std::uint32_t child) noexcept {
    constexpr std::uint32_t kMost = wire::kMaxPathDepth;
    std::uint32_t kept = 0;
    if (creator != nullptr) {
        const std::uint32_t depth = creator->depth;
        kept = depth < kMost ? depth : kMost;
        for (std::uint32_t i = 0; i < kept; ++i)
            record->path[i] = creator->path[i];
        record->depth = depth + 1;
    } else {
        record->path[kept++] = 0;  // below a thread that is not registered
        record->depth = 2;
    }
    if (kept == kMost) {
        for (std::uint32_t i = kMost / 2; i + 1 < kMost; ++i)
            record->path[i] = record->path[i + 1];
        --kept;
    }
    record->path[kept] = child;
}

void copy_name(Record* to, const Record& from) noexcept {
    for (int i = 0; i < 2; ++i) {
        to->name[i].store(from.name[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
}

std::uint64_t next_serial() noexcept {
    return last_serial.fetch_add(1, std::memory_order_relaxed) + 1;
}

// As the kernel knows it: for records that can't inherit a creator's.
void ask_own_name(Record* record) noexcept {
    if (is_filter_known()) return store_name(record, "");
    char name[wire::kThreadNameSize] = {};
    execute::sys_call(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
    store_name(record, name);
}

void clear(Record* record) noexcept {
    record->thread.store(0, std::memory_order_relaxed);
    record->tid.store(0, std::memory_order_relaxed);
    record->children = 0;
    record->stack_low = 0;
    record->stack_size = 0;
    record->alternate_size = 0;
    record->belief = {};
    record->is_main = false;
    record->end.store(End::none, std::memory_order_relaxed);
    record->faults.store(0, std::memory_order_relaxed);
}

// In a forked child there is one thread to begin with, and it is main.
void make_main(Record* record) noexcept {
    const Change change(record);
    record->serial.store(next_serial(), std::memory_order_relaxed);
    record->creator_tid = 0;
    record->index = 0;
    record->children = 0;
    record->depth = 0;
    record->is_main = true;
    record->faults.store(0, std::memory_order_relaxed);
    record->pins.store(0, std::memory_order_relaxed);  // whoever held it is not here
}

void forget_the_parent(const Record* kept) noexcept {
    free_records_of_the_living_but(kept, taking_record);
    last_index.store(0, std::memory_order_relaxed);
    last_serial.store(0, std::memory_order_relaxed);
    orphans.store(0, std::memory_order_relaxed);
    live.store(0, std::memory_order_relaxed);
    settled_generation.store(fork_generation(), std::memory_order_release);
}

bool is_leader() noexcept {
    return libc_tid(::pthread_self()) == shim_pid();
}

}  // namespace

Record* self() noexcept {
    return own_record;
}

bool has_left() noexcept {
    return left_registry;
}

bool is_newborn() noexcept {
    if (own_record != nullptr || left_registry) return false;
    return was_made_for(trampolines[0]) || was_made_for(trampolines[1]);
}

Record* expect_thread(void* start_routine, void* argument,
                      const pthread_attr_t* attributes) noexcept {
    settle_registry();
    if (!make_key()) return nullptr;
    taking_record = true;
    Record* const record = take_record();
    if (record != nullptr) record->life.store(Life::born, std::memory_order_relaxed);
    taking_record = false;
    if (record == nullptr) return nullptr;
    const Record* const creator = own_record;
    clear(record);
    record->start_routine = start_routine;
    record->argument = argument;
    record->detached = false;
    if (attributes != nullptr) {
        int state = PTHREAD_CREATE_JOINABLE;
        ::pthread_attr_getdetachstate(attributes, &state);
        record->detached = state == PTHREAD_CREATE_DETACHED;
        void* low = nullptr;
        std::size_t size = 0;
        if (::pthread_attr_getstack(attributes, &low, &size) == 0) {
            // Without a place of the program's own, glibc's answer is a stack that ends at 0: the
            // size alone is of use. From where the thread finds itself, the rest follows.
            const auto address = reinterpret_cast<std::uint64_t>(low);
            if (address + size != 0) {
                record->stack_low = address;
            } else {
                record->stack_size = size;
            }
        }
    }
    record->creator_tid = creator != nullptr ? creator->tid.load(std::memory_order_relaxed)
                                             : libc_tid(::pthread_self());
    set_path(record, creator,
             creator != nullptr ? creator->children + 1
                                : orphans.fetch_add(1, std::memory_order_relaxed) + 1);
    record->index = last_index.fetch_add(1, std::memory_order_relaxed) + 1;
    if (creator != nullptr) {
        copy_name(record, *creator);
    } else {
        ask_own_name(record);
    }
    record->belief = belief();
    record->filtered = has_own_filter();
    record->serial.store(next_serial(), std::memory_order_relaxed);
    count_in(record);
    return record;
}

void thread_was_made(Record* record, std::uint64_t serial, pthread_t thread) noexcept {
    if (own_record != nullptr) ++own_record->children;
    // Whoever names the thread now, before it has registered itself, must find it. If the thread
    // has ended already and the record has a new user, that one's registration puts it right.
    if (record->serial.load(std::memory_order_relaxed) != serial) return;
    pthread_t unknown = 0;
    record->thread.compare_exchange_strong(unknown, thread, std::memory_order_relaxed);
}

void forget_expected(Record* record) noexcept {
    // So that a failed create leaves no gap in the numbering, unless another thread was faster.
    std::uint32_t index = record->index;
    last_index.compare_exchange_strong(index, index - 1, std::memory_order_relaxed);
    record->life.store(Life::free, std::memory_order_release);
    record->serial.store(0, std::memory_order_relaxed);
    count_out(record);
    give_record(record);
}

void register_self(Record* record) noexcept {
    settle_registry();
    if (record->generation != settled_generation.load(std::memory_order_relaxed)) {
        // From before a fork: this thread itself forked on its way here, or its creator did while
        // it made it.
        if (is_leader()) make_main(record);
        count_in(record);
    }
    destructor_round = 0;
    left_registry = false;
    const pthread_t thread = ::pthread_self();
    {
        const Change change(record);
        record->thread.store(thread, std::memory_order_relaxed);
        record->tid.store(libc_tid(thread), std::memory_order_relaxed);
        record->birth_ns = boot_ns();
        record->waited_on.store(0, std::memory_order_relaxed);
        // The descriptor that pthread_self() names lies at the top of the stack's memory. The guard
        // comes on top of the size (since glibc 2.27).
        if (record->stack_size != 0) {
            record->stack_low = thread + libc_descriptor_size() - record->stack_size;
        }
    }
    own_record = record;
    inherit_belief(record->belief);
    if (record->filtered) note_own_filter();
    record->life.store(Life::alive, std::memory_order_release);
    tell(wire::EventKind::created, *record, 0);
    if (!watch_own_end(record)) {
        // Its end would go unnoticed: a thread without a record is better.
        own_record = nullptr;
        release(record);
    }
}

void note_alternate_stack(const stack_t& alternate) noexcept {
    Record* const record = own_record;
    if (record == nullptr) return;
    record->alternate_size = 0;  // in between it is none, rather than half of two
    if ((alternate.ss_flags & SS_DISABLE) != 0) return;
    record->alternate_low = reinterpret_cast<std::uint64_t>(alternate.ss_sp);
    constexpr int kAutoDisarm = 1 << 31;  // SS_AUTODISARM of <linux/signal.h>
    record->alternate_disarms = (alternate.ss_flags & kAutoDisarm) != 0;
    record->alternate_size = alternate.ss_size;
}

void note_exit_status(int status) noexcept {
    exit_status.store(status, std::memory_order_relaxed);
}

int last_exit_status() noexcept {
    return exit_status.load(std::memory_order_relaxed);
}

void mark_end(End end) noexcept {
    Record* const record = own_record;
    if (record == nullptr) return;
    if (end == End::vanished) return record->end.store(end, std::memory_order_release);
    End none = End::none;
    record->end.compare_exchange_strong(none, end, std::memory_order_relaxed);
}

void register_main() noexcept {
    if (own_record != nullptr || !make_key()) return;
    Record* const record = take_record();
    if (record == nullptr) return;
    clear(record);
    record->start_routine = nullptr;
    record->argument = nullptr;
    record->creator_tid = 0;
    record->index = 0;
    record->depth = 0;
    record->detached = false;
    record->is_main = true;
    record->belief = belief();
    record->serial.store(next_serial(), std::memory_order_relaxed);
    ask_own_name(record);
    count_in(record);
    register_self(record);
}

void bury(Record* record, std::uint64_t serial) noexcept {
    if (record->serial.load(std::memory_order_acquire) != serial || serial == 0) return;
    release(record);
}

void bury_unannounced(Record* record, std::uint64_t serial) noexcept {
    if (record->serial.load(std::memory_order_acquire) != serial || serial == 0) return;
    release(record, wire::EndKind::unknown, 0);
}

void settle_registry() noexcept {
    if (settled_generation.load(std::memory_order_acquire) == fork_generation()) return;
    Record* const kept = own_record;
    forget_the_parent(kept);
    if (kept != nullptr) {
        make_main(kept);
        count_in(kept);
        const Change change(kept);
        kept->tid.store(libc_tid(::pthread_self()), std::memory_order_relaxed);
        kept->birth_ns = boot_ns();
    } else if (!is_newborn()) {
        register_main();
    }
}

bool is_creating() noexcept {
    return creations != 0;
}

Creation::Creation() noexcept {
    ++creations;
}

Creation::~Creation() {
    --creations;
}

void own_up_to_newborn() noexcept {
    if (own_record != nullptr || !is_newborn()) return;
    Record* const record = record_from(start_argument_of_self());
    if (record == nullptr || record->life.load(std::memory_order_acquire) != Life::born) return;
    record->tid.store(execute::sys_gettid(), std::memory_order_relaxed);
    own_record = record;
}

Pin::Pin(Record* record, std::uint64_t serial) noexcept : record_(record) {
    record_->pins.fetch_add(1, std::memory_order_seq_cst);
    held_ = serial != 0 && record_->serial.load(std::memory_order_seq_cst) == serial;
}

Pin::~Pin() {
    record_->pins.fetch_sub(1, std::memory_order_release);
}

std::uint32_t live_threads() noexcept {
    return live.load(std::memory_order_relaxed);
}

std::uint64_t serials() noexcept {
    return last_serial.load(std::memory_order_relaxed);
}

}  // namespace threadfault::shim
