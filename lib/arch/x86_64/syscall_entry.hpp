#ifndef THREADFAULT_ARCH_X86_64_SYSCALL_ENTRY_HPP
#define THREADFAULT_ARCH_X86_64_SYSCALL_ENTRY_HPP

#include <sys/syscall.h>

static_assert(SYS_seccomp == 317 && SYS_prctl == 157 && SYS_exit == 60);
asm(".pushsection .text.syscall, \"ax\", @progbits\n\t"
    ".globl syscall\n\t"
    ".type syscall, @function\n"
    "syscall:\n\t"
    ".cfi_startproc\n\t"
    "cmpq $317, %rdi\n\t"
    "je 1f\n\t"
    "cmpq $157, %rdi\n\t"
    "je 1f\n\t"
    "cmpq $60, %rdi\n\t"
    "je 1f\n\t"
    "movq threadfault_real_syscall(%rip), %rax\n\t"
    "testq %rax, %rax\n\t"
    "je 1f\n\t"
    "jmp *%rax\n"
    "1:\n\t"
    "jmp threadfault_look_at_syscall\n\t"
    ".cfi_endproc\n\t"
    ".size syscall, .-syscall\n\t"
    ".popsection");

#endif  // THREADFAULT_ARCH_X86_64_SYSCALL_ENTRY_HPP
