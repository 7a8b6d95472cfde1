// A host program that defines functions with the names of the shim's internals: it must get its
// own, and the shim must go on using its own. Its names in C and in C++ are those that the shim's
// sources use.
#include <pthread.h>
#include <stdio.h>
#include <sys/types.h>

static int calls = 0;

#define OWN(name)           \
    extern "C" int name() { \
        return ++calls;     \
    }
OWN(resolve)
OWN(self)
OWN(post)
OWN(look)
OWN(revoke)
OWN(take_record)
OWN(give_record)
OWN(find_record)
OWN(agent_start)
OWN(agent_retire)
OWN(registry)
OWN(trampoline)
OWN(handler)
OWN(glob_match)
OWN(check_request)

namespace threadfault::shim {
struct Record;
__attribute__((noinline)) Record* self() noexcept {
    ++calls;
    return nullptr;
}
__attribute__((noinline)) Record* take_record() noexcept {
    ++calls;
    return nullptr;
}
__attribute__((noinline)) void agent_start() noexcept {
    ++calls;
}
__attribute__((noinline)) void agent_retire() noexcept {
    ++calls;
}
__attribute__((noinline)) pid_t agent_tid() noexcept {
    return ++calls;
}
namespace real {
__attribute__((noinline)) void resolve() noexcept {
    ++calls;
}
}  // namespace real
}  // namespace threadfault::shim

static void* thread_body(void* argument) {
    return argument;
}

int main() {
    // Starting a thread runs the shim's own take_record, agent_start, self…: none of them may be
    // ours.
    pthread_t thread;
    if (pthread_create(&thread, nullptr, thread_body, &calls) != 0) return 2;
    void* result = nullptr;
    pthread_join(thread, &result);
    const int by_the_shim = calls;
    const int mine = (::resolve(), ::self(), ::post(), ::take_record(), ::agent_start(),
                      ::trampoline(), calls - by_the_shim);
    threadfault::shim::self();
    threadfault::shim::agent_start();
    threadfault::shim::real::resolve();
    printf("called by the shim: %d, own C calls: %d, own C++ calls: %d, result %d\n", by_the_shim,
           mine, calls - by_the_shim - mine, result == &calls);
    return by_the_shim == 0 && mine == 6 && calls == 9 && result == &calls ? 0 : 1;
}
