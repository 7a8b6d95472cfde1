// catches WHAT: a thread "victim" sleeps, or computes, for ever in a function with that kind of
// exception table.
#include <pthread.h>
#include <unistd.h>

#include <cxxabi.h>
#include <cstdio>
#include <cstring>

namespace {

// Not known to the compiler.
volatile bool always = true;

[[gnu::noinline]] void note(const char* text) {
    std::fputs(text, stderr);
}

void sleep_for_ever() {
    while (always)
        sleep(100);
}

[[gnu::noinline]] void again() {
    try {
        sleep_for_ever();
    } catch (...) {
        note("caught\n");
        throw;
    }
}

[[gnu::noinline]] void again_at_once() {
    try {
        sleep_for_ever();
    } catch (...) {
        throw;
    }
}

[[gnu::noinline]] void swallow() {
    try {
        sleep_for_ever();
    } catch (...) {
        note("caught\n");
    }
}

[[gnu::noinline]] void swallow_before_another() {
    try {
        sleep_for_ever();
    } catch (...) {
        note("caught\n");
    }
    try {
        sleep_for_ever();
    } catch (...) {
        note("another\n");
        throw;
    }
}

[[gnu::noinline]] void perhaps() {
    try {
        sleep_for_ever();
    } catch (...) {
        if (__builtin_expect(!always, 1)) {
            note("caught\n");
        } else {
            throw;
        }
    }
}

struct Log {
    virtual ~Log() = default;
    virtual void write(const char* text) { note(text); }
};
Log standard_log;
Log* volatile current_log = &standard_log;

// Nothing in this program throws again what another function has caught.
[[gnu::noinline]] void by_virtual_call() {
    try {
        sleep_for_ever();
    } catch (...) {
        current_log->write("caught\n");
    }
}

[[gnu::noinline]] void by_name() {
    try {
        sleep_for_ever();
    } catch (abi::__forced_unwind&) {
        note("caught\n");
    }
}

[[gnu::always_inline]] inline void sleep_noexcept() noexcept {
    sleep_for_ever();
}

[[gnu::noinline]] void has_it_inlined() {
    sleep_noexcept();
    note("not reached\n");
}

volatile long count = 0;

struct Loud {
    ~Loud() { note("gone"); }
};

// No exception can come from its loop, so the exception table does not cover it.
[[gnu::noinline]] void spins() {
    const Loud loud;
    if (!always) note("begin\n");
    while (always)
        count = count + 1;
}

[[gnu::noinline]] void count_for_a_while() {
    for (int i = 0; i < 1000; ++i)
        count = count + 1;
}

[[gnu::noinline]] void spins_in_a_call() {
    const Loud loud;
    if (!always) note("begin\n");
    while (always)
        count_for_a_while();
}

// A cancellation acts between two turns that take a while each.
[[gnu::noinline]] void swallows_between_turns() {
    try {
        while (always) {
            for (int i = 0; i < 5'000'000; ++i)
                count = count + 1;
            pthread_testcancel();
        }
    } catch (...) {
        note("caught\n");
    }
}

struct What {
    const char* name;
    void (*run)();
};
constexpr What kAll[] = {{"again", again},
                         {"again_at_once", again_at_once},
                         {"swallow", swallow},
                         {"swallow_before_another", swallow_before_another},
                         {"perhaps", perhaps},
                         {"by_virtual_call", by_virtual_call},
                         {"by_name", by_name},
                         {"has_it_inlined", has_it_inlined},
                         {"spins", spins},
                         {"spins_in_a_call", spins_in_a_call},
                         {"swallows_between_turns", swallows_between_turns}};

void* victim(void* what) {
    pthread_setname_np(pthread_self(), "victim");
    std::puts("ready");
    std::fflush(stdout);
    static_cast<const What*>(what)->run();
    return nullptr;
}

}  // namespace

int main(int, char** argv) {
    for (const What& what : kAll) {
        if (argv[1] == nullptr || std::strcmp(argv[1], what.name) != 0) continue;
        pthread_t thread{};
        pthread_create(&thread, nullptr, victim, const_cast<What*>(&what));
        pthread_join(thread, nullptr);
        pause();
    }
    return 2;
}
