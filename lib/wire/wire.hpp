// The control socket's messages, shared by the agent (preload/agent) and the client (lib/client).
//
// SOCK_SEQPACKET keeps message borders, so a message is one packet: a Header and the fixed-layout
// body that its type names. Both ends run on one machine: native byte order. Anything that does not
// parse (magic, version, type, length) is answered with Type::error and the connection is closed.
// These headers need constants of base alone; the agent includes them.
#ifndef THREADFAULT_WIRE_WIRE_HPP
#define THREADFAULT_WIRE_WIRE_HPP

// IWYU pragma: begin_exports
#include "wire/capture.hpp"
#include "wire/check.hpp"
#include "wire/events.hpp"
#include "wire/faults.hpp"
#include "wire/header.hpp"
#include "wire/hello.hpp"
#include "wire/layout.hpp"
#include "wire/specs.hpp"
#include "wire/threads.hpp"
// IWYU pragma: end_exports

#endif  // THREADFAULT_WIRE_WIRE_HPP
