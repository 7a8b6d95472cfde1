// Call faults of a target that runs.
#include "format/format.hpp"
#include "harness/impl.hpp"
#include "inject/spec.hpp"

#include <cstring>

namespace threadfault {
namespace {

// For an agent that is about to listen.
constexpr std::chrono::seconds kPatience{1};

[[noreturn]] void not_armed(const wire::ArmReply& reply, const std::string& text,
                            const std::string& who, bool attached) {
    if (attached) {
        throw Error(ErrorCode::needs_points,
                    formatted("{} is attached to: call faults need the shim in it", who),
                    "launch it with Target::launch() and Shim::points");
    }
    switch (reply.outcome) {
        case wire::ArmOutcome::needs_points:
            throw Error(
                ErrorCode::needs_points,
                formatted("{} does not run with the points library, which \"{}\" needs", who, text),
                "launch it with Shim::points");
        case wire::ArmOutcome::too_many:
            throw Error(ErrorCode::too_many,
                        formatted("{} has reached its limit of call faults", who),
                        "clear_injections() removes them");
        default:
            throw Error(ErrorCode::bad_spec,
                        formatted("the agent of {} does not understand \"{}\" (column {})", who,
                                  text, reply.column),
                        "is the program's shim of the same build?");
    }
}

}  // namespace

std::uint32_t Target::inject(std::string_view text, bool force, std::optional<std::uint64_t> seed) {
    inject::Spec spec = inject::parse_spec(text, {.force = force, .seed = seed});
    const observe::Process process = impl_->open();
    inject::resolve_start_routines(spec, process.exe_path());
    const auto connection = impl_->connect(process, kPatience);
    const wire::ArmReply reply = connection->arm(spec.text);
    if (reply.outcome != wire::ArmOutcome::armed)
        not_armed(reply, spec.text, impl_->who(), connection->guardian() != 0);
    return reply.id;
}

std::vector<Injection> Target::injections() const {
    const observe::Process process = impl_->open();
    std::vector<Injection> injections;
    for (const wire::SpecRecord& record : impl_->connect(process, kPatience)->specs()) {
        const std::string_view text(record.text, strnlen(record.text, sizeof record.text));
        injections.push_back({record.id, std::string(text), record.matched, record.injected,
                              record.skipped,
                              record.skipped > 0 ? inject::why_skipped(text) : std::string()});
    }
    return injections;
}

std::uint32_t Target::clear_injections() {
    const observe::Process process = impl_->open();
    return impl_->connect(process, kPatience)->disarm();
}

}  // namespace threadfault
