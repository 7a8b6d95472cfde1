// A seccomp filter that does one thing with the system calls of a list and another with all others.
#ifndef THREADFAULT_TESTS_FILTER_CODE_HPP
#define THREADFAULT_TESTS_FILTER_CODE_HPP

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include <vector>

namespace threadfault::test {

// `for_those`, `for_others`: SECCOMP_RET_...
inline std::vector<sock_filter> filter_code(const std::vector<int>& calls, unsigned for_those,
                                            unsigned for_others) {
    std::vector<sock_filter> code;
    code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (const int call : calls) {
        code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
        code.push_back(BPF_STMT(BPF_RET | BPF_K, for_those));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, for_others));
    return code;
}

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_FILTER_CODE_HPP
