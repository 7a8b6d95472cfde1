#include "sweep/stage.hpp"

#include "base/clean_text.hpp"
#include "client/connection.hpp"
#include "drive/threads/selector.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"
#include "harness/listening.hpp"
#include "scenario/command.hpp"
#include "scenario/probe/attempt.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <regex>

namespace threadfault::sweep {
namespace {

using namespace std::chrono_literals;

bool has_line(const std::string& text, const std::regex& wanted) {
    for (const auto& [line, count] : lines_in(text))
        if (std::regex_search(line, wanted)) return true;
    return false;
}

}  // namespace

// What a look needs and the next one can use again.
struct Stage::Looking {
    explicit Looking(pid_t pid) : process(pid) {
        try {
            connection.emplace(process);
        } catch (const Error&) {
            // No agent yet, or none any more: what /proc tells has to do.
        }
    }
    observe::Process process;
    std::optional<client::Connection> connection;

    client::Connection* agent() { return connection ? &*connection : nullptr; }
};

Stage::Stage(const Setup& setup, const PassageFile* file, const scenario::Stop& stop)
    : setup_(setup), stop_(stop) {
    placeholders_.dir = setup.scenario_directory;
    if (setup.needs_place || !setup.scenario_directory.empty()) {
        scratch_.emplace();
        scratch_->make();
        placeholders_.tmp = scratch_->path();
        placeholders_.port = std::to_string(scenario::free_port());
    }
    drive::Launch launch = setup.launch;
    for (std::string& argument : launch.arguments)
        argument = placeholders_.fill(argument);
    RunSetting setting;
    for (const auto& [name, value] : setup.environment)
        setting.environment.push_back(formatted("{}={}", name, placeholders_.fill(value)));
    if (file != nullptr)
        setting.environment.push_back(formatted("{}={}", wire::kPassagesVariable, file->path()));
    setting.input = setup.input;
    setting.directory = placeholders_.fill(setup.directory);
    running_ = std::make_unique<Running>(launch, setting);
}

Stage::~Stage() {
    end_work_.request();
    if (work_.valid()) work_.wait();
    looking_.reset();
    running_.reset();
}

bool Stage::is_ready() {
    const Ready& ready = setup_.target.ready;
    if (!ready.output.empty()) {
        const std::regex wanted(placeholders_.fill(ready.output));
        if (!has_line(running_->output(), wanted) && !has_line(running_->errors(), wanted))
            return false;
    }
    if (!ready.listening.empty() &&
        !target::is_listening(running_->pid(), placeholders_.fill(ready.listening))) {
        return false;
    }
    if (ready.thread.empty()) return true;
    try {
        const drive::Selector selector = drive::parse_selector(ready.thread);
        const observe::Process process(running_->pid());
        client::Connection connection(process);
        const drive::ThreadList list = drive::list_threads(process, &connection, {.starts = true});
        return std::any_of(list.threads.begin(), list.threads.end(),
                           [&](const drive::ThreadView& one) { return selector.matches(one); });
    } catch (const Error& error) {
        if (error.error_code() == ErrorCode::bad_selector) throw;
        return false;
    }
}

bool Stage::wait_until_ready() {
    const TimePoint deadline = Clock::now() + setup_.target.ready.within;
    while (!is_ready()) {
        if (running_->wait(std::min(deadline, Clock::now() + 5ms), stop_)) return false;
        if (Clock::now() >= deadline || stop_.requested()) return false;
    }
    return true;
}

std::map<std::string, std::string> Stage::variables() const {
    std::map<std::string, std::string> filled;
    for (const auto& [name, value] : setup_.environment)
        filled[name] = placeholders_.fill(value);
    filled["TARGET_PID"] = std::to_string(running_->pid());
    return filled;
}

std::string Stage::do_work() const {
    for (const std::string& command : setup_.workload) {
        const scenario::CommandResult result = scenario::run_command(
            {"/bin/sh", "-c", placeholders_.fill(command)},
            {variables(), setup_.scenario_directory}, TimePoint::max(), end_work_);
        if (result.succeeded()) continue;
        std::string said;
        for (const std::string& line : base::lines_of(base::clean_text(result.output)))
            if (!line.empty()) said = line;
        return said.empty() ? formatted("the workload {}", result.text())
                            : formatted("the workload {}: {}", result.text(), said.substr(0, 200));
    }
    return {};
}

void Stage::begin_work() {
    if (has_work()) work_ = std::async(std::launch::async, [this] { return do_work(); });
}

bool Stage::work_is_done(TimePoint deadline) {
    if (!work_.valid()) return true;
    if (work_.wait_until(deadline) != std::future_status::ready) return false;
    work_result_ = work_.get();
    return true;
}

std::string Stage::work_problem() {
    end_work_.request();
    if (work_.valid()) work_result_ = work_.get();
    return work_result_.value_or("");
}

std::string Stage::probe(TimePoint deadline) const {
    for (const scenario::ProbeSpec& probe : setup_.probes) {
        const TimePoint end = std::min(deadline, Clock::now() + probe.within);
        scenario::Attempt attempt;
        if (const auto* http = std::get_if<scenario::HttpProbe>(&probe.how)) {
            attempt = scenario::try_http(
                {placeholders_.fill(http->url), http->status, placeholders_.fill(http->expect)},
                end, stop_);
        } else if (const auto* socket = std::get_if<scenario::SocketProbe>(&probe.how)) {
            attempt = scenario::try_socket(
                {socket->local, placeholders_.fill(socket->to), placeholders_.fill(socket->send),
                 placeholders_.fill(socket->expect)},
                end, stop_);
        } else {
            scenario::CommandProbe filled;
            for (const std::string& word : std::get<scenario::CommandProbe>(probe.how).command)
                filled.command.push_back(placeholders_.fill(word));
            attempt =
                scenario::try_command(filled, {variables(), setup_.scenario_directory}, end, stop_);
        }
        if (!attempt.healthy) return formatted("probe \"{}\": {}", probe.name, attempt.why);
    }
    return {};
}

std::optional<drive::WatchReport> Stage::watch(std::chrono::nanoseconds time) {
    try {
        if (!looking_ || !looking_->connection)
            looking_ = std::make_unique<Looking>(running_->pid());
        return drive::watch(looking_->process, looking_->agent(), time,
                            [this] { return stop_.requested(); });
    } catch (const Error&) {
        looking_.reset();
        return std::nullopt;
    }
}

std::map<pid_t, std::string> Stage::thread_names() {
    std::map<pid_t, std::string> names;
    if (!looking_) return names;
    try {
        const drive::ThreadList list =
            drive::list_threads(looking_->process, looking_->agent(), {.starts = true});
        std::string usual;  // that a thread has which nobody has named
        for (const drive::ThreadView& one : list.threads)
            if (one.main) usual = one.name;
        for (const drive::ThreadView& one : list.threads) {
            std::string name = one.name;
            if (one.main) {
                name = "main";
            } else {
                if (name == usual && !one.start.empty()) name = one.start;
                if (!one.path.empty()) name += formatted(" ({})", one.path);
            }
            names[one.tid] = name;
        }
    } catch (const Error&) {
        // It has ended meanwhile: what is known so far has to do.
    }
    return names;
}

}  // namespace threadfault::sweep
