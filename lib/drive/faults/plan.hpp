// What is to be done to a thread, with everything about it checked: the only maker of the requests
// that an agent gets. The command line, scenario files, storms and the C++ interface all come here.
#ifndef THREADFAULT_DRIVE_FAULTS_PLAN_HPP
#define THREADFAULT_DRIVE_FAULTS_PLAN_HPP

#include "threadfault/error.hpp"
#include "wire/wire.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace threadfault::drive {

// What of a fault is said wrongly. Each front end has its own name for it: --to, "to".
enum class Part { how, time, percent, signal, nice, cpus, change };

// A value that the fault can't have: what() is the fact alone, without where it was said.
class BadValue : public Error {
public:
    // `near`: the word that was probably meant; `otherwise`: the hint where there is none.
    BadValue(Part part, const std::string& fact, std::string near, std::string otherwise);
    Part part() const noexcept { return part_; }
    const std::string& near() const noexcept { return near_; }

private:
    Part part_;
    std::string near_;
};

inline constexpr int kLeastNice = -20;
inline constexpr int kMostNice = 19;
inline constexpr unsigned kLeastPercent = 1;
inline constexpr unsigned kMostPercent = 99;

// What was asked for, as numbers; nothing of it is checked yet.
struct PlanInput {
    wire::Fault fault{};
    std::chrono::nanoseconds wait{std::chrono::seconds(1)};
    std::optional<std::chrono::nanoseconds> duration = {};
    bool anywhere = false;
    bool tell_frames = false;      // of what unwinds, before it is done
    bool only_judge = false;       // nothing is done: what would it be refused for?
    unsigned percent = 0;          // slow
    int signal = 0;                // signal
    std::int64_t value = 0;        // signal
    std::optional<int> nice = {};  // demote: at least one of the three
    bool idle = false;
    std::string cpus = {};  // "0,2-3"
};

// The values as texts. Each throws BadValue.
wire::Fault parse_how(std::string_view text);
unsigned parse_percent(std::string_view text);  // "10%", "10"
int parse_nice(std::string_view text);
int require_signal(std::string_view text);  // glibc's own are refused by the plan

class Plan {
public:
    // Throws BadValue for what the fault lacks, can't have, or does not take.
    explicit Plan(const PlanInput& input);

    wire::Fault fault() const noexcept { return request_.fault; }
    std::uint32_t flags() const noexcept { return request_.flags; }
    std::chrono::nanoseconds wait() const noexcept {
        return std::chrono::nanoseconds(request_.wait_ns);
    }
    bool anywhere() const noexcept { return (request_.flags & wire::kFaultAnywhere) != 0; }
    // 0: until it is undone
    std::chrono::nanoseconds duration() const noexcept {
        return std::chrono::nanoseconds(request_.duration_ns);
    }
    unsigned percent() const noexcept { return request_.percent; }
    int signal() const noexcept { return request_.signal; }
    int nice() const noexcept { return request_.nice; }

    // For the thread that the target knows under that tid, and that number of the registry's (0: it
    // has none). `tell`: with the frames, where the plan asks for them.
    wire::FaultRequest request_for(pid_t inner_tid, std::uint64_t serial, bool tell) const noexcept;

private:
    wire::FaultRequest request_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_PLAN_HPP
