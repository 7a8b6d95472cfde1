// A program without a C library, so without code that returns from a signal handler, whose one
// thread stands on a stack of a page where Go has its heap: it has no room for a frame. Says
// "ready" and sleeps for ever; ends with 3 when a call returns early.
asm(R"(
    .globl _start
_start:
    mov $157, %eax              # prctl(PR_SET_PDEATHSIG, SIGKILL)
    mov $1, %edi
    mov $9, %esi
    syscall
    mov $9, %eax                # mmap(0xc000000000, 4096, READ | WRITE, …)
    movabs $0xc000000000, %rdi
    mov $4096, %esi
    mov $3, %edx
    mov $0x32, %r10d            # MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    mov $-1, %r8
    xor %r9d, %r9d
    syscall
    lea 4096(%rax), %rsp
    mov $1, %eax                # write(1, "ready\n", 6)
    mov $1, %edi
    lea text(%rip), %rsi
    mov $6, %edx
    syscall
again:
    mov $35, %eax               # nanosleep
    lea night(%rip), %rdi
    xor %esi, %esi
    syscall
    test %eax, %eax
    jz again
    mov $231, %eax              # exit_group(3)
    mov $3, %edi
    syscall
    syscall                     # what any C library has: these two, each with a return
    ret
    pop %rax
    ret
text:
    .ascii "ready\n"
    .balign 8
night:
    .quad 1000, 0
    .section .note.GNU-stack, "", @progbits
)");
