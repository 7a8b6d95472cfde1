// Non-local jumps out of handlers, alternate stacks, contexts: masks come back as they were.
#include "say.hpp"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

static sigjmp_buf environment;
static volatile sig_atomic_t on_alternate = 0;
static char alternate[65536];

static int blocked() {
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, nullptr, &now);
    int count = 0;
    for (int i = 1; i < 65; ++i)
        count += sigismember(&now, i) == 1;
    return count;
}

static void jump(int) {
    char here = 0;
    on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
    siglongjmp(environment, blocked());
}

static void exercise() {
    stack_t stack{};
    stack.ss_sp = alternate;
    stack.ss_size = sizeof alternate;
    sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_handler = jump;
    action.sa_flags = SA_ONSTACK;
    sigfillset(&action.sa_mask);
    sigaction(SIGSEGV, &action, nullptr);
    const int in_handler = sigsetjmp(environment, 1);
    if (in_handler == 0) {
        *static_cast<volatile int*>(nullptr) = 1;
    }
    say("blocked in the handler %d, now %d, alternate stack %d", in_handler, blocked(),
        static_cast<int>(on_alternate));
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, nullptr);

    static ucontext_t outer;
    static ucontext_t inner;
    static char coroutine[65536];
    getcontext(&inner);
    inner.uc_stack.ss_sp = coroutine;
    inner.uc_stack.ss_size = sizeof coroutine;
    inner.uc_link = &outer;
    sigfillset(&inner.uc_sigmask);
    makecontext(
        &inner, [] { say("in the coroutine %d", blocked() > 60); }, 0);
    swapcontext(&outer, &inner);
    say("after the coroutine %d", blocked());
}

int main() {
    exercise();
    pthread_t thread;
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
            exercise();
            return nullptr;
        },
        nullptr);
    pthread_join(thread, nullptr);
}
