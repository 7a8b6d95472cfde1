#include "diagnose/locks_at_stake.hpp"

#include "diagnose/callees.hpp"
#include "diagnose/handlers.hpp"
#include "diagnose/loop_step.hpp"
#include "format/format.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>

namespace threadfault::diagnose {
namespace {

constexpr std::uint64_t kMostStack = 256 << 10;
constexpr std::uint64_t kMostData = 8 << 20;
constexpr std::size_t kPiece = 4096;
constexpr int kMostInstructionsOfAFunction = 4096;
constexpr std::uint64_t kSizeOfCondition = sizeof(pthread_cond_t);

// struct __pthread_mutex_s (glibc, sysdeps/x86/nptl/bits/struct_mutex.h).
struct MutexImage {
    std::uint32_t lock;
    std::uint32_t count;
    std::int32_t owner;
    std::uint32_t users;
    std::uint32_t kind;
};
constexpr std::uint32_t kTypes = 0x03;     // normal, recursive, error-checking, adaptive
constexpr std::uint32_t kRobust = 0x10;    // PTHREAD_MUTEX_ROBUST_NORMAL_NP
constexpr std::uint32_t kInherits = 0x20;  // the futex word holds the owner's id
constexpr std::uint32_t kProtects = 0x40;  // the futex word holds a priority
constexpr std::uint32_t kKnownKinds = kTypes | kRobust | kInherits | kProtects | 0x380;

// By the thread whose id it has as its owner.
bool is_held(const MutexImage& mutex) {
    const pid_t owner = mutex.owner;
    if (owner <= 0) return false;
    if ((mutex.kind & ~kKnownKinds) != 0 || mutex.count > 10'000) return false;
    if (mutex.users == 0 || mutex.users > 1'000'000) return false;
    if ((mutex.kind & (kInherits | kRobust)) != 0) {
        return (mutex.lock & 0x3fffffff) == static_cast<std::uint32_t>(owner);
    }
    return (mutex.kind & kProtects) != 0 ? mutex.lock != 0 : mutex.lock == 1 || mutex.lock == 2;
}

// struct _IO_FILE (glibc, libio/bits/types/struct_FILE.h) and _IO_lock_t.
constexpr std::uint64_t kLockOfFile = 136;
constexpr std::uint32_t kFileMagic = 0xfbad0000;
struct StreamLock {
    std::int32_t lock;
    std::int32_t count;  // while it is held once: 1, or 0 in newer versions
    std::uint64_t owner;
};

template <typename Use>
void each_word(RemoteMemory& memory, std::uint64_t begin, std::uint64_t end, const Use& use) {
    std::array<std::uint64_t, kPiece / 8> words{};
    for (std::uint64_t piece = begin & ~std::uint64_t{kPiece - 1}; piece < end; piece += kPiece) {
        if (!memory.read(piece, words.data(), kPiece)) continue;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const std::uint64_t at = piece + i * 8;
            if (at >= begin && at < end) use(at, words[i]);
        }
    }
}

// Most words begin no mutex that is held.
bool may_begin_mutex(std::uint64_t word) {
    return static_cast<std::uint32_t>(word) != 0 && word >> 32 <= 10'000;
}

// Of what the program and its own libraries have.
bool is_of_interest(const observe::Mapping& mapping) {
    const std::string_view file =
        std::string_view(mapping.path).substr(mapping.path.rfind('/') + 1);
    return !file.starts_with("libc.so") && !file.starts_with("ld-linux") &&
           !file.starts_with("libthreadfault");
}

// Held mutexes among initialised variables and the objects that they point to.
std::multimap<pid_t, std::uint64_t> held_variables(Backtraces& backtraces) {
    RemoteMemory& memory = backtraces.unwinder().memory();
    std::multimap<pid_t, std::uint64_t> found;
    std::uint64_t left = kMostData;
    const observe::Mapping* before = nullptr;
    for (const observe::Mapping& mapping : backtraces.unwinder().maps().all()) {
        const bool file = mapping.inode != 0;
        const bool behind = before != nullptr && mapping.path.empty() && before->inode != 0 &&
                            mapping.begin == before->end;
        const observe::Mapping& owner = behind ? *before : mapping;
        before = &mapping;
        if (!mapping.writable || (!file && !behind) || !is_of_interest(owner)) continue;
        const std::uint64_t length = std::min(left, mapping.end - mapping.begin);
        left -= length;
        each_word(memory, mapping.begin, mapping.begin + length,
                  [&](std::uint64_t at, std::uint64_t word) {
                      MutexImage mutex{};
                      if (may_begin_mutex(word) && memory.read(at, &mutex, sizeof mutex) &&
                          is_held(mutex)) {
                          found.emplace(mutex.owner, at);
                      }
                  });
    }
    return found;
}

class Search {
public:
    Search(Backtraces& backtraces, const drive::ThreadView& thread, const Backtrace& trace)
        : backtraces_(backtraces),
          memory_(backtraces.unwinder().memory()),
          maps_(backtraces.unwinder().maps()),
          thread_(thread),
          trace_(trace),
          tid_(thread.inner_tid != 0 ? thread.inner_tid : thread.tid) {}

