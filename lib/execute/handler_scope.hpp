// How deep the calling thread is in our signal handler, for checks that nothing there allocates or
// locks: a test's malloc aborts when the depth is not 0. Compiled in only where
// THREADFAULT_CHECK_HANDLERS is defined (debug builds and the test that checks it); elsewhere the
// scope is empty.
#ifndef THREADFAULT_EXECUTE_HANDLER_SCOPE_HPP
#define THREADFAULT_EXECUTE_HANDLER_SCOPE_HPP

namespace threadfault::execute {

#ifdef THREADFAULT_CHECK_HANDLERS

// Initial-exec: a dynamic TLS model may allocate at the first touch, which may be in a handler.
[[gnu::tls_model("initial-exec")]] inline constinit thread_local int handler_depth = 0;

class HandlerScope {
public:
    HandlerScope() noexcept { ++handler_depth; }
    ~HandlerScope() { --handler_depth; }
    HandlerScope(const HandlerScope&) = delete;
    HandlerScope& operator=(const HandlerScope&) = delete;
};

#else

class HandlerScope {
public:
    HandlerScope() noexcept {}
};

#endif

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_HANDLER_SCOPE_HPP
