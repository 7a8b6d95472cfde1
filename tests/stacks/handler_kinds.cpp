// handler_kinds [KIND…]: a thread sleeps for ever in each of these kinds of handlers, and has the
// kind's name. Without a KIND: all of them. Built with several compilers at several levels of
// optimisation.
#include <pthread.h>
#include <unistd.h>

#include <cxxabi.h>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

// Not known to the compiler.
volatile bool always = true;
volatile bool never = false;

[[gnu::noinline]] void note(const char* text) {
    if (never) std::fputs(text, stderr);
}

[[gnu::noinline]] void job() {
    while (always)
        sleep(100);
}

// What is inlined is caught by the same landing pads as what calls it.
[[gnu::always_inline]] inline void job_that_may_fail() {
    try {
        job();
    } catch (const std::logic_error& error) {
        note(error.what());
    }
}

void by_name_first() {
    try {
        job();
    } catch (abi::__forced_unwind&) {
        throw;
    } catch (...) {
        note("other");
    }
}

void by_name_last_not_thrown() {
    try {
        job();
    } catch (const std::exception& error) {
        note(error.what());
        throw;
    } catch (abi::__forced_unwind&) {
        note("forced");
    } catch (...) {
        throw;
    }
}

void typed_throws_all_ends() {
    while (always) {
        try {
            job();
        } catch (const std::runtime_error&) {
            note("typed");
            throw;
        } catch (...) {
            note("all");
        }
    }
}

void typed_ends_all_throws() {
    while (always) {
        try {
            job();
        } catch (const std::exception& error) {
            note(error.what());
        } catch (...) {
            note("all");
            throw;
        }
    }
}

void four_clauses() {
    try {
        job();
    } catch (int) {
        note("int");
    } catch (const char* text) {
        note(text);
        throw;
    } catch (const std::exception& error) {
        note(error.what());
    } catch (...) {
        throw;
    }
}

void typed_alone() {
    try {
        job();
    } catch (const std::exception& error) {
        note(error.what());
    }
}

void in_one_function() {
    try {
        job_that_may_fail();
        job_that_may_fail();
    } catch (const std::runtime_error& error) {
        note(error.what());
    } catch (...) {
        note("all");
    }
}

void in_one_function_thrown() {
    const std::string held(static_cast<std::size_t>(40 + always), 'x');
    try {
        job_that_may_fail();
    } catch (const std::runtime_error& error) {
        note(error.what());
    } catch (...) {
        note(held.c_str());
        throw;
    }
}

void if_told_to() {
    while (always) {
        try {
            job();
        } catch (...) {
            if (never) throw;
            note("go on");
        }
    }
}

void both_ways_thrown() {
    try {
        job();
    } catch (...) {
        if (never) {
            note("one");
            throw;
        }
        note("other");
        throw;
    }
}

void both_ways_ended() {
    try {
        job();
    } catch (...) {
        if (never) {
            note("one");
            return;
        }
        for (int i = 0; i < 3 + always; ++i)
            note("several");
    }
    note("behind");
}

// As such a function behaves whose caller can't see that it never comes back.
struct Rethrower {
    [[gnu::noinline, gnu::used]] static void run() {
        note("again");
        throw;
    }
};
[[gnu::noinline]] void maybe_throw_it_again() {
    note("maybe");
    if (always) throw;
}
[[noreturn, gnu::noinline]] void always_throw_it_again() {
    note("again");
    throw;
}
void by_a_function() {
    try {
        job();
    } catch (...) {
        Rethrower::run();
    }
}
void by_a_function_that_may() {
    try {
        job();
    } catch (...) {
        maybe_throw_it_again();
    }
}
void by_a_function_that_always_does() {
    try {
        job();
    } catch (...) {
        always_throw_it_again();
    }
}
void (*volatile by_pointer)() = always_throw_it_again;
void by_a_pointer() {
    try {
        job();
    } catch (...) {
        by_pointer();
    }
}

// One function that sorts all exceptions.
[[gnu::noinline]] void sort_and_end() {
    try {
        throw;
    } catch (const std::exception& error) {
        note(error.what());
    } catch (...) {
        note("unknown");
    }
}
[[gnu::noinline]] void sort_and_throw() {
    try {
        throw;
    } catch (const std::exception& error) {
        note(error.what());
    } catch (...) {
        note("unknown");
        throw;
    }
}
void sorted_and_ended() {
    try {
        job();
    } catch (...) {
        sort_and_end();
    }
}
void sorted_and_thrown() {
    try {
        job();
    } catch (...) {
        sort_and_throw();
    }
}

void inner_throws_outer_ends() {
    try {
        try {
            job();
        } catch (...) {
            note("inner");
            throw;
        }
    } catch (...) {
        note("outer");
    }
}
void inner_throws_outer_throws() {
    try {
        try {
            job();
        } catch (...) {
            throw;
        }
    } catch (const std::exception& error) {
        note(error.what());
    } catch (...) {
        note("outer");
        throw;
    }
}

void with_a_local() {
    try {
        job();
    } catch (...) {
        const std::string text = std::string(static_cast<std::size_t>(30 + always), 'x') + "caught";
        note(text.c_str());
        throw;
    }
}
void by_a_flag_of_its_own() {
    bool again = always;
    try {
        job();
    } catch (...) {
        if (again) throw;
        note("ended");
    }
}

