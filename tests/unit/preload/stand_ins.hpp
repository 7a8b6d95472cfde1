#ifndef THREADFAULT_TESTS_UNIT_PRELOAD_STAND_INS_HPP
#define THREADFAULT_TESTS_UNIT_PRELOAD_STAND_INS_HPP

#include <atomic>

namespace threadfault::shim {

extern std::atomic<int> last_threads_left;

}  // namespace threadfault::shim

#endif  // THREADFAULT_TESTS_UNIT_PRELOAD_STAND_INS_HPP
