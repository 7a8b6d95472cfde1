// Takes pictures of one process, one after the other, and remembers what need not be looked up
// again.
#ifndef THREADFAULT_CLI_TOP_LOOKER_HPP
#define THREADFAULT_CLI_TOP_LOOKER_HPP

#include "client/connection.hpp"
#include "drive/faults/death.hpp"
#include "drive/threads/seen_threads.hpp"
#include "drive/threads/start_name.hpp"
#include "observe/call_evidence.hpp"
#include "observe/process.hpp"
#include "observe/symbols.hpp"
#include "top/picture.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace threadfault::cli::top {

class Looker {
public:
    // Throws Error{no_such_process}.
    explicit Looker(const std::string& pid_text);
    ~Looker();

    // Renews the picture; with `locks`, Picture::locks too, of large processes not each time. Never
    // throws for an end of the process:
    // that is part of the picture.
    void look(Picture* picture, bool locks);
    // Adds the events that have come. Cheap: for between two looks, so that few are lost.
    void take_events(Picture* picture);

    const observe::Process& process() const noexcept { return process_; }

private:
    using Clock = std::chrono::steady_clock;
    struct Code;  // what is learned of the process's files and memory
    struct Before {
        std::uint64_t start_ticks = 0;
        std::uint64_t cpu_nanoseconds = 0;
        std::string start;  // name of its start routine
        bool asked = false;
    };

    void connect(Picture* picture);
    void list(Picture* picture);
    void name_starts(std::vector<drive::ThreadView>& threads);
    void name_waits(std::vector<drive::ThreadView>& threads);
    void compare(Picture* picture);
    void renew_code(Picture* picture);
    void look_for_locks(Picture* picture);
    bool has_strangers(const std::vector<drive::ThreadView>& threads) const;

    const observe::Process process_;
    const drive::DeathWatch death_;
    std::optional<client::Connection> connection_;
    std::optional<client::Connection> follower_;
    Clock::time_point next_try_{};
    std::string why_;
    std::unique_ptr<Code> code_;
    Clock::time_point code_is_good_until_{};
    Clock::time_point next_question_{};  // to glibc's own lists of threads
    drive::SeenThreads seen_;
    std::unordered_map<pid_t, Before> before_;
    Clock::time_point last_look_{};
    Clock::time_point next_locks_{};
};

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_TOP_LOOKER_HPP
