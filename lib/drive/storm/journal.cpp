#include "drive/storm/journal.hpp"

#include "format/format.hpp"
#include "format/json_number.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

namespace threadfault::drive {
namespace {

using Json = nlohmann::ordered_json;

// Seconds; as many nanoseconds are far from the end of a 64-bit number.
constexpr double kLongestStorm = 1e9;

std::string line_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Error bad_line(const std::string& path, std::size_t line, const std::string& what) {
    return Error(ErrorCode::bad_journal, formatted("{}:{}: {}", path, line, what),
                 "a journal is a file written by `threadfault storm`");
}

StormHeader header_of(const Json& json, const std::string& path) {
    try {
        if (!json.contains("storm") || json["storm"] != 1)
            throw bad_line(path, 1, "not a storm journal");
        StormHeader header;
        header.command = json.value("command", "");
        header.seed = json.contains("seed") ? whole_number<std::uint64_t>(json["seed"]) : 0;
        header.threads = json.value("threads", "");
        header.faults = json.value("faults", "");
        header.every = json.value("every", "");
        return header;
    } catch (const nlohmann::json::exception& error) {
        throw bad_line(path, 1, error.what());
    }
}

}  // namespace

StormJournal::StormJournal(const std::string& path, bool overwrite) : path_(path) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    file_ = base::Descriptor(open(path.c_str(), kFlags | O_EXCL, 0666));
    unused_ = file_.get() >= 0;
    if (!file_ && errno == EEXIST) file_ = base::Descriptor(open(path.c_str(), kFlags, 0666));
    if (!file_) {
        throw Error(ErrorCode::usage,
                    formatted("can't write the journal {}: {}", path, strerror(errno)),
                    "the journal goes to a file that can be written");
    }
    struct stat about {};
    // A pipe or a terminal has nothing that could be lost.
    if (fstat(file_.get(), &about) != 0 || !S_ISREG(about.st_mode) || about.st_size == 0) return;
    if (!overwrite) {
        throw Error(ErrorCode::usage, formatted("the journal {} exists", path),
                    "use --journal with another file, or --force to overwrite it");
    }
    if (ftruncate(file_.get(), 0) != 0) {
        throw Error(ErrorCode::usage,
                    formatted("can't overwrite the journal {}: {}", path, strerror(errno)), "");
    }
}

StormJournal::~StormJournal() {
    if (unused_) unlink(path_.c_str());
}

void StormJournal::write(std::string_view line) const {
    while (!line.empty()) {
        const ssize_t written = ::write(file_.get(), line.data(), line.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            const std::error_code cause(errno, std::generic_category());
            throw Error(ErrorCode::not_written,
                        formatted("can't write the journal {}: {}", path_, cause.message()), "",
                        cause);
        }
        line.remove_prefix(static_cast<std::size_t>(written));
    }
}

void StormJournal::begin(const StormHeader& header) {
    unused_ = false;
    write(line_of({{"storm", 1},
                   {"command", header.command},
                   {"seed", header.seed},
                   {"threads", header.threads},
                   {"faults", header.faults},
                   {"every", header.every}}));
}

void StormJournal::add(const StormStep& step) {
    write(to_json_line(step));
}

std::string to_json_line(const StormStep& step) {
    Json line = {{"n", step.number},
                 {"at", static_cast<double>(step.at.count()) * 1e-9},
                 {"fault", step.fault},
                 {"path", step.path},
                 {"name", step.name},
                 {"tid", step.tid},
                 {"outcome", step.outcome},
                 {"reason", step.reason.empty() ? Json(nullptr) : Json(step.reason)}};
    if (step.of_name) line["of_name"] = *step.of_name;
    return line_of(line);
}

RecordedStorm read_storm_journal(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw Error(ErrorCode::usage,
                    formatted("can't read the journal {}: {}", path, strerror(errno)), "");
    }
    RecordedStorm recorded;
    std::string text;
    std::size_t number = 1;
    for (; std::getline(file, text); ++number) {
        const Json json = Json::parse(text, nullptr, false);
        if (!json.is_object()) throw bad_line(path, number, "not a JSON object");
        if (number == 1) {
            recorded.header = header_of(json, path);
            continue;
        }
        try {
            StormStep step;
            step.number = whole_number<std::size_t>(json.at("n"));
            const double at = json.at("at").get<double>();
            if (!(at >= 0 && at <= kLongestStorm)) throw bad_line(path, number, "no such time");
            step.at = std::chrono::nanoseconds(static_cast<std::int64_t>(at * 1e9));
            step.fault = json.at("fault").get<std::string>();
            step.path = json.at("path").get<std::string>();
            if (json.contains("of_name")) {
                step.of_name = whole_number<std::size_t>(json["of_name"]);
                step.name = json.at("name").get<std::string>();
            }
            if (parse_storm_faults(step.fault).size() != 1) {
                throw bad_line(path, number, "more than one fault");
            }
            recorded.steps.push_back(std::move(step));
        } catch (const nlohmann::json::exception& error) {
            throw bad_line(path, number, error.what());
        } catch (const Error& error) {
            if (error.code() == ErrorCode::bad_journal) throw;
            throw bad_line(path, number, error.what());
        }
    }
    if (number == 1) throw bad_line(path, 1, "the file is empty");
    return recorded;
}

}  // namespace threadfault::drive
