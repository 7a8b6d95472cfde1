#include "sweep/ledger.hpp"

#include "base/json_schema.hpp"
#include "format/format.hpp"
#include "format/json_number.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <tuple>
#include <type_traits>

namespace threadfault::sweep {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string hex(std::uint64_t number) {
    return formatted("{:016x}", number);
}

std::uint64_t from_hex(const Json& json) {
    return std::stoull(json.get<std::string>(), nullptr, 16);
}

template <typename Value>
void read(const Json& json, const char* key, Value& value) {
    if constexpr (std::is_integral_v<Value> && !std::is_same_v<Value, bool>) {
        value = whole_number<Value>(json.at(key));
    } else {
        json.at(key).get_to(value);
    }
}

Json to_json(const Sample& sample) {
    Json held = Json::array();
    for (const Held& one : sample.held)
        held.push_back({{"name", one.name}, {"stack", hex(one.stack)}, {"robust", one.robust}});
    return {{"occurrence", sample.occurrence}, {"held", held}, {"known", sample.known_held}};
}

Json to_json(const Frame& frame) {
    return {{"function", frame.function},
            {"file", frame.file},
            {"line", frame.line},
            {"module", frame.module},
            {"offset", frame.offset}};
}

Point point_from(const Json& json) {
    Point point;
    read(json, "thread", point.thread);
    read(json, "path", point.path);
    read(json, "main", point.is_main);
    read(json, "start", point.start);
    const std::string call = json.at("call");
    if (!inject::find_call(call.data(), call.size(), &point.call))
        throw Json::other_error::create(501, "call", nullptr);
    point.stack = from_hex(json.at("stack"));
    read(json, "count", point.count);
    read(json, "together", point.together);
    read(json, "cancel_disabled", point.cancel_disabled);
    read(json, "steady", point.steady);
    for (const Json& frame : json.at("frames")) {
        point.frames.push_back({frame.at("function"), frame.at("file"),
                                whole_number<int>(frame.at("line")), frame.at("module"),
                                whole_number<std::uint64_t>(frame.at("offset"))});
    }
    for (const Json& sample : json.at("samples")) {
        Sample one;
        read(sample, "occurrence", one.occurrence);
        read(sample, "known", one.known_held);
        for (const Json& held : sample.at("held"))
            one.held.push_back({held.at("name"), from_hex(held.at("stack")), held.at("robust")});
        point.samples.push_back(std::move(one));
    }
    return point;
}

Result result_from(const Json& json) {
    Result result;
    read(json, "id", result.id);
    const auto outcome = parse_outcome(json.at("outcome").get<std::string>());
    if (!outcome) throw Json::other_error::create(501, "outcome", nullptr);
    result.outcome = *outcome;
    read(json, "summary", result.summary);
    // A journal of an older version has none.
    if (json.contains("summary_code")) {
        result.code = parse_summary_code(json.at("summary_code").get<std::string>())
                          .value_or(SummaryCode::as_alone);
    }
    read(json, "evidence", result.evidence);
    read(json, "lock_tree", result.lock_tree);
    read(json, "stuck_behind", result.stuck_behind);
    read(json, "errors", result.errors);
    read(json, "seconds", result.seconds);
    read(json, "seen", result.seen);
    read(json, "runs", result.runs);
    return result;
}

void take_header(const Json& json, Ledger* ledger) {
    read(json, "command", ledger->command);
    read(json, "arguments", ledger->arguments);
    read(json, "how", ledger->how);
    read(json, "seed", ledger->seed);
    read(json, "shard", ledger->shard.index);
    read(json, "shards", ledger->shard.count);
    read(json, "exhaustive", ledger->exhaustive);
    read(json, "threads_wanted", ledger->threads);
    read(json, "service", ledger->service);
    read(json, "alone_seconds", ledger->alone_seconds);
    read(json, "planned", ledger->planned);
    read(json, "passages", ledger->passages);
    Census& census = ledger->census;
    read(json, "runs", census.runs);
    read(json, "handles_signals", census.handles_signals);
    read(json, "threads", census.threads);
    read(json, "threads_lost", census.threads_lost);
    read(json, "points_lost", census.points_lost);
    read(json, "other_processes", census.other_processes);
    read(json, "quiet_threads", census.quiet_threads);
}

[[noreturn]] void bad_line(const std::string& file, std::size_t line) {
    throw Error(ErrorCode::bad_journal,
                formatted("{}:{}: not a line of a sweep's journal", file, line));
}

}  // namespace

