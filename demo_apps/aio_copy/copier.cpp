#include "copier.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "submitter.hpp"

namespace aio_copy {

Copier::Copier(const Options& options, const std::string& from, const std::string& to)
    : options_(options),
      to_(to),
      source_(open_source(from)),
      destination_(open_destination(to)),
      size_(size_of(source_, from)),
      blocks_((size_ + options.block_size - 1) / options.block_size),
      finished_(make_eventfd()),
      queue_(options.depth) {
    for (unsigned i = 0; i < options.submitters; ++i)
        submitters_.push_back(
            std::make_unique<Submitter>(*this, std::max(1U, options.depth / options.submitters)));
}

Copier::~Copier() = default;

Outcome Copier::run() {
    queue_.start([this] {
        for (const auto& submitter : submitters_)
            submitter->wake();
    });
    for (const auto& submitter : submitters_)
        submitter->start();
    wait_for_submitters();

    Outcome outcome;
    for (const auto& submitter : submitters_) {
        submitter->join();
        outcome.reads.add(submitter->reads);
        outcome.writes.add(submitter->writes);
        outcome.bytes += submitter->bytes;
    }
    queue_.stop();
    cut(destination_, size_, to_);
    outcome.direct = source_.direct && destination_.direct;
    outcome.threads_replaced = threads_replaced_;
    outcome.error = error_;
    return outcome;
}

// The whole difference between the two modes: whether the one who waits looks, now and then,
// whether there is anybody left to wait for.
void Copier::wait_for_submitters() {
    const int patience = options_.robust ? 50 : -1;  // ms
    for (std::uint64_t done = 0; done < submitters_.size();) {
        pollfd wait{finished_.get(), POLLIN, 0};
        poll(&wait, 1, patience);
        std::uint64_t count = 0;
        if (read(finished_.get(), &count, sizeof count) == sizeof count) done += count;
        const pid_t watched = queue_.thread_id();
        if (!options_.robust || !queue_.replace_lost_thread()) continue;
        ++threads_replaced_;
        std::printf("completion thread %d is gone: a successor takes its completions\n", watched);
    }
}

bool Copier::next_block(std::uint64_t& block) {
    if (failed_) return false;
    block = next_block_.fetch_add(1);
    if (block >= blocks_) return false;
    if (options_.rate > 0) {
        const auto due = std::chrono::duration<double>(
            static_cast<double>(block * options_.block_size) / static_cast<double>(options_.rate));
        std::this_thread::sleep_until(start_ + std::chrono::duration_cast<Clock::duration>(due));
    }
    return true;
}

void Copier::report_failure(const std::string& message) {
    failed_ = true;
    const std::lock_guard lock(error_mutex_);
    if (error_.empty()) error_ = message;
}

}  // namespace aio_copy
