// Who could end the wait is outside of the process that is looked at: the program's own process has
// the lock, or would post, and its child, which is looked at, waits.
#include "actors.hpp"

#include "arch/call.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>

// By these names `locks` is to call them.
static pthread_mutex_t heirloom = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t heirloom_rwlock = PTHREAD_RWLOCK_INITIALIZER;

namespace lock_target {
namespace {

struct Memory {
    pthread_mutex_t mutex;
    pthread_mutex_t second;
    pthread_rwlock_t rwlock;
    pthread_cond_t cond;
    pthread_barrier_t barrier;
    sem_t sem;
    std::atomic<std::uint32_t> word;
};

[[noreturn]] void give_up() {
    std::fprintf(stderr, "the situation could not be set up\n");
    std::exit(2);
}

Memory* shared_memory(int descriptor = -1) {
    const int flags = MAP_SHARED | (descriptor < 0 ? MAP_ANONYMOUS : 0);
    void* const place = mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, flags, descriptor, 0);
    if (place == MAP_FAILED) give_up();
    auto* const memory = static_cast<Memory*>(place);
    pthread_mutexattr_t mutex;
    pthread_mutexattr_init(&mutex);
    pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&memory->mutex, &mutex);
    pthread_mutex_init(&memory->second, &mutex);
    pthread_rwlockattr_t rwlock;
    pthread_rwlockattr_init(&rwlock);
    pthread_rwlockattr_setpshared(&rwlock, PTHREAD_PROCESS_SHARED);
    pthread_rwlock_init(&memory->rwlock, &rwlock);
    pthread_condattr_t cond;
    pthread_condattr_init(&cond);
    pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&memory->cond, &cond);
    pthread_barrierattr_t barrier;
    pthread_barrierattr_init(&barrier);
    pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&memory->barrier, &barrier, 2);
    sem_init(&memory->sem, 1, 0);
    return memory;
}

void wait_for(const std::string& kind, Memory* memory) {
    if (kind == "mutex" || kind == "robust" || kind == "inherit")
        pthread_mutex_lock(&memory->mutex);
    if (kind == "rwlock" || kind == "readers") pthread_rwlock_wrlock(&memory->rwlock);
    if (kind == "barrier") pthread_barrier_wait(&memory->barrier);
    if (kind == "sem") sem_wait(&memory->sem);
    if (kind == "futex") syscall(SYS_futex, &memory->word, FUTEX_WAIT, 0, nullptr, nullptr, 0);
    if (kind == "cond") {
        pthread_mutex_lock(&memory->second);
        pthread_cond_wait(&memory->cond, &memory->second);
    }
    stay();
}

void take(const std::string& kind, Memory* memory) {
    pthread_mutexattr_t mutex;
    pthread_mutexattr_init(&mutex);
    pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
    if (kind == "robust") pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
    if (kind == "inherit") pthread_mutexattr_setprotocol(&mutex, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&memory->mutex, &mutex);
    pthread_mutex_lock(&memory->mutex);
    if (kind == "rwlock") pthread_rwlock_wrlock(&memory->rwlock);
    if (kind == "readers") pthread_rwlock_rdlock(&memory->rwlock);
}

// The child says when the situation stands, and does nothing then.
[[noreturn]] void in_child(const std::function<pthread_t()>& act) {
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const pthread_t waiter = act();
        say_ready();
        pthread_join(waiter, nullptr);
        _exit(2);
    }
    stay();
}

void elsewhere(const std::vector<std::string>& arguments) {
    const std::string kind = arguments.at(0);
    Memory* const memory = shared_memory();
    take(kind, memory);
    in_child([=] { return block("waiter", [=] { wait_for(kind, memory); }); });
}

