// Where glibc keeps some fields of a thread's descriptor: its tid and the word of its cancellation
// state. glibc publishes their places for debuggers, as data symbols of libc.so
// (nptl_db/structs.def: _thread_db_pthread_tid, _thread_db_pthread_cancelhandling: size in bits,
// count, offset); nothing here is guessed.
#ifndef THREADFAULT_PRELOAD_LIBC_LAYOUT_HPP
#define THREADFAULT_PRELOAD_LIBC_LAYOUT_HPP

#include "wire/wire.hpp"

#include <pthread.h>
#include <sys/types.h>

#include <cstdint>

namespace threadfault::shim {

// Looks the places up and checks the first against the calling thread. Takes the loader's lock.
void learn_libc_layout() noexcept;

// The calling thread's tid, from its descriptor where the place is known (a load), else by a system
// call. Async-signal-safe.
pid_t libc_tid(pthread_t self) noexcept;

// Is the calling thread one that pthread_create has made to run `start_routine`? False where the
// place of that field is not known. Async-signal-safe.
bool was_made_for(const void* start_routine) noexcept;

// What pthread_create was told to give to the calling thread's start routine: glibc keeps it behind
// the routine. nullptr where the place is not known. Async-signal-safe.
const void* start_argument_of_self() noexcept;

// Of what pthread_self() points to; 0 where it is not known.
std::uint32_t libc_descriptor_size() noexcept;

// An address in main's stack, above all of its frames; 0 where it is not known.
std::uint64_t libc_stack_end() noexcept;

// glibc's cancelhandling word of a thread of this process, or wire::kCancelUnknown. Read through
// the kernel, so that a descriptor that is unmapped meanwhile does not cause a fault.
// Async-signal-safe.
std::uint32_t cancel_word(pthread_t thread) noexcept;

// The same for many threads in few system calls: sets `cancel` of each record.
void learn_cancel_words(wire::ThreadRecord* records, std::uint32_t count) noexcept;

// Is it certain that nobody sleeps in pthread_join for that thread? The kernel counts who waits on
// the word that pthread_join waits on; nobody is woken. Async-signal-safe.
bool is_unjoined(pthread_t thread, pid_t tid) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_LIBC_LAYOUT_HPP
