// Call faults for the command: SPECs read, checked and put into the form in which they travel.
//
//   const Spec spec = parse_spec("pthread_create:error=EAGAIN:when=3", {.force = false});
//   run:     put join_specs(specs) into the environment as THREADFAULT_INJECT
//   inject:  send spec.text in a wire::ArmRequest
//
// Thread-safe; not for signal handlers. Errors are threadfault::Error{usage}: "bad_spec" for the
// grammar, "illegitimate_fault" for a fault that may not stand at its call.
#ifndef THREADFAULT_INJECT_SPEC_HPP
#define THREADFAULT_INJECT_SPEC_HPP

#include "inject/rule.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::inject {

inline constexpr const char* kEnvironmentVariable = "THREADFAULT_INJECT";

struct SpecOptions {
    bool force = false;                      // take faults that no real program could meet there
    std::optional<std::uint64_t> seed = {};  // for probability=, where the SPEC has no seed=
};

struct Spec {
    std::string text;  // as it travels: what the user wrote, with the seed and force
    Rule rule;

    // Does it need the points library (run --points), or does the basic shim do?
    bool needs_points() const noexcept;
    // The GLOB of start= whose addresses the guest can't find out as well as we can (it sees
    // dynamic symbols alone, and no demangled names): "" if there is none.
    std::string_view start_glob() const noexcept;
    // The addresses of the functions that start_glob() means. `relative`: of the program's file, as
    // it was linked, for a program that does not run yet; it must be the program itself, not a
    // library. At most ThreadMatch::kMostRanges, else, or if none are given, Error{usage}.
    void set_start_ranges(std::span<const Range> ranges, bool relative);
};

Spec parse_spec(std::string_view text, const SpecOptions& options = {});

// SELECTOR:FAULT of `run --on-start`, as the SPEC "thread_start:FAULT:thread=SELECTOR". It is split
// at the last ":kill=", ":delay=" or ":freeze=": a selector may have colons in it.
Spec parse_on_start(std::string_view text);

// Gives a start= its addresses, from the symbols of the program's file ("/proc/PID/exe" of a target
// that runs): demangled, without parameters, as in every selector. A start routine that lies in a
// library, or in a file without symbols, is left to the guest, which knows dynamic symbols alone.
// Throws as set_start_ranges() when the GLOB means too many functions.
void resolve_start_routines(Spec& spec, const std::string& program_file);

// The value of THREADFAULT_INJECT: one SPEC a line.
std::string join_specs(std::span<const Spec> specs);

// Why the fault may not stand at one of its calls, for people; "" when it may. The names of the
// errors that the call allows, and where it stands, are part of it.
std::string why_illegitimate(const Rule& rule);

// Why a call that matched was left alone (SpecRecord::skipped): what its object would have to be.
// "" if there is no such reason.
std::string why_skipped(const Rule& rule);
// The same of a SPEC as an agent tells it, which may not be one.
std::string why_skipped(std::string_view text);

// What it depends on, each once: "mutex", "file" and so on (possible.hpp).
std::vector<std::string_view> what_skips(std::string_view text);

// What `--help` says about SPECs.
std::string_view spec_help();

// The names of all calls, in the order of the table.
std::vector<std::string_view> call_names();

}  // namespace threadfault::inject

#endif  // THREADFAULT_INJECT_SPEC_HPP
