// What `top` does to threads, apart from its pictures: a forecast or a fault may take a second.
#ifndef THREADFAULT_CLI_TOP_DEEDS_HPP
#define THREADFAULT_CLI_TOP_DEEDS_HPP

#include "base/descriptor.hpp"
#include "observe/process.hpp"
#include "top/keys.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace threadfault::cli::top {

struct Deed {
    Request request;
    std::vector<std::string> forecast;  // lines; of Request::forecast
    std::string notice;                 // what became of it
    Look look = Look::plain;
};

// One at a time.
class Deeds {
public:
    Deeds();
    // Waits for the one that is under way: it has a deadline of its own.
    ~Deeds();
    Deeds(const Deeds&) = delete;
    Deeds& operator=(const Deeds&) = delete;

    // False: another one is under way. `process` must outlive it.
    bool begin(const observe::Process& process, const Request& request);
    bool busy() const noexcept { return thread_.joinable(); }
    // Readable when one is done.
    int descriptor() const noexcept { return done_.get(); }
    std::optional<Deed> take();

private:
    std::thread thread_;
    std::mutex mutex_;
    std::optional<Deed> deed_;
    base::Descriptor done_;
};

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_TOP_DEEDS_HPP
