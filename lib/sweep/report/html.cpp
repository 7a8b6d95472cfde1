// The page: page.html with the results in it as JSON.
#include "format/format.hpp"
#include "sweep/page.hpp"
#include "sweep/report/report.hpp"

#include <map>
#include <nlohmann/json.hpp>

namespace threadfault::sweep {
namespace {

using Json = nlohmann::ordered_json;

// Each text once; the page refers to them by number.
class Texts {
public:
    std::size_t operator()(const std::string& text) {
        const auto [place, added] = numbers_.try_emplace(text, list_.size());
        if (added) list_.push_back(text);
        return place->second;
    }
    const std::vector<std::string>& list() const noexcept { return list_; }

private:
    std::map<std::string, std::size_t> numbers_;
    std::vector<std::string> list_;
};

std::string site_of(const Point& point) {
    return formatted("{} in {}", inject::info(point.call).name, point.site().text());
}

Json story_of(const Finding& finding, const Ledger& ledger) {
    const Result& result = *finding.result;
    Json frames = Json::array();
    for (const Frame& frame : finding.point->frames)
        frames.push_back(frame.text());
    Json held = Json::array();
    for (const Sample& sample : finding.point->samples) {
        if (sample.occurrence != finding.experiment.occurrence) continue;
        for (const Held& lock : sample.held)
            held.push_back(lock.name);
        break;
    }
    return {{"key", finding.key},
            {"outcome", to_string(result.outcome)},
            {"who", finding.who()},
            {"what", finding.what()},
            {"how", finding.experiment.deed.kind()},
            {"start", finding.point->start},
            {"site", site_of(*finding.point)},
            {"summary", result.summary},
            {"source", excerpt(finding.point->site(), 5)},
            {"file", finding.point->site().file},
            {"frames", frames},
            {"held", held},
            {"behind", result.stuck_behind},
            {"tree", result.lock_tree},
            {"evidence", result.evidence},
            {"errors", result.errors},
            {"seen", result.seen},
            {"runs", result.runs},
            {"count", finding.ids.size()},
            {"accepted", finding.accepted},
            {"reproduce", reproduce_command(ledger, finding.experiment.id)}};
}

// Inside a <script>: nothing in it may end it.
std::string harmless(std::string json) {
    std::string text;
    for (const char c : json)
        text += c == '<' ? std::string("\\u003c") : std::string(1, c);
    return text;
}

}  // namespace

std::string html_report(const Findings& findings) {
    const Ledger& ledger = findings.ledger();
    Texts texts;
    Json experiments = Json::array();
    for (const auto& [id, result] : ledger.results) {
        const Experiment experiment = parse_id(id);
        const Point* const point = findings.point_of(experiment);
        if (point == nullptr) continue;
        experiments.push_back({texts(point->start), texts(site_of(*point)),
                               texts(std::string(experiment.deed.name)),
                               texts(std::string(to_string(result.outcome))),
                               experiment.side == Side::before ? 0 : 1, texts(point->thread),
                               experiment.occurrence, result.seconds, texts(result.summary), id});
    }
    Json stories = Json::array();
    for (const Finding& finding : findings.all())
        stories.push_back(story_of(finding, ledger));
    Json outcomes;
    for (const Outcome outcome : kOutcomes)
        outcomes[std::string(to_string(outcome))] = findings.outcomes().at(outcome);
    const Coverage& coverage = findings.coverage();
    const Json data = {{"command", joined(ledger.command, " ")},
                       {"seed", ledger.seed},
                       {"experiments", experiments},
                       {"texts", texts.list()},
                       {"findings", stories},
                       {"fresh", findings.fresh()},
                       {"outcomes", outcomes},
                       {"points", coverage.points},
                       {"tried", coverage.tried},
                       {"planned", ledger.planned},
                       {"passages", ledger.passages},
                       {"gaps", coverage.gaps}};
    std::string page = kPage;
    constexpr std::string_view kMark = "{{data}}";
    const std::size_t at = page.find(kMark);
    page.replace(at, kMark.size(),
                 harmless(data.dump(-1, ' ', false, Json::error_handler_t::replace)));
    return page;
}

}  // namespace threadfault::sweep
