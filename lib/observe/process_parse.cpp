// The parsers of process.hpp: pure functions on text that a hostile process may have had a hand in
// (it chooses its threads' names).
#include "observe/process.hpp"

#include <charconv>
#include <type_traits>

namespace threadfault::observe {
namespace {

// Takes numbers off the front of a text; after the first mistake everything fails.
class Fields {
public:
    explicit Fields(std::string_view text) noexcept : rest_(text) {}

    template <typename T>
    bool take(T* value, int base = 10) noexcept {
        skip_blanks();
        const auto [end, error] =
            std::from_chars(rest_.data(), rest_.data() + rest_.size(), *value, base);
        if (error != std::errc()) return ok_ = false;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        if (!rest_.empty() && !is_blank(rest_.front())) return ok_ = false;
        return ok_;
    }

    bool take_hexadecimal(std::uint64_t* value) noexcept {
        skip_blanks();
        if (!rest_.starts_with("0x")) return ok_ = false;
        rest_.remove_prefix(2);
        if (rest_.empty() || is_blank(rest_.front())) return ok_ = false;
        return take(value, 16);
    }

    bool skip(int count) noexcept {
        for (int i = 0; i < count; ++i) {
            skip_blanks();
            if (rest_.empty()) return ok_ = false;
            while (!rest_.empty() && !is_blank(rest_.front()))
                rest_.remove_prefix(1);
        }
        return ok_;
    }

    bool at_end() noexcept {
        skip_blanks();
        return rest_.empty();
    }
    bool ok() const noexcept { return ok_; }

private:
    static bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n'; }
    void skip_blanks() noexcept {
        while (!rest_.empty() && is_blank(rest_.front()))
            rest_.remove_prefix(1);
    }

    std::string_view rest_;
    bool ok_ = true;
};

// Which lines of status have been seen: a cut-off file must not pass for one with zeros.
enum Seen : unsigned {
    kTgid = 1,
    kPid = 2,
    kUid = 4,
    kBlocked = 8,
    kIgnored = 16,
    kCaught = 32,
    kAll = 63,
};

}  // namespace

std::optional<TaskStat> parse_task_stat(std::string_view text) {
    // The name is between the first "(" and the *last* ")": it may hold both, and spaces and
    // newlines; what follows the last one is written by the kernel alone.
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return std::nullopt;
    TaskStat stat;
    Fields head(text.substr(0, open));
    if (!head.take(&stat.tid) || stat.tid <= 0 || !head.at_end()) return std::nullopt;
    stat.name = text.substr(open + 1, close - open - 1);
    std::string_view tail = text.substr(close + 1);
    if (tail.size() < 3 || tail[0] != ' ' || tail[2] != ' ') return std::nullopt;
    stat.state = tail[1];
    const bool is_letter =
        (stat.state >= 'A' && stat.state <= 'Z') || (stat.state >= 'a' && stat.state <= 'z');
    if (!is_letter) return std::nullopt;
    // proc(5) numbers the fields from 1; state is 3, flags 9, utime 14, stime 15, starttime 22,
    // processor 39.
    Fields fields(tail.substr(2));
    const bool ok = fields.skip(5) && fields.take(&stat.flags) && fields.skip(4) &&
                    fields.take(&stat.utime_ticks) && fields.take(&stat.stime_ticks) &&
                    fields.skip(6) && fields.take(&stat.start_ticks);
    if (!ok) return std::nullopt;
    if (!fields.skip(16) || !fields.take(&stat.processor)) stat.processor = -1;
    return stat;
}

std::optional<TaskStatus> parse_task_status(std::string_view text) {
    TaskStatus status;
    unsigned seen = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        // The last line ends in a newline too: without one the file was cut off.
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view key = line.substr(0, colon);
        Fields value(line.substr(colon + 1));
        // The kernel escapes newlines in Name, so a thread's name can't forge a line.
        if (key == "Tgid") {
            value.take(&status.tgid);
            seen |= kTgid;
        } else if (key == "Pid") {
            value.take(&status.tid);
            seen |= kPid;
        } else if (key == "PPid") {
            value.take(&status.parent);
        } else if (key == "TracerPid") {
            value.take(&status.tracer);
        } else if (key == "Uid") {
            value.take(&status.real_uid);
            value.take(&status.effective_uid);
            seen |= kUid;
        } else if (key == "NSpid") {
            status.ns_pid.clear();
            while (!value.at_end()) {
                pid_t number = 0;
                if (!value.take(&number)) break;
                status.ns_pid.push_back(number);
            }
        } else if (key == "SigPnd") {
            value.take(&status.pending, 16);
        } else if (key == "ShdPnd") {
            value.take(&status.shared_pending, 16);
        } else if (key == "SigBlk") {
            value.take(&status.blocked, 16);
            seen |= kBlocked;
        } else if (key == "SigIgn") {
            value.take(&status.ignored, 16);
            seen |= kIgnored;
        } else if (key == "SigCgt") {
            value.take(&status.caught, 16);
            seen |= kCaught;
        } else if (key == "CapEff") {
            value.take(&status.capabilities, 16);
        } else if (key == "Seccomp") {
            value.take(&status.seccomp);
        } else if (key == "Seccomp_filters") {
            value.take(&status.seccomp_filters);
        } else if (key == "voluntary_ctxt_switches") {
            value.take(&status.voluntary_switches);
        } else if (key == "nonvoluntary_ctxt_switches") {
            value.take(&status.involuntary_switches);
        }
        if (!value.ok()) return std::nullopt;
    }
    if (seen != kAll || status.tid <= 0 || status.tgid <= 0) return std::nullopt;
    // A kernel without PID namespaces has no such line; then there is one number only.
    if (status.ns_pid.empty()) status.ns_pid.push_back(status.tid);
    return status;
}

std::optional<TaskSyscall> parse_task_syscall(std::string_view text) {
    TaskSyscall call;
    if (text == "running\n" || text == "running") {
        call.running = true;
        return call;
    }
    Fields fields(text);
    if (!fields.take(&call.number) || call.number < -1) return std::nullopt;
    if (call.number >= 0) {
        for (std::uint64_t& argument : call.arguments)
            if (!fields.take_hexadecimal(&argument)) return std::nullopt;
    }
    if (!fields.take_hexadecimal(&call.stack_pointer) ||
        !fields.take_hexadecimal(&call.instruction_pointer) || !fields.at_end())
        return std::nullopt;
    return call;
}

}  // namespace threadfault::observe
