// Room for a file of each thread of a process, to be kept open.
#ifndef THREADFAULT_DRIVE_THREADS_OPEN_FILES_HPP
#define THREADFAULT_DRIVE_THREADS_OPEN_FILES_HPP

#include <cstddef>

namespace threadfault::drive {

// Makes room for `count` more files, as far as RLIMIT_NOFILE can be raised, and returns the number
// from which on descriptors are to be left to others; 0: none is to be kept. Call it before a
// second thread opens files: the kernel doubles the table of descriptors when it is full, and waits
// ten milliseconds each time while threads share it.
int room_for_files(std::size_t count) noexcept;

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_THREADS_OPEN_FILES_HPP