// Nobody else has the memory; "named": somebody could get it later.
void alone(const std::vector<std::string>& arguments) {
    int descriptor = -1;
    if (arguments.at(0) == "named") {
        std::array<char, 32> name{"/tmp/threadfault-alone-XXXXXX"};
        descriptor = mkstemp(name.data());
        if (descriptor < 0 || ftruncate(descriptor, sizeof(Memory)) != 0) give_up();
        unlink(name.data());
    }
    Memory* const memory = shared_memory(descriptor);
    if (descriptor >= 0) close(descriptor);
    const pthread_t waiter = block("waiter", [memory] { wait_for("sem", memory); });
    say_ready();
    pthread_join(waiter, nullptr);
}

// The owner is a process that has ended and that nobody has waited for.
void zombie_owner(const std::vector<std::string>&) {
    Memory* const memory = shared_memory();
    const pid_t child = fork();
    if (child == 0) {
        pthread_mutex_lock(&memory->mutex);
        _exit(0);
    }
    siginfo_t end{};
    waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOWAIT);
    block("waiter", [memory] { wait_for("mutex", memory); });
}

void wait_for_heirloom() {
    pthread_mutex_lock(&heirloom);
    stay();
}

void wait_for_rwlock() {
    pthread_rwlock_wrlock(&heirloom_rwlock);
    stay();
}

// The heir is in a call that ends by itself, some day.
[[noreturn]] void keep_heirloom(const char* waiter, void (*wait)()) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    block(waiter, wait);
    say_ready();
    while (true)
        sleep(1000);
}

void heir(const std::vector<std::string>& arguments) {
    const std::string how = arguments.at(0);
    if (how == "rwlock") {
        pthread_rwlock_wrlock(&heirloom_rwlock);
        if (fork() == 0) keep_heirloom("waiter", wait_for_rwlock);
        stay();
    }
    if (how == "grandchild") {
        pthread_mutex_lock(&heirloom);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (fork() == 0) keep_heirloom("waiter", wait_for_heirloom);
            stay();
        }
        stay();
    }
    if (how == "thread") {
        start("forker", [] {
            pthread_mutex_lock(&heirloom);
            if (fork() == 0) keep_heirloom("waiter", wait_for_heirloom);
            stay();
        });
        stay();
    }
    if (how == "another") {  // no copy of the owner comes along
        hold("owner", [] { pthread_mutex_lock(&heirloom); });
        if (fork() == 0) keep_heirloom("waiter", wait_for_heirloom);
        stay();
    }
    pthread_mutex_lock(&heirloom);
    if (fork() == 0) keep_heirloom("waiter", wait_for_heirloom);
    stay();
}

// Another process in the very same memory, which may post.
void sibling(const std::vector<std::string>&) {
    static sem_t sem;
    static std::array<char, 65536> stack;
    const auto sleep_there = [](void*) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (true)
            syscall(threadfault::arch::kPaused, 0, 0, 0, 0, 0);
        return 0;
    };
    if (clone(sleep_there, stack.data() + stack.size(), CLONE_VM, nullptr) < 0) give_up();
    const pthread_t waiter = block("waiter", [] {
        sem_wait(&sem);
        stay();
    });
    say_ready();
    pthread_join(waiter, nullptr);
}

// Two processes, each of which waits for the other's lock.
void two_processes(const std::vector<std::string>&) {
    Memory* const memory = shared_memory();
    pthread_mutex_lock(&memory->mutex);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pthread_mutex_lock(&memory->second);
        memory->word = 1;
        pthread_mutex_lock(&memory->mutex);
        _exit(2);
    }
    while (memory->word == 0)
        usleep(1000);
    say_ready();
    pthread_mutex_lock(&memory->second);
    _exit(2);
}

}  // namespace

void add_elsewhere(Situations& situations) {
    situations["elsewhere"] = elsewhere;
    situations["alone"] = alone;
    situations["zombie-owner"] = zombie_owner;
    situations["heir"] = heir;
    situations["sibling"] = sibling;
    situations["two-processes"] = two_processes;
}

}  // namespace lock_target