    std::vector<LockAtStake> run(const std::multimap<pid_t, std::uint64_t>& variables) {
        for (const drive::HeldLock& lock : thread_.holding)
            found_.push_back({lock, false, false, false, is_robust(lock)});
        if (trace_.frames.empty()) return std::move(found_);
        look_at_streams();
        look_at_condition();
        look_at_stack();
        const auto [first, last] = variables.equal_range(tid_);
        for (auto one = first; one != last; ++one)
            look_at_mutex(one->second);
        return std::move(found_);
    }

private:
    // The lock of a FILE, told as a mutex, is shorter than one: what follows it is no kind.
    bool is_robust(const drive::HeldLock& lock) {
        MutexImage mutex{};
        return lock.kind == WaitKind::mutex && memory_.read(lock.address, &mutex, sizeof mutex) &&
               mutex.owner == tid_ && is_held(mutex) && (mutex.kind & kRobust) != 0;
    }

    void add(LockAtStake one) {
        const bool known = std::any_of(found_.begin(), found_.end(), [&](const LockAtStake& other) {
            return other.lock.address == one.lock.address;
        });
        if (!known) found_.push_back(std::move(one));
    }

    void add_mutex(std::uint64_t address, bool taken_again, std::uint32_t kind) {
        LockAtStake one;
        one.lock.kind = WaitKind::mutex;
        one.lock.address = address;
        one.taken_again = taken_again;
        one.robust = (kind & kRobust) != 0;
        add(std::move(one));
    }

    bool is_writable(std::uint64_t address) {
        const observe::Mapping* const mapping = maps_.find(address);
        return mapping != nullptr && mapping->writable && !mapping->executable;
    }

    void look_at_mutex(std::uint64_t address) {
        MutexImage mutex{};
        if (address % 8 != 0 || !is_writable(address) ||
            !memory_.read(address, &mutex, sizeof mutex)) {
            return;
        }
        if (mutex.owner == tid_ && is_held(mutex)) add_mutex(address, false, mutex.kind);
    }

    void look_at_stream(std::uint64_t file, bool standard, std::string name) {
        std::uint32_t flags = 0;
        StreamLock lock{};
        if (thread_.pthread == 0 || file % 8 != 0 || !memory_.read(file, &flags, sizeof flags) ||
            (flags & 0xffff0000) != kFileMagic) {
            return;
        }
        const auto at = memory_.word(file + kLockOfFile);
        if (!at || !memory_.read(*at, &lock, sizeof lock)) return;
        if (lock.lock == 0 || lock.count < 0 || lock.owner != thread_.pthread) return;
        LockAtStake one;
        one.lock.address = file;
        one.lock.symbol = std::move(name);
        one.stream = true;
        one.standard = standard;
        // Those who wait for it have told of a mutex.
        const auto told = std::find_if(found_.begin(), found_.end(), [&](const LockAtStake& other) {
            return !other.stream && other.lock.address == *at;
        });
        if (told != found_.end()) {
            one.lock.waiters = told->lock.waiters;
            found_.erase(told);
        }
        add(std::move(one));
    }

    void look_at_streams() {
        for (const std::string_view name : {"stdin", "stdout", "stderr"}) {
            const auto file = backtraces_.symbolizer().address_of(formatted("_IO_2_1_{}_", name));
            if (file) look_at_stream(*file, true, std::string(name));
        }
    }

    // glibc's functions keep both on the stack for the case that the wait is cancelled (struct
    // _condvar_cleanup_buffer, nptl/pthread_cond_wait.c): then the mutex is taken again. Registers
    // that were saved there may look alike: the condition, and a word in it.
    void look_at_condition() {
        if (!thread_.waiting || thread_.waiting->kind != WaitKind::cond) return;
        const std::uint64_t condition = thread_.waiting->address;
        const std::uint64_t begin = trace_.frames.front().stack_pointer;
        std::uint64_t end = 0;
        for (const Frame& frame : trace_.frames) {
            end = frame.stack_pointer;
            if (!frame.place->module.starts_with("libc.so")) break;
        }
        for (std::uint64_t at = begin; at + 16 <= end && at < begin + kPiece; at += 8) {
            if (memory_.word(at) != condition) continue;
            const std::uint64_t mutex = memory_.word(at + 8).value_or(0);
            if (mutex - condition < kSizeOfCondition) continue;
            MutexImage image{};
            if (mutex % 8 != 0 || !is_writable(mutex) ||
                !memory_.read(mutex, &image, sizeof image) || (image.kind & ~kKnownKinds) != 0) {
                continue;
            }
            add_mutex(mutex, true, image.kind);
            return;
        }
    }

