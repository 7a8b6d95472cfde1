#include "top/deeds.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/run.hpp"
#include "client/connection.hpp"
#include "drive/faults/choose.hpp"
#include "drive/faults/inflict.hpp"
#include "drive/programs/find_helper.hpp"
#include "format/format.hpp"
#include "render/error_table.hpp"
#include "threadfault/error.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace threadfault::cli::top {
namespace {

// In the words of `threadfault kill --dry-run`, which needs libdw: its program is asked.
Deed forecast(const observe::Process& process, const Request& request) {
    constexpr std::chrono::seconds kPatience{10};
    const base::RunResult answer =
        base::run({drive::find_helper("threadfault-diagnose"), "kill",
                   std::to_string(process.pid()), std::to_string(request.thread.tid), "--how",
                   std::string(base::info(request.fault).name), "--dry-run", "--color", "never"},
                  {.errors = base::RunOptions::Errors::with_output,
                   .deadline = std::chrono::steady_clock::now() + kPatience});
    Deed deed{request, base::lines_of(base::clean_text(answer.output)), "", Look::plain};
    if (!answer.succeeded()) {
        deed.forecast.emplace_back("No forecast: it is not known what that would do.");
    }
    return deed;
}

std::string words_for(const drive::Result& result, const Request& request) {
    const drive::Victim& victim = result.victim;
    std::string text = formatted("{} {}: {} {}, {}", victim.tid, base::clean_line(victim.name),
                                 base::info(request.fault).name, to_string(result.outcome),
                                 base::short_duration(result.seconds));
    if (!result.reason.empty()) text += ": " + base::clean_line(result.reason);
    return text;
}

Look look_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::ended:
        case Outcome::done:
            return Look::good;
        case Outcome::target_died:
            return Look::bad;
        default:
            return Look::warning;
    }
}

drive::Plan plan_for(const Request& request) {
    return drive::Plan(drive::PlanInput{
        .fault = request.fault, .percent = request.percent, .signal = request.signal});
}

Deed inflict(const observe::Process& process, const Request& request) {
    client::Connection connection(process);
    const std::string tid = std::to_string(request.thread.tid);
    const std::vector<drive::Victim> victims =
        drive::choose(process, connection, drive::parse_selector(tid), {});
    if (victims.front().start_ticks != request.thread.start_ticks) {
        throw Error(ErrorCode::no_such_thread, formatted("{} has ended meanwhile", tid));
    }
    const drive::Result result =
        drive::inflict(process, connection, victims, plan_for(request)).front();
    return {request, {}, words_for(result, request), look_of(result.outcome)};
}

Deed undo_all(const observe::Process& process, const Request& request) {
    client::Connection connection(process);
    const std::vector<drive::Victim> victims = drive::choose_faulty(process, connection);
    if (victims.empty()) return {request, {}, "no fault is in force", Look::plain};
    const auto results = drive::inflict(process, connection, victims, plan_for(request));
    const auto bad = std::find_if(results.begin(), results.end(), [](const auto& result) {
        return result.outcome != Outcome::done && result.outcome != Outcome::ended;
    });
    if (bad != results.end()) return {request, {}, words_for(*bad, request), look_of(bad->outcome)};
    return {request, {}, formatted("{} released", results.size()), Look::good};
}

Deed perform(const observe::Process& process, const Request& request) {
    try {
        switch (request.kind) {
            case Request::forecast:
                return forecast(process, request);
            case Request::undo_all:
                return undo_all(process, request);
            default:
                return inflict(process, request);
        }
    } catch (const Error& error) {
        const std::string advice = hint(error);
        return {request,
                {},
                advice.empty() ? error.what() : formatted("{} ({})", error.what(), advice),
                Look::bad};
    } catch (const std::exception& error) {
        return {request, {}, error.what(), Look::bad};
    }
}

}  // namespace

Deeds::Deeds() : done_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Deeds::~Deeds() {
    if (thread_.joinable()) thread_.join();
}

bool Deeds::begin(const observe::Process& process, const Request& request) {
    if (busy()) return false;
    thread_ = std::thread([this, &process, request] {
        Deed deed = perform(process, request);
        const std::lock_guard lock(mutex_);
        deed_ = std::move(deed);
        eventfd_write(done_.get(), 1);
    });
    return true;
}

std::optional<Deed> Deeds::take() {
    eventfd_t count = 0;
    if (eventfd_read(done_.get(), &count) != 0) return std::nullopt;
    thread_.join();
    const std::lock_guard lock(mutex_);
    return std::exchange(deed_, std::nullopt);
}

}  // namespace threadfault::cli::top
