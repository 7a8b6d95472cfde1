// A robust mutex tells the next owner that the last one died. That one repairs the data, but does
// not call pthread_mutex_consistent: after its unlock nobody can ever lock the mutex again.
#include "flaw.hpp"

pthread_mutex_t ledger_mutex;
unsigned credit = 0;  // guarded by ledger_mutex, as is debit; equal whenever it is free
unsigned debit = 0;

namespace {

void lock_ledger() {
    const int error = pthread_mutex_lock(&ledger_mutex);
    if (error == 0) return;
    if (error != EOWNERDEAD) flaw::fatal("the ledger's lock", error);
    debit = credit;
#ifdef FIXED
    pthread_mutex_consistent(&ledger_mutex);
#endif
}

void* clerk(void* /*unused*/) {
    for (unsigned amount = 1;;) {
        amount = flaw::compute(amount);
        lock_ledger();
        if (credit != debit) flaw::corrupt("the ledger does not add up");
        credit += amount;
        flaw::nap(2);
        debit += amount;
        pthread_mutex_unlock(&ledger_mutex);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a ledger under a robust mutex that is not made consistent");
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&ledger_mutex, &attributes);
    pthread_t clerks[3];
    for (pthread_t& thread : clerks)
        thread = flaw::start("clerk", clerk);
    flaw::ready();
    for (const pthread_t thread : clerks)
        pthread_join(thread, nullptr);
}
