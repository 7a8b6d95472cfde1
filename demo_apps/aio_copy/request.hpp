// One request of the kernel's asynchronous I/O, with its context.
#ifndef AIO_COPY_REQUEST_HPP
#define AIO_COPY_REQUEST_HPP

#include <libaio.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace aio_copy {

using Clock = std::chrono::steady_clock;

// The kernel gives back the address of the iocb in io_event::obj. A request *is* an iocb, so a cast
// leads from the event to everything that belongs to it.
struct Request : iocb {
    // Runs on the completion thread, which may die anywhere in it and be succeeded: it must be
    // short, take no lock, and do no harm when it runs twice for one completion.
    using Callback = void (*)(Request&);

    Callback on_complete = nullptr;
    Clock::time_point submitted_at;
    Clock::time_point finished_at;
    long result = 0;

    // Unlike any other request's, and the kernel hands it back in io_event::data: an event that a
    // successor finds again is told from one of the same iocb's next journey. 0: not in flight.
    std::atomic<std::uintptr_t> ticket{0};
};

}  // namespace aio_copy

#endif  // AIO_COPY_REQUEST_HPP
