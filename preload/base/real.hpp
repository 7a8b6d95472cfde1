// The functions behind our interposers, looked up with dlsym(RTLD_NEXT): real::pthread_create and
// so on. A separate namespace, so that a wrapper can't call itself by accident.
// resolve() is idempotent and may run before our constructor (allocators and runtimes create
// threads before main) and from several threads at once.
#ifndef THREADFAULT_PRELOAD_REAL_HPP
#define THREADFAULT_PRELOAD_REAL_HPP

#include <pthread.h>
#include <signal.h>
#include <threads.h>

namespace threadfault::shim::real {

void resolve() noexcept;

extern int (*pthread_create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
extern int (*thrd_create)(thrd_t*, thrd_start_t, void*);
extern int (*sigaction)(int, const struct sigaction*, struct sigaction*);
extern int (*pthread_sigmask)(int, const sigset_t*, sigset_t*);

}  // namespace threadfault::shim::real

#endif  // THREADFAULT_PRELOAD_REAL_HPP
