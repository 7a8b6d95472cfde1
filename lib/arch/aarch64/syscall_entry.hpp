#ifndef THREADFAULT_ARCH_AARCH64_SYSCALL_ENTRY_HPP
#define THREADFAULT_ARCH_AARCH64_SYSCALL_ENTRY_HPP

#include <sys/syscall.h>

static_assert(SYS_seccomp == 277 && SYS_prctl == 167 && SYS_exit == 93);
asm(".pushsection .text.syscall, \"ax\", %progbits\n\t"
    ".globl syscall\n\t"
    ".type syscall, %function\n"
    "syscall:\n\t"
    ".cfi_startproc\n\t"
    "hint #34\n\t"  // bti c
    "cmp x0, #277\n\t"
    "b.eq 1f\n\t"
    "cmp x0, #167\n\t"
    "b.eq 1f\n\t"
    "cmp x0, #93\n\t"
    "b.eq 1f\n\t"
    "adrp x16, threadfault_real_syscall\n\t"
    "ldr x16, [x16, :lo12:threadfault_real_syscall]\n\t"
    "cbz x16, 1f\n\t"
    "br x16\n"
    "1:\n\t"
    "b threadfault_look_at_syscall\n\t"
    ".cfi_endproc\n\t"
    ".size syscall, .-syscall\n\t"
    ".popsection");

#endif  // THREADFAULT_ARCH_AARCH64_SYSCALL_ENTRY_HPP
