// threadfault-sweep: what `threadfault sweep` and `threadfault report merge` become.
//
// A sweep is two processes: this one, and the one that does the work, which is a target of a
// guardian like any other. Whatever becomes of either, the guardian ends what they have started.
#include "programs/print.hpp"
#include "programs/report_error.hpp"
#include "programs/stop_signals.hpp"
#include "programs/sweep/gdb.hpp"
#include "programs/sweep/guarded.hpp"
#include "programs/sweep/show.hpp"

#include "base/json_schema.hpp"
#include "format/format.hpp"
#include "render/error_table.hpp"
#include "sweep/campaign.hpp"
#include "sweep/findings.hpp"
#include "sweep/plan.hpp"
#include "sweep/report/report.hpp"
#include "sweep/running.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <string>

namespace threadfault::sweep {
namespace {

using Json = nlohmann::ordered_json;
using cli::caught_signal;
using cli::global_stop;
using cli::print;

int finish(const Ledger& ledger, const Options& options, const std::string& next) {
    const Findings findings(ledger, read_baseline(options.baseline));
    write_reports(findings, options.out);
    if (options.json) {
        print(json_report(findings, -1));
    } else {
        print("\n" + text_report(findings, options.color));
        if (!next.empty()) print(next);
        print(formatted("report: {}/report.html\n", options.out));
    }
    if (caught_signal != 0) return 128 + caught_signal;
    return static_cast<int>(findings.fresh() > 0 ? cli::ExitCode::bad_verdict
                                                 : cli::ExitCode::done);
}

int merge(const Options& options) {
    std::vector<Ledger> ledgers;
    for (const std::string& directory : options.merge)
        ledgers.push_back(read_journal(directory + "/journal.jsonl"));
    const Ledger all = united(ledgers);
    std::error_code ignored;
    std::filesystem::create_directories(options.out, ignored);
    return finish(all, options, "");
}

int repeat(Campaign& campaign, const Options& options) {
    const Experiment experiment = parse_id(options.reproduce);
    if (options.gdb) become_gdb(campaign.setup(), options, experiment);
    campaign.learn();
    campaign.take_census();
    const Findings names(campaign.ledger(), {});
    const Result result = campaign.repeat(experiment);
    Json json = {{"schema", base::kJsonSchema}};
    json.update(Json::parse(result_line(result)));
    print(options.json ? json.dump() + "\n"
                       : story(names.point_of(experiment), experiment, result, options.color));
    if (caught_signal != 0) return 128 + caught_signal;
    return static_cast<int>(is_finding(result.outcome) ? cli::ExitCode::bad_verdict
                                                       : cli::ExitCode::done);
}

int sweep(const Options& options) {
    read_baseline(options.baseline);
    become_subreaper();
    Progress progress(options);
    Campaign campaign(options, global_stop(), progress.listener());
    if (!options.reproduce.empty()) return repeat(campaign, options);
    campaign.learn();
    if (!global_stop().requested()) campaign.take_census();
    if (global_stop().requested()) return 128 + caught_signal;
    if (options.list_points) {
        print(options.json ? points_json(campaign.ledger())
                           : points_text(campaign.ledger(), options));
        return 0;
    }
    progress.begin(campaign.ledger());
    campaign.run();
    progress.end();
    const bool unfinished = campaign.ledger().results.size() < campaign.ledger().planned;
    return finish(campaign.ledger(), options,
                  unfinished ? "go on: the same command with --resume (and a --budget)\n" : "");
}

int run(const std::vector<std::string>& arguments) {
    Options options;
    return cli::reporting_errors(options, [&] {
        if (arguments.empty()) from_argument("");
        options = from_argument(arguments.front());
        cli::stop_on_signals();
        if (!options.merge.empty()) return merge(options);
        const bool inner = arguments.size() > 1 && arguments[1] == "--guarded";
        if (!inner && !options.gdb) return run_guarded(arguments.front(), caught_signal);
        return sweep(options);
    });
}

}  // namespace
}  // namespace threadfault::sweep

int main(int argc, char** argv) {
    const int status = threadfault::sweep::run({argv + 1, argv + argc});
    std::fflush(stdout);
    _exit(status);
}
