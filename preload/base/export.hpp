// What the program sees of us: the interposed calls, in C linkage, past -fvisibility=hidden.
#ifndef THREADFAULT_PRELOAD_EXPORT_HPP
#define THREADFAULT_PRELOAD_EXPORT_HPP

#define THREADFAULT_EXPORT extern "C" __attribute__((visibility("default")))

#endif  // THREADFAULT_PRELOAD_EXPORT_HPP
