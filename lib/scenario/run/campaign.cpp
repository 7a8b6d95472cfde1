#include "scenario/run/campaign.hpp"

#include "base/clean_text.hpp"
#include "base/suggest.hpp"
#include "format/format.hpp"
#include "scenario/run/session.hpp"
#include "threadfault/error.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace threadfault::scenario {
namespace {

// From the request to stop until what still runs is left behind.
constexpr auto kLeaveOff = std::chrono::seconds(5);

// Passes a request to stop on to one test, and makes one when its time is over.
class Watchdog {
public:
    Watchdog(const Stop& global, Stop& test, TimePoint deadline)
        : thread_([this, &global, &test, deadline] {
              pollfd watched[] = {{global.descriptor(), POLLIN, 0},
                                  {done_.descriptor(), POLLIN, 0}};
              while (Clock::now() < deadline && watched[0].revents == 0 && watched[1].revents == 0)
                  poll(watched, 2, poll_timeout(deadline));
              if (watched[1].revents == 0) test.request();
          }) {}
    ~Watchdog() {
        done_.request();
        thread_.join();
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    Stop done_;
    std::thread thread_;
};

// A name for files: characters that are special to a shell or a file system become "-".
std::string file_name(const std::string& text) {
    std::string name;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '_';
        if (plain) name += c;
        if (!plain && !name.ends_with('-')) name += '-';
    }
    return name;
}

// False, with errno: it is not there as a whole.
bool write_file(const std::string& path, const std::string& text) {
    errno = 0;
    std::ofstream file(path, std::ios::binary);
    file << text << std::flush;
    return file.good();
}

// What can't be written, and why; "": all is written.
std::string keep_logs(const std::string& directory, const TestResult& result,
                      const std::string& output, const std::string& errors) {
    std::string base = formatted("{}/{}.{}", directory,
                                 file_name(std::filesystem::path(result.file).stem().string()),
                                 file_name(result.name));
    if (result.repetitions > 1) base += formatted(".{}", result.repetition);
    std::string journal;
    for (const std::string& line : result.journal)
        journal += base::clean_line(line) + "\n";
    const std::pair<const char*, const std::string&> files[] = {
        {".out", output}, {".err", errors}, {".journal", journal}};
    for (const auto& [ending, text] : files) {
        if (!write_file(base + ending, text))
            return formatted("{}{}: {}", base, ending, std::strerror(errno));
    }
    return "";
}

// What the workers share; it outlives a worker that is left behind.
struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::optional<TestResult>> results;
    std::size_t next = 0;     // to be started
    std::size_t running = 0;  // workers
};

}  // namespace

std::vector<Item> plan(const std::vector<Scenario>& scenarios, const Options& options) {
    std::vector<Item> items;
    std::vector<std::string> names;
    for (std::size_t repetition = 1; repetition <= options.repeat; ++repetition) {
        for (const Scenario& scenario : scenarios) {
            for (const TestSpec& test : scenario.tests) {
                names.push_back(test.name);
                if (chooses(options.pattern, test.name))
                    items.push_back({&scenario, &test, repetition});
            }
        }
    }
    if (!items.empty()) return items;
    const std::string near = base::nearest(options.pattern, names);
    throw Error(ErrorCode::no_such_test,
                formatted("no test's name matches \"{}\"", options.pattern),
                near.empty() ? "`threadfault test --list FILE…` names them"
                             : formatted("did you mean \"{}\"?", near));
}

TestResult run_item(const Item& item, const Options& options, std::uint64_t seed,
                    const Stop& stop) {
    TestResult result;
    result.file = item.scenario->file;
    result.name = item.test->name;
    result.repetition = item.repetition;
    result.repetitions = options.repeat;
    // So that one repetition can be replayed alone: --seed with this number.
    result.seed = seed + item.repetition - 1;
    const TimePoint begin = Clock::now();
    Stop own;
    try {
        const Watchdog watchdog(stop, own, begin + item.test->timeout);
        Session session(*item.scenario, *item.test, result.seed, own);
        result.failure = session.run();
        result.journal = session.journal();
        if (!options.keep_logs.empty())
            result.not_kept =
                keep_logs(options.keep_logs, result, session.output(), session.errors());
    } catch (const std::exception& error) {
        result.failure = Failure{};
        result.failure->place = item.test->place;
        result.failure->message = error.what();
        result.failure->no_test = true;
    }
    result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (stop.requested()) {
        result.interrupted = true;
        result.failure.reset();
    }
    return result;
}

std::vector<TestResult> run_all(const std::vector<Item>& items, const Options& options,
                                std::uint64_t seed, const Stop& stop, const Listener& listener) {
    const auto shared = std::make_shared<Shared>();
    shared->results.resize(items.size());
    const std::size_t workers = std::clamp<std::size_t>(options.jobs, 1, items.size());
    shared->running = workers;
    const auto work = [shared, items, options, seed, &stop] {
        std::unique_lock lock(shared->mutex);
        while (shared->next < items.size() && !stop.requested()) {
            const std::size_t mine = shared->next++;
            lock.unlock();
            TestResult result = run_item(items[mine], options, seed, stop);
            lock.lock();
            if (options.exit_first && result.failure) shared->next = items.size();
            shared->results[mine] = std::move(result);
            shared->changed.notify_all();
        }
        --shared->running;
        shared->changed.notify_all();
    };
    for (std::size_t i = 0; i < workers; ++i)
        std::thread(work).detach();

    std::vector<TestResult> results;
    std::optional<TimePoint> leave;
    std::unique_lock lock(shared->mutex);
    std::size_t heard = 0;
    const auto listen = [&] {
        while (heard < items.size() && shared->results[heard]) {
            results.push_back(*shared->results[heard++]);
            listener.ended(results.back());
        }
    };
    while (shared->running > 0) {
        if (stop.requested() && !leave) leave = Clock::now() + kLeaveOff;
        if (leave && Clock::now() >= *leave) break;
        if (heard < items.size()) listener.waiting(heard);
        shared->changed.wait_for(lock, std::chrono::milliseconds(50));
        listen();
    }
    listen();
    // After an interruption: the results after an abandoned one.
    for (; heard < items.size(); ++heard) {
        if (!shared->results[heard]) continue;
        results.push_back(*shared->results[heard]);
        listener.ended(results.back());
    }
    return results;
}

}  // namespace threadfault::scenario
