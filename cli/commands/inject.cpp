// threadfault inject: faults at the calls of a live target.
#include "base/clean_text.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "format/format.hpp"
#include "inject/spec.hpp"
#include "render/json_values.hpp"
#include "render/text.hpp"

#include <unistd.h>

#include <charconv>
#include <memory>

namespace threadfault::cli {
namespace {

struct InjectOptions {
    std::string pid;
    std::vector<std::string> specs;
    bool list = false;
    bool clear = false;
    bool force = false;
    std::string seed;
};

[[noreturn]] void not_armed(const wire::ArmReply& reply, const std::string& text, pid_t pid) {
    switch (reply.outcome) {
        case wire::ArmOutcome::needs_points:
            throw Error(ErrorCode::needs_points,
                        formatted("process {} runs without the points library, which "
                                  "\"{}\" needs",
                                  pid, text),
                        "start it with threadfault run --points -- PROGRAM");
        case wire::ArmOutcome::too_many:
            throw Error(ErrorCode::too_many,
                        formatted("process {} has reached its limit of call faults", pid),
                        formatted("`threadfault inject {} --clear` disarms them", pid));
        default:
            throw Error(ErrorCode::bad_spec,
                        formatted("the agent of process {} does not understand \"{}\" (column "
                                  "{})",
                                  pid, text, reply.column),
                        "is the program's shim of the same build as this threadfault?");
    }
}

int arm(client::Connection& connection, pid_t pid, const std::vector<inject::Spec>& specs,
        const Invocation& invocation) {
    std::string out;
    Json armed = Json::array();
    for (const inject::Spec& spec : specs) {
        const wire::ArmReply reply = connection.arm(spec.text);
        if (reply.outcome != wire::ArmOutcome::armed) not_armed(reply, spec.text, pid);
        armed.push_back({{"id", reply.id}, {"spec", spec.text}});
        out += formatted("armed as number {}: {}\n", reply.id, base::clean_line(spec.text));
    }
    if (invocation.json) out = line({{"pid", pid}, {"armed", armed}});
    print_out(out);
    return 0;
}

Json skipped_because(const wire::SpecRecord& record) {
    if (record.skipped == 0) return nullptr;
    return inject::why_skipped(record.text);
}

Json skipped_because_codes(const wire::SpecRecord& record) {
    Json codes = Json::array();
    if (record.skipped == 0) return codes;
    for (const std::string_view code : inject::what_skips(record.text))
        codes.push_back(code);
    return codes;
}

int list(client::Connection& connection, pid_t pid, const Invocation& invocation) {
    const std::vector<wire::SpecRecord> records = connection.specs();
    if (invocation.json) {
        Json specs = Json::array();
        for (const wire::SpecRecord& record : records) {
            specs.push_back({{"id", record.id},
                             {"spec", record.text},
                             {"matched", record.matched},
                             {"injected", record.injected},
                             {"skipped", record.skipped},
                             {"skipped_because", skipped_because(record)},
                             {"skipped_because_codes", skipped_because_codes(record)}});
        }
        print_out(line({{"pid", pid}, {"specs", specs}}));
        return 0;
    }
    if (records.empty()) {
        print_out(formatted("no call faults are armed in process {}\n", pid));
        return 0;
    }
    Table table({{"ID", true}, {"MATCHED", true}, {"INJECTED", true}, {"SKIPPED", true}, {"SPEC"}});
    for (const wire::SpecRecord& record : records) {
        table.add({std::to_string(record.id), std::to_string(record.matched),
                   std::to_string(record.injected), std::to_string(record.skipped),
                   base::clean_line(record.text)});
    }
    std::string out;
    table.print(&out, invocation.style(), terminal_width(STDOUT_FILENO));
    for (const wire::SpecRecord& record : records) {
        if (record.skipped == 0) continue;
        out += formatted(
            "number {} skipped {} calls: impossible on their objects: {}; --force lifts that\n",
            record.id, record.skipped, inject::why_skipped(record.text));
    }
    print_out(out);
    return 0;
}

int clear(client::Connection& connection, pid_t pid, const Invocation& invocation) {
    const std::uint32_t count = connection.disarm();
    print_out(invocation.json ? line({{"pid", pid}, {"cleared", count}})
                              : formatted("{} cleared\n", counted(count, "call fault")));
    return 0;
}

int run_inject(const InjectOptions& options, const Invocation& invocation) {
    const int asked =
        (options.specs.empty() ? 0 : 1) + (options.list ? 1 : 0) + (options.clear ? 1 : 0);
    if (asked != 1) {
        throw Error(ErrorCode::usage, "inject: missing SPEC",
                    "give a SPEC, or use --list or --clear");
    }
    std::vector<inject::Spec> specs =
        parse_specs(options.specs, options.force, parse_seed(options.seed));
    const observe::Process process = open_process(options.pid);
    for (inject::Spec& spec : specs)
        inject::resolve_start_routines(spec, process.exe_path());
    client::Connection connection(process);
    if (options.list) return list(connection, process.pid(), invocation);
    if (options.clear) return clear(connection, process.pid(), invocation);
    return arm(connection, process.pid(), specs, invocation);
}

}  // namespace

std::optional<std::uint64_t> parse_seed(const std::string& text) {
    if (text.empty()) return std::nullopt;
    std::uint64_t seed = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, seed);
    if (error == std::errc() && rest == end) return seed;
    throw Error(ErrorCode::usage, formatted("invalid --seed \"{}\"", text),
                "it must be a whole number, for example 7");
}

std::vector<inject::Spec> parse_specs(const std::vector<std::string>& texts, bool force,
                                      std::optional<std::uint64_t> seed) {
    std::vector<inject::Spec> specs;
    specs.reserve(texts.size());
    for (const std::string& text : texts)
        specs.push_back(inject::parse_spec(text, {.force = force, .seed = seed}));
    return specs;
}

void setup_inject(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<InjectOptions>();
    app.add_option("PID", options->pid, "process ID of the target")->required()->type_name("");
    app.add_option("SPEC", options->specs, "call, fault and when, see below")->type_name("");
    app.add_flag("--list", options->list, "list the armed call faults, with their counts");
    app.add_flag("--clear", options->clear, "disarm everything");
    app.add_flag("--force", options->force, "allow faults that cannot occur in a real program");
    app.add_option("--seed", options->seed, "seed for probability=")->type_name("N");
    app.footer(std::string(inject::spec_help()) +
               "\n"
               "The target must run under `threadfault run --points`; faults of pthread_create\n"
               "and thrd_create work without it.\n"
               "\n"
               "Examples:\n"
               "  threadfault inject 4711 pthread_create:error=EAGAIN:when=3\n"
               "  threadfault inject 4711 'pthread_mutex_lock:delay=2ms:thread=name=worker*'\n"
               "  threadfault inject 4711 --list\n"
               "\n"
               "Exit status: 0 done, 2 usage or SPEC error, 3 no such process, 4 no agent or no\n"
               "points library in the target, 5 not permitted, 6 too many call faults armed.\n");
    invocation.action = [options, &invocation] { return run_inject(*options, invocation); };
}

}  // namespace threadfault::cli
