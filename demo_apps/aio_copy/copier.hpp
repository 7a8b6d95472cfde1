// Copies one file: submitters keep reads and writes in flight until every block is over.
#ifndef AIO_COPY_COPIER_HPP
#define AIO_COPY_COPIER_HPP

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "completion_queue.hpp"
#include "files.hpp"
#include "latency.hpp"
#include "options.hpp"

namespace aio_copy {

struct Outcome {
    std::uint64_t bytes = 0;
    bool direct = false;  // both files
    unsigned threads_replaced = 0;
    Latency reads;
    Latency writes;
    std::string error;  // empty: the copy is complete
};

class Copier {
public:
    Copier(const Options& options, const std::string& from, const std::string& to);
    ~Copier();
    Outcome run();

private:
    class Submitter;

    void wait_for_submitters();
    // Gives the next block's number, when the rate allows it; false: there is none.
    bool next_block(std::uint64_t& block);
    void report_failure(const std::string& message);

    const Options& options_;
    const std::string& to_;
    File source_;
    File destination_;
    const std::uint64_t size_;
    const std::uint64_t blocks_;
    const Clock::time_point start_ = Clock::now();

    std::atomic<std::uint64_t> next_block_{0};
    std::atomic<bool> failed_{false};
    std::mutex error_mutex_;  // among the submitters only
    std::string error_;

    Descriptor finished_;  // counts the submitters that are done
    CompletionQueue queue_;
    std::vector<std::unique_ptr<Submitter>> submitters_;
    unsigned threads_replaced_ = 0;
};

}  // namespace aio_copy

#endif  // AIO_COPY_COPIER_HPP
