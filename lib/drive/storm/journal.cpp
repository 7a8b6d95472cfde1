#include "drive/storm/journal.hpp"

#include "format/format.hpp"

#include <string.h>

#include <nlohmann/json.hpp>

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

}  // namespace

StormJournal::StormJournal(const std::string& path, const StormHeader& header)
    : path_(path), file_(path) {
    file_ << line_of({{"storm", 1},
                      {"command", header.command},
                      {"seed", header.seed},
                      {"threads", header.threads},
                      {"faults", header.faults},
                      {"every", header.every}})
          << std::flush;
    if (!file_) {
        throw Error(ErrorCode::usage,
                    formatted("can't write the journal {}: {}", path, strerror(errno)),
                    "the journal goes to a file that can be written");
    }
}

void StormJournal::add(const StormStep& step) {
    file_ << to_json_line(step) << std::flush;
}

std::string to_json_line(const StormStep& step) {
    return line_of({{"n", step.number},
                    {"at", static_cast<double>(step.at.count()) * 1e-9},
                    {"fault", step.fault},
                    {"path", step.path},
                    {"name", step.name},
                    {"tid", step.tid},
                    {"outcome", step.outcome},
                    {"reason", step.reason.empty() ? Json(nullptr) : Json(step.reason)}});
}

std::vector<StormStep> read_storm_journal(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw Error(ErrorCode::usage,
                    formatted("can't read the journal {}: {}", path, strerror(errno)), "");
    }
    std::vector<StormStep> steps;
    std::string text;
    std::size_t number = 1;
    for (; std::getline(file, text); ++number) {
        const Json json = Json::parse(text, nullptr, false);
        if (!json.is_object()) throw bad_line(path, number, "not a JSON object");
        if (number == 1) {
            const auto kind = json.find("storm");
            if (kind == json.end() || *kind != 1) throw bad_line(path, 1, "not a storm journal");
            continue;
        }
        try {
            StormStep step;
            if (!json.at("n").is_number_unsigned()) throw bad_line(path, number, "no such number");
            step.number = json.at("n").get<std::size_t>();
            const double at = json.at("at").get<double>();
            if (!(at >= 0 && at <= kLongestStorm)) throw bad_line(path, number, "no such time");
            step.at = std::chrono::nanoseconds(static_cast<std::int64_t>(at * 1e9));
            step.fault = json.at("fault").get<std::string>();
            step.path = json.at("path").get<std::string>();
            if (parse_storm_faults(step.fault).size() != 1) {
                throw bad_line(path, number, "more than one fault");
            }
            steps.push_back(std::move(step));
        } catch (const nlohmann::json::exception& error) {
            throw bad_line(path, number, error.what());
        } catch (const Error& error) {
            if (error.code() == ErrorCode::bad_journal) throw;
            throw bad_line(path, number, error.what());
        }
    }
    if (number == 1) throw bad_line(path, 1, "the file is empty");
    return steps;
}

}  // namespace threadfault::drive
