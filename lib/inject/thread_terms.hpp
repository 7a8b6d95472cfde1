// thread=SELECTOR, the last part of a SPEC: the terms that a thread can tell of itself.
#ifndef THREADFAULT_INJECT_THREAD_TERMS_HPP
#define THREADFAULT_INJECT_THREAD_TERMS_HPP

#include "inject/scan.hpp"

namespace threadfault::inject {

// Takes all that is left. main, TID, name=GLOB, start=GLOB, path=main/3/1, nth=N, joined by commas;
// commas inside () and <> belong to a glob. start@[+]0xBEGIN-0xEND gives the addresses of what a
// start= means, of the program's file where there is a "+"; it may stand several times.
bool parse_thread(Scanner& scanner, ThreadMatch* match) noexcept;

}  // namespace threadfault::inject

#endif  // THREADFAULT_INJECT_THREAD_TERMS_HPP