void ends_the_process() {
    try {
        job();
    } catch (...) {
        note("fatal");
        std::abort();
    }
}
void throws_another() {
    try {
        job();
    } catch (...) {
        throw std::runtime_error("wrapped");
    }
}
int gives_a_value() {
    try {
        job();
        return 1;
    } catch (const std::exception&) {
        return 2;
    } catch (...) {
        return 3;
    }
}
void value_is_used() {
    if (gives_a_value() == 2) note("failed");
}

struct Loud {
    ~Loud() { note("gone"); }
};
void cleans_up() {
    std::mutex mutex;
    const std::lock_guard lock(mutex);
    const Loud loud;
    job();
}
void must_not_throw() noexcept {
    const Loud loud;
    job();
}
void has_a_careful_destructor() {
    struct Careful {
        ~Careful() {
            try {
                note("careful");
            } catch (...) {
                note("destructor");
            }
        }
    };
    const Careful careful;
    job();
}

struct Throwing {
    ~Throwing() noexcept(false) {
        note("failed");
        throw 1;
    }
};
void has_a_destructor_that_throws() {
    const Throwing throwing;
    job();
}
struct MayThrow {
    [[gnu::noinline]] ~MayThrow() noexcept(false) {
        if (always) throw 1;
    }
};
void has_a_destructor_that_may_throw() {
    const MayThrow may_throw;
    job();
}
void has_a_destructor_that_catches() {
    struct Catching {
        ~Catching() {
            try {
                throw 1;
            } catch (int) {
                note("caught");
            }
        }
    };
    const Catching catching;
    job();
}
// std::terminate: the std::thread is still to be joined.
void joins_a_thread() {
    std::thread other([] {
        pthread_setname_np(pthread_self(), "other");
        job();
    });
    other.join();
}

// The C++ runtime takes no forced unwinding while it has another exception in hand.
void in_a_handler() {
    try {
        throw std::runtime_error("first");
    } catch (const std::exception&) {
        try {
            job();
        } catch (...) {
            throw;
        }
    }
}
void out_of_a_handler() {
    try {
        throw std::runtime_error("first");
    } catch (const std::exception&) {
        job();
    }
}

template <bool kThrowsAgain>
struct Task {
    struct promise_type {
        std::exception_ptr error;
        Task get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {
            if constexpr (kThrowsAgain) throw;
            error = std::current_exception();
        }
    };
    std::coroutine_handle<promise_type> handle;
};
template <bool kThrowsAgain>
Task<kThrowsAgain> coroutine() {
    job();
    co_await std::suspend_never{};
}
void coroutine_that_keeps_it() {
    const auto task = coroutine<false>();
    task.handle.resume();
}
void coroutine_that_throws_it() {
    const auto task = coroutine<true>();
    task.handle.resume();
}

struct Kind {
    const char* name;  // of a thread: at most 15 characters
    void (*run)();
};
constexpr Kind kKinds[] = {{"name-first", by_name_first},
                           {"name-last", by_name_last_not_thrown},
                           {"typed-throws", typed_throws_all_ends},
                           {"typed-ends", typed_ends_all_throws},
                           {"four", four_clauses},
                           {"typed-alone", typed_alone},
                           {"inlined", in_one_function},
                           {"inlined-thrown", in_one_function_thrown},
                           {"if", if_told_to},
                           {"both-thrown", both_ways_thrown},
                           {"dtor-throws", has_a_destructor_that_throws},
                           {"dtor-may-throw", has_a_destructor_that_may_throw},
                           {"dtor-catches", has_a_destructor_that_catches},
                           {"joining", joins_a_thread},
                           {"both-ended", both_ways_ended},
                           {"function", by_a_function},
                           {"maybe", by_a_function_that_may},
                           {"noreturn", by_a_function_that_always_does},
                           {"pointer", by_a_pointer},
                           {"sorted-ended", sorted_and_ended},
                           {"sorted-thrown", sorted_and_thrown},
                           {"outer-ends", inner_throws_outer_ends},
                           {"outer-throws", inner_throws_outer_throws},
                           {"local", with_a_local},
                           {"flag", by_a_flag_of_its_own},
                           {"abort", ends_the_process},
                           {"another", throws_another},
                           {"value", value_is_used},
                           {"cleans-up", cleans_up},
                           {"noexcept", must_not_throw},
                           {"careful", has_a_careful_destructor},
                           {"in-handler", in_a_handler},
                           {"out-of-handler", out_of_a_handler},
                           {"coro-keeps", coroutine_that_keeps_it},
                           {"coro-throws", coroutine_that_throws_it}};

void* victim(void* kind) {
    pthread_setname_np(pthread_self(), static_cast<const Kind*>(kind)->name);
    static_cast<const Kind*>(kind)->run();
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    for (const Kind& kind : kKinds) {
        bool wanted = argc == 1;
        for (int i = 1; i < argc; ++i)
            wanted = wanted || std::strcmp(argv[i], kind.name) == 0;
        pthread_t thread{};
        if (wanted) pthread_create(&thread, nullptr, victim, const_cast<Kind*>(&kind));
    }
    std::puts("ready");
    std::fflush(stdout);
    while (always)
        pause();
}
