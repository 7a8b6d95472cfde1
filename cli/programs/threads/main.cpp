// threadfault-threads PID: one line for each of its threads that glibc knows: the thread id (as the
// process has it), pthread_t, start routine and, where it can be told, its argument.
//
// libthread_db reads the lists of a process that runs on: what it finds may be of a moment ago, or
// torn. Nothing is said of a thread whose descriptor does not hold its id before and after.
#include "programs/threads/proc_service.hpp"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <set>

namespace {

using threadfault::observe::Process;

struct Thread {
    std::uint64_t pthread = 0;
    std::uint64_t start = 0;
    std::uint64_t argument = 0;
};

class Lister {
public:
    explicit Lister(ps_prochandle* process)
        : process_(process),
          tid_offset_(offset_of("_thread_db_pthread_tid")),
          start_offset_(offset_of("_thread_db_pthread_start_routine")) {}

    // Threads that come and go tear the lists: several passes see more than one.
    std::map<pid_t, Thread> list(std::size_t expected) {
        constexpr int kPasses = 4;
        constexpr std::size_t kReads = 100'000;
        constexpr std::size_t kReadsPerThread = 64;
        process_->allow_reads(kReads);
        td_thragent_t* agent = nullptr;
        // Fails for a program without glibc, or with another version of it than ours.
        if (!tid_offset_ || td_init() != TD_OK || td_ta_new(process_, &agent) != TD_OK)
            return threads_;
        for (int pass = 0; pass < kPasses && threads_.size() < expected; ++pass) {
            seen_.clear();
            process_->allow_reads(kReads + kReadsPerThread * expected);
            td_ta_thr_iter(agent, &Lister::take, this, TD_THR_ANY_STATE, TD_THR_LOWEST_PRIORITY,
                           TD_SIGNO_MASK, TD_THR_ANY_USER_FLAGS);
        }
        td_ta_delete(agent);
        return threads_;
    }

private:
    // glibc describes the fields of its thread descriptor for libthread_db: bits, count, offset.
    std::optional<std::uint64_t> offset_of(const char* name) const {
        process_->allow_reads(1);
        const auto address = process_->address_of("", name);
        std::uint32_t description[3] = {};
        if (!address || !process_->read(*address, description, sizeof description)) return {};
        return description[2];
    }

    static int take(const td_thrhandle_t* handle, void* self) {
        return static_cast<Lister*>(self)->add(handle);
    }

    int add(const td_thrhandle_t* handle) {
        td_thrinfo_t info{};
        if (td_thr_get_info(handle, &info) != TD_OK) return 0;
        const auto pthread = reinterpret_cast<std::uint64_t>(info.ti_tid);
        // A list changed under us and leads in a circle: this pass is over.
        if (!seen_.insert(pthread).second) return 1;
        const auto start = reinterpret_cast<std::uint64_t>(info.ti_startfunc);
        const std::uint64_t argument = argument_of(pthread, start);
        // A descriptor that was left by its thread has no id, for which libthread_db says the
        // process's; one that was given to another thread meanwhile has another id.
        std::uint32_t tid = 0;
        if (pthread == 0 || !process_->read(pthread + *tid_offset_, &tid, sizeof tid)) return 0;
        if (tid == 0 || static_cast<pid_t>(tid) != info.ti_lid) return 0;
        threads_[info.ti_lid] = {pthread, start, argument};
        return 0;
    }

    // It stands behind the routine; libthread_db does not tell it. Who uses it checks it.
    std::uint64_t argument_of(std::uint64_t pthread, std::uint64_t start) const {
        std::uint64_t words[2] = {};
        if (start == 0 || !start_offset_) return 0;
        if (!process_->read(pthread + *start_offset_, words, sizeof words)) return 0;
        return words[0] == start ? words[1] : 0;
    }

    ps_prochandle* process_;
    std::optional<std::uint64_t> tid_offset_;
    std::optional<std::uint64_t> start_offset_;
    std::set<std::uint64_t> seen_;
    std::map<pid_t, Thread> threads_;
};

}  // namespace

int main(int argc, char** argv) {
    pid_t pid = 0;
    if (argc != 2 ||
        std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), pid).ec != std::errc() ||
        pid <= 0) {
        std::fputs("usage: threadfault-threads PID\n", stderr);
        return 2;
    }
    try {
        const Process process(pid);
        ps_prochandle handle(process);
        for (const auto& [tid, thread] : Lister(&handle).list(process.tids().size())) {
            std::printf("%d %#llx %#llx %#llx\n", tid,
                        static_cast<unsigned long long>(thread.pthread),
                        static_cast<unsigned long long>(thread.start),
                        static_cast<unsigned long long>(thread.argument));
        }
        return std::fflush(stdout) == 0 ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "threadfault-threads: %s\n", error.what());
        return 1;
    }
}
