// Would a seccomp filter let a thread make a system call? Asked before it is sent into one.
#ifndef THREADFAULT_ATTACH_FILTER_HPP
#define THREADFAULT_ATTACH_FILTER_HPP

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <span>

namespace threadfault::attach {

// As the kernel runs a classic BPF program for seccomp(2). False, too, for a program that it would
// not have taken.
bool filter_allows(std::span<const sock_filter> program, const seccomp_data& call);

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_FILTER_HPP
