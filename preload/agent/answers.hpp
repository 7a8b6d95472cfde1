// What the agent says to each kind of request. Used by the helper thread only; the request is in
// `packet`. A client that can't be sent to is closed.
#ifndef THREADFAULT_PRELOAD_ANSWERS_HPP
#define THREADFAULT_PRELOAD_ANSWERS_HPP

#include "preload/agent/clients.hpp"
#include "preload/agent/works.hpp"
#include "wire/wire.hpp"

#include <cstdint>

namespace threadfault::shim {

// Says why, and closes it.
void refuse(Client& client, wire::ErrorCode code, const char* text) noexcept;
void refuse(Client& client, wire::Check check) noexcept;

void greet(Client& client) noexcept;
void list_threads(Client& client) noexcept;
void serve_specs(Client& client) noexcept;
void tell_of_the_dead(Client& client) noexcept;

// A fault: waits a moment for its outcome. Later it is looked at again: first whether it wants to
// tell where its victim is (true: it goes on, and was waiting for that), then for its outcome.
void take_up_fault(Client& client) noexcept;
bool tell_frames(Work& work) noexcept;
void answer_if_finished(Work& work) noexcept;

void follow(Client& client) noexcept;
// Sends what the follower has not had yet. Returns when to come again; kNever: when there is more.
std::int64_t feed(Client& client, std::int64_t now) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_ANSWERS_HPP
