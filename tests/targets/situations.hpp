// What a victim can be doing when its end comes.
#ifndef THREADFAULT_TESTS_TARGETS_SITUATIONS_HPP
#define THREADFAULT_TESTS_TARGETS_SITUATIONS_HPP

#include <pthread.h>

namespace target {

struct Situation {
    const char* name;
    void (*enter)();  // run on the victim; says "ready" when it is where it should be
};

// nullptr: no such situation.
const Situation* find_situation(const char* name);
void list_situations();

// The lock that the main thread holds for a victim in `mutex_lock`, and that a victim in `raii` or
// `robust_mutex` holds itself.
extern pthread_mutex_t contested;
extern pthread_mutex_t robust;
// Where main lets a blocked victim go on: see the command `release`.
void make_robust();

// Said when a victim is unwound.
struct Witness {
    ~Witness();
};

// Situations inside libc's own locks (locked_situations.cpp).
void hold_allocator_lock();
void hold_loader_lock_in_callback();
void hold_loader_lock_in_constructor();
void hold_stdout_lock();
// Deaf by a direct system call.
void be_deaf();

}  // namespace target

#endif  // THREADFAULT_TESTS_TARGETS_SITUATIONS_HPP
