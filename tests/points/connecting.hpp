// Connections that are interrupted, as correct and as wrong programs go on.
#ifndef THREADFAULT_TESTS_POINTS_CONNECTING_HPP
#define THREADFAULT_TESTS_POINTS_CONNECTING_HPP

// Connects to a listener of its own, waits for the connection if it is interrupted, and writes.
// Prints what happened.
void connect_and_wait();
// The same, but calls connect() again, as if the first call had not happened.
void connect_again();
// Asks, while the interrupted connection can't come about, how it stands.
void connect_to_a_full_queue();
// The same of an AF_UNIX stream: an interrupted call has not begun anything.
void connect_locally();

#endif  // THREADFAULT_TESTS_POINTS_CONNECTING_HPP
