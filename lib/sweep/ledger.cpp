#include "sweep/ledger.hpp"

#include "base/json_schema.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <tuple>

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
    json.at("thread").get_to(point.thread);
    json.at("path").get_to(point.path);
    json.at("main").get_to(point.is_main);
    json.at("start").get_to(point.start);
    const std::string call = json.at("call");
    if (!inject::find_call(call.data(), call.size(), &point.call))
        throw Json::other_error::create(501, "call", nullptr);
    point.stack = from_hex(json.at("stack"));
    json.at("count").get_to(point.count);
    json.at("cancel_disabled").get_to(point.cancel_disabled);
    for (const Json& frame : json.at("frames")) {
        point.frames.push_back({frame.at("function"), frame.at("file"), frame.at("line"),
                                frame.at("module"), frame.at("offset")});
    }
    for (const Json& sample : json.at("samples")) {
        Sample one;
        sample.at("occurrence").get_to(one.occurrence);
        sample.at("known").get_to(one.known_held);
        for (const Json& held : sample.at("held"))
            one.held.push_back({held.at("name"), from_hex(held.at("stack")), held.at("robust")});
        point.samples.push_back(std::move(one));
    }
    return point;
}

Result result_from(const Json& json) {
    Result result;
    json.at("id").get_to(result.id);
    const auto outcome = parse_outcome(json.at("outcome").get<std::string>());
    if (!outcome) throw Json::other_error::create(501, "outcome", nullptr);
    result.outcome = *outcome;
    json.at("summary").get_to(result.summary);
    json.at("evidence").get_to(result.evidence);
    json.at("lock_tree").get_to(result.lock_tree);
    json.at("stuck_behind").get_to(result.stuck_behind);
    json.at("errors").get_to(result.errors);
    json.at("seconds").get_to(result.seconds);
    json.at("seen").get_to(result.seen);
    json.at("runs").get_to(result.runs);
    return result;
}

void take_header(const Json& json, Ledger* ledger) {
    json.at("command").get_to(ledger->command);
    json.at("arguments").get_to(ledger->arguments);
    json.at("how").get_to(ledger->how);
    json.at("seed").get_to(ledger->seed);
    json.at("shard").get_to(ledger->shard.index);
    json.at("shards").get_to(ledger->shard.count);
    json.at("exhaustive").get_to(ledger->exhaustive);
    json.at("threads_wanted").get_to(ledger->threads);
    json.at("service").get_to(ledger->service);
    json.at("alone_seconds").get_to(ledger->alone_seconds);
    json.at("planned").get_to(ledger->planned);
    json.at("passages").get_to(ledger->passages);
    Census& census = ledger->census;
    json.at("runs").get_to(census.runs);
    json.at("handles_signals").get_to(census.handles_signals);
    json.at("threads").get_to(census.threads);
    json.at("threads_lost").get_to(census.threads_lost);
    json.at("points_lost").get_to(census.points_lost);
    json.at("other_processes").get_to(census.other_processes);
    json.at("quiet_threads").get_to(census.quiet_threads);
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
                      {"cancel_disabled", point.cancel_disabled},
                      {"frames", frames},
                      {"samples", samples}}}});
}

std::string result_line(const Result& result) {
    return line_of({{"id", result.id},
                    {"outcome", to_string(result.outcome)},
                    {"summary", result.summary},
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
                json.at("points").get_to(points);
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
