#include "harness/tether.hpp"

#include "drive/programs/attach.hpp"
#include "format/format.hpp"

#include <exception>
#include <utility>

namespace threadfault::target {
namespace {

using namespace std::chrono_literals;

// As `threadfault detach` waits.
constexpr std::chrono::milliseconds kLetGoWithin = 10s;
// Others may attach and let go at the same time.
constexpr int kAttempts = 5;

}  // namespace

Tether::Tether(observe::Process process) : process_(std::move(process)) {
    join();
}

void Tether::join() {
    for (int attempt = 1;; ++attempt) {
        try {
            connection_ = std::make_unique<client::Connection>(process_);
            connection_->hello();  // it serves us, and is not about to go
            return;
        } catch (const Error& error) {
            connection_.reset();
            if (!client::means_no_answer(error.error_code()) || attempt == kAttempts) throw;
        }
        try {
            drive::attach(process_, {.time = {}, .until_deserted = true});
        } catch (const Error& error) {
            if (error.error_code() != ErrorCode::too_many) throw;
        }
    }
}

Tether::~Tether() {
    try {
        let_go(kLetGoWithin);
    } catch (const std::exception&) {
        // The guardian knows that we are gone, and goes on trying.
    }
}

void Tether::let_go(std::chrono::milliseconds patience) {
    if (!connection_) return;
    // A guardian that was killed has left its threads where they stood.
    const bool killed =
        connection_->hung_up(0ms) && process_.alive() && drive::has_been_attached(process_);
    if (killed) join();
    const std::unique_ptr<client::Connection> connection = std::move(connection_);
    if (connection->leave(patience)) return;
    throw Error(ErrorCode::agent_silent,
                formatted("a thread of process {} can't be let go yet; the guardian (process {}) "
                          "goes on trying",
                          process_.pid(), connection->guardian()));
}

}  // namespace threadfault::target