    // A guard object has a reference to its mutex, and functions have pointers to their streams.
    void look_at_stack() {
        const std::uint64_t begin = trace_.frames.front().stack_pointer;
        const observe::Mapping* const mapping = maps_.find(begin);
        if (begin == 0 || mapping == nullptr) return;
        each_word(memory_, begin & ~std::uint64_t{7}, std::min(mapping->end, begin + kMostStack),
                  [&](std::uint64_t at, std::uint64_t word) {
                      if (word == 0) return;
                      if (may_begin_mutex(word)) look_at_mutex(at);
                      if (word % 8 != 0 || !is_writable(word)) return;
                      look_at_mutex(word);
                      look_at_stream(word, false, {});
                  });
    }

    Backtraces& backtraces_;
    RemoteMemory& memory_;
    const observe::Maps& maps_;
    const drive::ThreadView& thread_;
    const Backtrace& trace_;
    pid_t tid_;
    std::vector<LockAtStake> found_;
};

constexpr std::array<std::string_view, 8> kReleases = {
    "pthread_mutex_unlock",    "__pthread_mutex_unlock", "mtx_unlock",  "pthread_rwlock_unlock",
    "__pthread_rwlock_unlock", "pthread_spin_unlock",    "funlockfile", "_IO_funlockfile"};

// C functions without exception tables register clean-up handlers with libc.
bool registers_handlers(Backtraces& backtraces, Callees& callees, const FunctionInfo& function) {
    RemoteMemory& memory = backtraces.unwinder().memory();
    std::uint64_t at = function.begin;
    for (int i = 0; i < kMostInstructionsOfAFunction && at < function.end; ++i) {
        std::array<unsigned char, kLongestInstruction> code{};
        const auto within = std::min<std::uint64_t>(code.size(), function.end - at);
        if (!memory.read(at, code.data(), within)) return false;
        const auto step = loop_step(std::span(code).first(within), at);
        if (!step) return false;
        if (step->calls && step->target != 0 &&
            callees.at(step->target).name == "__pthread_register_cancel") {
            return true;
        }
        at += step->length;
    }
    return false;
}

Release released_by(Backtraces& backtraces, const Backtrace& trace, std::size_t frame,
                    const LockAtStake& lock) {
    Release release = Release::nobody;
    const auto at_least = [&](Release how) { release = std::max(release, how); };
    HandlerOptions options;
    options.frame = &trace.frames[frame];
    options.on_call = [&](const Callee& callee, const MachineValue& argument) {
        const std::string_view name = callee.name;
        if (std::find(kReleases.begin(), kReleases.end(), name) == kReleases.end()) return;
        if (!argument.is_number()) {
            at_least(Release::perhaps);
        } else if (argument.number == lock.lock.address) {
            at_least(Release::surely);
        }
    };
    options.on_unknown_call = [&] { at_least(Release::perhaps); };
    what_becomes_of(backtraces, effect_at(backtraces, trace, frame), options);
    return release;
}

}  // namespace

std::vector<LockAtStake> LocksAtStake::of(const drive::ThreadView& thread, const Backtrace& trace) {
    if (!in_variables_) in_variables_ = held_variables(backtraces_);
    return Search(backtraces_, thread, trace).run(*in_variables_);
}

Releaser releaser_of(Backtraces& backtraces, const Backtrace& trace, const UnwindOutlook& outlook,
                     const LockAtStake& lock) {
    Releaser best;
    for (const std::size_t frame : outlook.run) {
        const Release release = released_by(backtraces, trace, frame, lock);
        if (release <= best.how) continue;
        best = {release, formatted("the clean-up of {}", spot(*trace.frames[frame].place))};
    }
    if (best.how != Release::nobody) return best;
    Callees callees(backtraces);
    for (const Frame& frame : trace.frames) {
        if (frame.place->module.starts_with("libc.so")) continue;
        const auto function = backtraces.unwinder().function_at(frame.ip - 1);
        if (function && function->lsda == 0 && registers_handlers(backtraces, callees, *function)) {
            return {Release::perhaps, formatted("the clean-up handler of {}", spot(*frame.place))};
        }
    }
    return best;
}

}  // namespace threadfault::diagnose
