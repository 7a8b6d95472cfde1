#ifndef THREADFAULT_ARCH_AARCH64_UNWIND_HPP
#define THREADFAULT_ARCH_AARCH64_UNWIND_HPP

#include <libunwind-aarch64.h>

namespace threadfault::arch {
// unw_is_signal_frame() is true at the code that a handler returns to, not at what was interrupted.
inline constexpr bool kTrampolineIsSignalFrame = true;
}  // namespace threadfault::arch

// Exported without a declaration in a public header of libunwind before 1.7 (perf uses it so).
#ifndef unw_get_proc_info_in_range
extern "C" int _Uaarch64_dwarf_search_unwind_table(unw_addr_space_t space, unw_word_t ip,
                                                   unw_dyn_info_t* info, unw_proc_info_t* found,
                                                   int need_unwind_info, void* argument);
namespace threadfault::arch {
inline constexpr auto search_unwind_table = _Uaarch64_dwarf_search_unwind_table;
}
#endif

#endif  // THREADFAULT_ARCH_AARCH64_UNWIND_HPP
