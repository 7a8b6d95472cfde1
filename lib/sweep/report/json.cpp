#include "base/json_schema.hpp"
#include "format/format.hpp"
#include "sweep/report/report.hpp"

#include <nlohmann/json.hpp>

namespace threadfault::sweep {
namespace {

using Json = nlohmann::ordered_json;

Json frames_of(const Point& point) {
    Json frames = Json::array();
    for (const Frame& frame : point.frames)
        frames.push_back(frame.text());
    return frames;
}

Json held_of(const Finding& finding) {
    Json held = Json::array();
    const Sample* sample = nullptr;
    for (const Sample& one : finding.point->samples)
        if (one.occurrence == finding.experiment.occurrence) sample = &one;
    for (const Held& lock : sample != nullptr ? sample->held : finding.point->held())
        held.push_back(lock.name);
    return held;
}

Json finding_json(const Finding& finding, const Ledger& ledger) {
    const Result& result = *finding.result;
    return {{"key", finding.key},
            {"outcome", to_string(result.outcome)},
            {"how", finding.experiment.deed.name},
            {"thread_path", finding.experiment.any_thread ? Json() : Json(finding.point->thread)},
            {"start", finding.point->start},
            {"call", inject::info(finding.point->call).name},
            {"when", finding.experiment.side == Side::before ? "before" : "after"},
            {"location", finding.point->site().location()},
            {"stack", frames_of(*finding.point)},
            {"held_locks", held_of(finding)},
            {"stuck_behind", result.stuck_behind},
            {"reproduce", reproduce_command(ledger, finding.experiment.id)},
            {"id", finding.experiment.id},
            {"occurrence", finding.experiment.occurrence},
            {"summary", result.summary},
            {"summary_code", to_string(result.code)},
            {"evidence", result.evidence},
            {"seen", result.seen},
            {"runs", result.runs},
            {"experiments", finding.ids.size()},
            {"accepted", finding.accepted}};
}

}  // namespace

std::string json_report(const Findings& findings, int indent) {
    const Ledger& ledger = findings.ledger();
    const Coverage& coverage = findings.coverage();
    Json outcomes;
    for (const Outcome outcome : kOutcomes)
        outcomes[std::string(to_string(outcome))] = findings.outcomes().at(outcome);
    Json list = Json::array();
    for (const Finding& finding : findings.all())
        list.push_back(finding_json(finding, ledger));
    const Json report = {
        {"schema", base::kJsonSchema},
        {"command", joined(ledger.command, " ")},
        {"seed", ledger.seed},
        {"experiments", ledger.results.size()},
        {"planned", ledger.planned},
        {"stands_for", ledger.passages},
        {"outcomes", outcomes},
        {"points", coverage.points},
        {"points_tried", coverage.tried},
        {"coverage", coverage.points == 0 ? 0.0
                                          : static_cast<double>(coverage.tried) /
                                                static_cast<double>(coverage.points)},
        {"not_covered", coverage.gaps},
        {"how", ledger.how.empty() ? "default" : ledger.how},
        {"shard", formatted("{}/{}", ledger.shard.index, ledger.shard.count)},
        {"findings", list}};
    return report.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace threadfault::sweep
