// A file copier on the kernel's asynchronous I/O, with one thread that everything hangs on.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>

#include "copier.hpp"

namespace {

using namespace aio_copy;

// True: the copy is complete, and the checksums of both files are the same.
bool copy(const Options& options, const std::string& from, const std::string& to) {
    std::error_code none;
    if (std::filesystem::equivalent(from, to, none))
        throw std::runtime_error("source and destination are the same file");
    const Outcome outcome = Copier(options, from, to).run();
    if (!outcome.error.empty()) throw std::runtime_error(outcome.error);
    const std::uint64_t sum_from = checksum(from);
    const std::uint64_t sum_to = checksum(to);
    std::fputs(outcome.reads.table("reads").c_str(), stdout);
    std::fputs(outcome.writes.table("writes").c_str(), stdout);
    std::printf("%llu bytes, %s, checksums %016llx and %016llx: %s\n",
                static_cast<unsigned long long>(outcome.bytes),
                outcome.direct ? "direct I/O" : "buffered I/O (the file system has no O_DIRECT)",
                static_cast<unsigned long long>(sum_from), static_cast<unsigned long long>(sum_to),
                sum_from == sum_to ? "equal" : "DIFFERENT");
    if (outcome.threads_replaced > 0)
        std::printf("completion threads lost and replaced: %u\n", outcome.threads_replaced);
    return sum_from == sum_to;
}

bool run_workload(const Options& options) {
    const std::string base = options.directory + "/aio_copy." + std::to_string(getpid());
    struct Cleanup {
        std::string from;
        std::string to;
        ~Cleanup() {
            unlink(from.c_str());
            unlink(to.c_str());
        }
    } const files{base + ".from", base + ".to"};
    write_sample(files.from, options.workload);
    return copy(options, files.from, files.to);
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const Options options = parse_options(argc, argv);
    try {
        const bool equal =
            options.workload > 0 ? run_workload(options) : copy(options, options.from, options.to);
        return equal ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "aio_copy: %s\n", error.what());
        return 1;
    }
}
