// Code in which a thread must not be ended: who else needs the allocator's lock would hang, and no
// program can do that to itself. Constants alone: the shim reads them in the target.
#ifndef THREADFAULT_WIRE_PLACES_HPP
#define THREADFAULT_WIRE_PLACES_HPP

#include "wire/faults.hpp"

namespace threadfault::wire {

// Entry points are enough: what libc calls from them lies above them on the stack.
inline constexpr const char* kAllocatorFunctions[] = {"malloc",         "free",
                                                      "calloc",         "realloc",
                                                      "memalign",       "aligned_alloc",
                                                      "posix_memalign", "valloc",
                                                      "pvalloc",        "malloc_trim",
                                                      "mallinfo",       "mallinfo2",
                                                      "malloc_stats",   "mallopt",
                                                      "malloc_info",    "malloc_usable_size",
                                                      "reallocarray",   "__libc_memalign",
                                                      "cfree"};

// The functions of one source file lie together: between glibc's first and last exported ones of
// malloc.c there is nothing but the allocator. Its inner functions, whose names a stripped libc has
// not, are reached by jumps in 2.43, and then no entry point lies above them on the stack.
inline constexpr const char* kFirstOfAllocatorFile[] = {"malloc", "__default_morecore"};
inline constexpr const char* kLastOfAllocatorFile = "posix_memalign";
inline constexpr unsigned kLargestAllocatorFile = 64 * 1024;

inline constexpr const char* kLoaderFunctions[] = {"dlopen",
                                                   "dlmopen",
                                                   "dlclose",
                                                   "dlsym",
                                                   "dlvsym",
                                                   "dladdr",
                                                   "dladdr1",
                                                   "dlinfo",
                                                   "dlerror",
                                                   "dl_iterate_phdr",
                                                   "__libc_dlopen_mode",
                                                   "__libc_dlsym"};

inline constexpr const char* kStdioFunctions[] = {"printf",
                                                  "fprintf",
                                                  "vprintf",
                                                  "vfprintf",
                                                  "dprintf",
                                                  "vdprintf",
                                                  "puts",
                                                  "fputs",
                                                  "putchar",
                                                  "fputc",
                                                  "putc",
                                                  "fwrite",
                                                  "fread",
                                                  "fgets",
                                                  "fgetc",
                                                  "getc",
                                                  "getchar",
                                                  "ungetc",
                                                  "getline",
                                                  "getdelim",
                                                  "scanf",
                                                  "fscanf",
                                                  "vscanf",
                                                  "vfscanf",
                                                  "fopen",
                                                  "fopen64",
                                                  "fdopen",
                                                  "freopen",
                                                  "freopen64",
                                                  "fclose",
                                                  "fflush",
                                                  "fseek",
                                                  "fseeko",
                                                  "fseeko64",
                                                  "ftell",
                                                  "ftello",
                                                  "ftello64",
                                                  "rewind",
                                                  "setvbuf",
                                                  "setbuf",
                                                  "fgetpos",
                                                  "fsetpos",
                                                  "perror",
                                                  "fputs_unlocked",
                                                  "fwrite_unlocked",
                                                  "fflush_unlocked",
                                                  "popen",
                                                  "pclose",
                                                  "open_memstream",
                                                  "fmemopen",
                                                  "fwide",
                                                  "fputwc",
                                                  "fputws",
                                                  "fgetwc",
                                                  "fgetws",
                                                  "wprintf",
                                                  "fwprintf",
                                                  "vfwprintf",
                                                  "__printf_chk",
                                                  "__fprintf_chk",
                                                  "__vprintf_chk",
                                                  "__vfprintf_chk",
                                                  "__fgets_chk",
                                                  "__fread_chk",
                                                  "__isoc99_scanf",
                                                  "__isoc99_fscanf",
                                                  "__isoc99_vfscanf",
                                                  "__overflow",
                                                  "__uflow",
                                                  "__underflow",
                                                  "flockfile",
                                                  "funlockfile",
                                                  "_IO_putc",
                                                  "_IO_getc",
                                                  "_IO_flush_all",
                                                  "tmpfile",
                                                  "syslog",
                                                  "vsyslog"};

// Whole files whose code is one thing.
struct ModuleOfOnePlace {
    const char* prefix;
    Place place;
};
inline constexpr ModuleOfOnePlace kModulesOfOnePlace[] = {
    {"ld-linux", Place::loader},       {"libgcc_s.", Place::unwinder},
    {"libunwind.", Place::unwinder},   {"libjemalloc", Place::allocator},
    {"libtcmalloc", Place::allocator}, {"libmimalloc", Place::allocator},
    {"libsnmalloc", Place::allocator}, {"libscudo", Place::allocator}};

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_PLACES_HPP