std::string header_line(const Ledger& ledger) {
    const Census& census = ledger.census;
    return line_of({{"schema", base::kJsonSchema},
                    {"command", ledger.command},
                    {"arguments", ledger.arguments},
                    {"how", ledger.how},
                    {"seed", ledger.seed},
                    {"shard", ledger.shard.index},
                    {"shards", ledger.shard.count},
                    {"exhaustive", ledger.exhaustive},
                    {"threads_wanted", ledger.threads},
                    {"service", ledger.service},
                    {"alone_seconds", ledger.alone_seconds},
                    {"planned", ledger.planned},
                    {"passages", ledger.passages},
                    {"points", census.points.size()},
                    {"runs", census.runs},
                    {"handles_signals", census.handles_signals},
                    {"threads", census.threads},
                    {"threads_lost", census.threads_lost},
                    {"points_lost", census.points_lost},
                    {"other_processes", census.other_processes},
                    {"quiet_threads", census.quiet_threads}});
}

std::string point_line(const Point& point) {
    Json frames = Json::array();
    for (const Frame& frame : point.frames)
        frames.push_back(to_json(frame));
    Json samples = Json::array();
    for (const Sample& sample : point.samples)
        samples.push_back(to_json(sample));
    return line_of({{"point",
                     {{"thread", point.thread},
                      {"path", point.path},
                      {"main", point.is_main},
                      {"start", point.start},
                      {"call", inject::info(point.call).name},
                      {"stack", hex(point.stack)},
                      {"count", point.count},
                      {"together", point.together},
                      {"cancel_disabled", point.cancel_disabled},
                      {"steady", point.steady},
                      {"frames", frames},
                      {"samples", samples}}}});
}

std::string result_line(const Result& result) {
    return line_of({{"id", result.id},
                    {"outcome", to_string(result.outcome)},
                    {"summary", result.summary},
                    {"summary_code", to_string(result.code)},
                    {"evidence", result.evidence},
                    {"lock_tree", result.lock_tree},
                    {"stuck_behind", result.stuck_behind},
                    {"errors", result.errors},
                    {"seconds", result.seconds},
                    {"seen", result.seen},
                    {"runs", result.runs}});
}

Ledger read_journal(const std::string& file) {
    std::ifstream input(file);
    if (!input) {
        throw Error(ErrorCode::no_such_file, formatted("{}: {}", file, std::strerror(errno)),
                    "a sweep writes its journal into its --out directory");
    }
    Ledger ledger;
    std::string line;
    std::size_t number = 0;
    std::size_t points = 0;
    while (std::getline(input, line)) {
        ++number;
        // Without its end: the sweep was killed while it wrote.
        const bool whole = !input.eof();
        try {
            const Json json = Json::parse(line);
            if (number == 1) {
                take_header(json, &ledger);
                read(json, "points", points);
            } else if (json.contains("point")) {
                ledger.census.points.push_back(point_from(json.at("point")));
            } else if (whole) {
                Result result = result_from(json);
                ledger.results.insert_or_assign(result.id, std::move(result));
            }
        } catch (const std::exception&) {
            if (whole) bad_line(file, number);
        }
    }
    if (number == 0 || ledger.census.points.size() != points) {
        throw Error(ErrorCode::bad_journal,
                    formatted("{}: the sweep was ended before it knew its points", file),
                    "begin anew, without --resume");
    }
    return ledger;
}

Ledger united(const std::vector<Ledger>& ledgers) {
    Ledger all = ledgers.front();
    const auto key = [](const Point& point) {
        return std::tuple(point.thread, point.call, point.stack);
    };
    std::map<std::tuple<std::string, Call, std::uint64_t>, Point> points;
    all.planned = 0;
    for (const Ledger& one : ledgers) {
        if (one.command != all.command) {
            throw Error(
                ErrorCode::usage, "these are sweeps of different programs",
                formatted("\"{}\" and \"{}\"", joined(all.command, " "), joined(one.command, " ")));
        }
        all.planned += one.planned;
        for (const Point& point : one.census.points)
            points.try_emplace(key(point), point);
        for (const auto& [id, result] : one.results)
            all.results.try_emplace(id, result);
        all.census.threads = std::max(all.census.threads, one.census.threads);
        all.census.threads_lost = std::max(all.census.threads_lost, one.census.threads_lost);
        all.census.points_lost = std::max(all.census.points_lost, one.census.points_lost);
    }
    all.shard = {};
    all.census.points.clear();
    for (auto& [name, point] : points)
        all.census.points.push_back(std::move(point));
    return all;
}

}  // namespace threadfault::sweep
