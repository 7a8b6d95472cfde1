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

// Only while there is one thread: every record but `kept` is free again.
void free_all_records_but(const Record* kept) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_STORAGE_HPP
