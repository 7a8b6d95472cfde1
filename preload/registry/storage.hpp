// Where records live: slabs of our own, mapped once and never unmapped, so that a stale pointer to
// a record always points at a record. Lock-free.
#ifndef THREADFAULT_PRELOAD_STORAGE_HPP
#define THREADFAULT_PRELOAD_STORAGE_HPP

#include "preload/registry/registry.hpp"

namespace threadfault::shim {

// nullptr when memory is short.
Record* take_record() noexcept;
// `record->life` must be `free` already.
void give_record(Record* record) noexcept;

// In a forked child, while there is one thread: every record but `kept` and those of threads that
// are not born yet is free again. `interrupted`: the fork came while the calling thread took a
// record; then none is, because it is unknown which one it was.
void free_records_of_the_living_but(const Record* kept, bool interrupted) noexcept;

// The record that begins at `address`, or nullptr: there is none.
Record* record_from(const void* address) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_STORAGE_HPP
