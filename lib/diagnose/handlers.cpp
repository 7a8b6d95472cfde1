#include "diagnose/handlers.hpp"

#include "diagnose/rethrow_sites.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace threadfault::diagnose {
namespace {

// Of all that is walked for one landing pad.
constexpr int kMostInstructions = 40'000;
constexpr int kDeepest = 24;
// As often in one place, and a loop's numbers are forgotten.
constexpr int kVisits = 8;
// Of one call of a clean-up's.
constexpr int kMostOfOneCall = 2'000;
constexpr int kDeepestOfOneCall = 4;

// What may come of a piece of code; several where branches were not decided.
using Ends = std::uint32_t;
constexpr Ends kReturns = 1;
constexpr Ends kGoesOn = 2;  // the unwinding leaves the function
constexpr Ends kSwallows = 4;
constexpr Ends kTerminates = 8;
constexpr Ends kEndsProcess = 16;
constexpr Ends kThrowsAnother = 32;
constexpr Ends kLost = 64;
constexpr Ends kDepends = 128;  // throws another exception, which the function may catch itself

enum class Does : std::uint8_t {
    plain,
    begins_catch,
    ends_catch,
    throws_again,
    resumes,
    terminates,
    ends_process,
    throws_another,
    checks,  // reports a mistake of the program's; not taken into account
    leaves,  // by ways that are not followed
};

struct Known {
    std::string_view name;
    Does does;
};
constexpr std::array<Known, 38> kKnown = {{
    {"__cxa_begin_catch", Does::begins_catch},
    {"__cxa_end_catch", Does::ends_catch},
    {"__cxa_rethrow", Does::throws_again},
    {"_Unwind_Resume_or_Rethrow", Does::throws_again},
    {"_Unwind_Resume", Does::resumes},
    {"std::terminate", Does::terminates},
    {"std::unexpected", Does::terminates},
    {"__clang_call_terminate", Does::terminates},
    {"__cxa_call_terminate", Does::terminates},
    {"__cxa_call_unexpected", Does::terminates},
    {"__cxa_pure_virtual", Does::terminates},
    {"abort", Does::ends_process},
    {"exit", Does::ends_process},
    {"_exit", Does::ends_process},
    {"_Exit", Does::ends_process},
    {"quick_exit", Does::ends_process},
    {"err", Does::ends_process},
    {"errx", Does::ends_process},
    {"verr", Does::ends_process},
    {"verrx", Does::ends_process},
    {"__assert_fail", Does::ends_process},
    {"__assert_perror_fail", Does::ends_process},
    {"__assert", Does::ends_process},
    {"__cxa_throw", Does::throws_another},
    {"__cxa_bad_cast", Does::throws_another},
    {"__cxa_bad_typeid", Does::throws_another},
    {"__cxa_throw_bad_array_new_length", Does::checks},
    {"__stack_chk_fail", Does::checks},
    {"__fortify_fail", Does::checks},
    {"__chk_fail", Does::checks},
    {"std::rethrow_exception", Does::leaves},
    {"_Unwind_ForcedUnwind", Does::leaves},
    {"pthread_exit", Does::leaves},
    {"thrd_exit", Does::leaves},
    {"longjmp", Does::leaves},
    {"_longjmp", Does::leaves},
    {"siglongjmp", Does::leaves},
    {"__longjmp_chk", Does::leaves},
}};

Does what_does(const std::string& name) {
    const auto known = std::find_if(kKnown.begin(), kKnown.end(),
                                    [&](const Known& one) { return one.name == name; });
    if (known != kKnown.end()) return known->does;
    return name.starts_with("std::__throw_") ? Does::checks : Does::plain;
}

class Walk {
public:
    Walk(Backtraces& backtraces, const HandlerOptions& options)
        : backtraces_(backtraces),
          memory_(backtraces.unwinder().memory()),
          callees_(backtraces),
          options_(options),
          constant_([this](std::uint64_t address, void* buffer, std::size_t size) {
              const observe::Maps& maps = backtraces_.unwinder().maps();
              const observe::Mapping* const mapping = maps.find(address);
              const bool on_stack =
                  options_.frame != nullptr && mapping == maps.find(options_.frame->stack_pointer);
              return mapping != nullptr && (!mapping->writable || on_stack) &&
                     memory_.read(address, buffer, size);
          }) {}

    Ends from_landing_pad(const UnwindEffect& effect) {
        Machine machine;
        if (options_.frame != nullptr && options_.frame->saved) {
            const SavedRegisters& saved = *options_.frame->saved;
            const observe::Maps& maps = backtraces_.unwinder().maps();
            const std::uint64_t stack = options_.frame->stack_pointer;
            const auto& pointer = saved[arch::kSavedFramePointer];
            machine.set_frame(stack, saved, pointer && maps.find(*pointer) == maps.find(stack));
        }
        machine.enter_landing_pad(effect.selector);
        return walk({effect.landing_pad, machine}, 0);
    }
    bool begins_catch() const noexcept { return begins_catch_; }
    bool ends_another() const noexcept { return ends_another_; }

private:
    struct State {
        std::uint64_t ip = 0;
        Machine machine;
        bool caught = false;  // between __cxa_begin_catch and what ends it
        bool fresh = false;   // nothing was called since __cxa_begin_catch
        int begun = 0;        // calls of __cxa_begin_catch without their __cxa_end_catch
        auto operator<=>(const State&) const = default;  // NOLINT(modernize-use-nullptr)
    };
    struct Level {
        int depth = 0;
        std::vector<State> open;
        std::set<State> seen;
        std::map<std::uint64_t, int> visits;
        Ends ends = 0;
    };

    Ends walk(State first, int depth) {
        Level level;
        level.depth = depth;
        level.open.push_back(std::move(first));
        while (!level.open.empty()) {
            State state = std::move(level.open.back());
            level.open.pop_back();
            while (step(state, level)) {
            }
        }
        return level.ends;
    }

    // The part of a function that an address lies in.
    const std::optional<FunctionInfo>& function_at(std::uint64_t ip) {
        if (function_ && ip >= function_->begin && ip < function_->end) return function_;
        function_ = backtraces_.unwinder().function_at(ip);
        return function_;
    }

    // False: this path has come to its end.
    bool step(State& state, Level& level) {
        const auto end_with = [&](Ends ends) {
            level.ends |= ends;
            return false;
        };
        if (++instructions_ > most_instructions_) return end_with(kLost);
        const auto function = function_at(state.ip);
        if (!function) return end_with(kLost);
        std::array<unsigned char, kLongestInstruction> code{};
        const auto within = std::min<std::uint64_t>(code.size(), function->end - state.ip);
        if (!memory_.read(state.ip, code.data(), within)) return end_with(kLost);
        auto instruction = decode(std::span(code).first(within), state.ip);
        if (!instruction) {
            if (options_.on_unknown_call) options_.on_unknown_call();
            return end_with(kLost);
        }
        const std::uint64_t next = state.ip + instruction->length;
        const auto go_to = [&](std::uint64_t target) {
            state.ip = target;
            return true;
        };
        switch (instruction->opcode) {
            case Opcode::call:
                return call(state, level, callees_.at(instruction->target), next, false);
            case Opcode::call_indirect:
                return call(state, level, pointed_to(*instruction, state), next, false);
            case Opcode::jump:
                if (is_elsewhere(instruction->target, *function)) {
                    const Callee& callee = callees_.at(instruction->target);
                    const bool known = what_does(callee.name) != Does::plain;
                    if (known || callee.of_system || callee.address != instruction->target) {
                        return call(state, level, callee, next, true);
                    }
                }
                return go_to(instruction->target) && is_new(state, level);
            case Opcode::jump_indirect: {
                const Callee callee = pointed_to(*instruction, state);
                if (callee.address == 0 && callee.name.empty()) return end_with(kLost);
                const auto part = callee.address != 0
                                      ? backtraces_.unwinder().function_at(callee.address)
                                      : std::nullopt;
                if (part && part->begin == function->begin) {
                    return go_to(callee.address) && is_new(state, level);  // a switch
                }
                return call(state, level, callee, next, true);
            }
            case Opcode::jump_if:
            case Opcode::loop: {
                const auto met = instruction->opcode == Opcode::jump_if
                                     ? state.machine.holds(instruction->condition)
                                     : std::nullopt;
                if (!met) {
                    State other = state;
                    other.ip = instruction->target;
                    if (is_new(other, level)) level.open.push_back(std::move(other));
                }
                return go_to(met && *met ? instruction->target : next) && is_new(state, level);
            }
            case Opcode::ret:
                return end_with(kReturns);
            case Opcode::trap:
                return end_with(kEndsProcess);
            default:
                break;
        }
        if (state.fresh) assume_begun(*instruction, state);
        state.machine.run(*instruction, constant_);
        if (next >= function->end) return end_with(kLost);
        return go_to(next);
    }

    static bool is_elsewhere(std::uint64_t target, const FunctionInfo& function) {
        return target < function.begin || target >= function.end;
    }

    // Only where paths meet: a walk along a straight line meets nothing.
    bool is_new(State& state, Level& level) {
        if (++level.visits[state.ip] > kVisits) state.machine.widen();
        return level.seen.insert(state).second;
    }

    // g++'s coroutines catch everything, and throw it again if their body has not begun: a flag,
    // which lies in the coroutine's frame.
    void assume_begun(Instruction& instruction, State& state) {
        if (!options_.coroutine_has_begun) return;
        const bool compares = instruction.opcode == Opcode::compare;
        Operand& flag = compares ? instruction.destination : instruction.source;
        if (flag.kind != Operand::Kind::memory || flag.size != 1) return;
        const std::string name = backtraces_.symbolizer().symbol_at(state.ip);
        if (name.find(".actor") == std::string::npos) return;
        flag = {};
        flag.kind = Operand::Kind::immediate;
        flag.size = 1;
        flag.value = 1;
        state.fresh = false;
    }

    Callee pointed_to(const Instruction& instruction, const State& state) {
        const Operand& from = instruction.source;
        if (from.kind == Operand::Kind::memory && from.base == kNoRegister &&
            from.index == kNoRegister && !from.thread_local_segment) {
            if (const auto callee = callees_.in_slot(from.value)) return *callee;
        }
        const MachineValue value = state.machine.value_of(from, constant_);
        return value.is_number() ? callees_.at(value.number) : Callee{};
    }

    // `returns_to` is behind the call; `last`: a jump in the place of a call and a return.
    bool call(State& state, Level& level, const Callee& callee, std::uint64_t returns_to,
              bool last) {
        const auto end_with = [&](Ends ends) {
            level.ends |= ends;
            return false;
        };
        const std::uint64_t site = returns_to - 1;
        if (options_.on_call) {
            Operand argument;
            argument.kind = Operand::Kind::general;
            argument.size = 8;
            argument.base = kRdi;
            options_.on_call(callee, state.machine.value_of(argument, constant_));
        }
        switch (what_does(callee.name)) {
            case Does::begins_catch:
                state.caught = true;
                ++state.begun;
                begins_catch_ = begins_catch_ || level.depth == 0;
                break;
            case Does::ends_catch:
                // What has been thrown again is not in hand any more: that call does nothing.
                if (state.caught) return end_with(kSwallows);
                if (state.begun > 0) {
                    --state.begun;
                } else {
                    ends_another_ = ends_another_ || level.depth == 0;
                }
                break;
            case Does::throws_again:
                if (!state.caught && level.depth == 0) return end_with(kTerminates);
                return unwind(state, level, site, last);
            case Does::resumes:
                return unwind(state, level, site, last);
            case Does::terminates:
                return end_with(kTerminates);
            case Does::ends_process:
                return end_with(kEndsProcess);
            case Does::throws_another:
                return end_with(of_another(state, site, last, level.depth));
            case Does::checks:
                return false;
            case Does::leaves:
                return end_with(kLost);
            case Does::plain: {
                Ends ends = ends_of_call(state, callee, level.depth);
                if ((ends & kThrowsAnother) != 0) {
                    ends = (ends & ~kThrowsAnother) | of_another(state, site, last, level.depth);
                }
                level.ends |= ends & ~(kReturns | kGoesOn);
                if ((ends & kGoesOn) != 0) {
                    State thrown = state;
                    if (unwind(thrown, level, site, last)) level.open.push_back(std::move(thrown));
                }
                if ((ends & kReturns) == 0) return false;
                break;
            }
        }
        if (last) return end_with(kReturns);
        state.machine.come_back();
        state.fresh = what_does(callee.name) == Does::begins_catch;
        const auto function = function_at(site);
        if (!function || returns_to >= function->end) return end_with(kLost);
        state.ip = returns_to;
        return is_new(state, level);
    }

    Ends ends_of_call(const State& state, const Callee& callee, int depth) {
        const bool unknown = callee.address == 0 && callee.name.empty();
        if (unknown && options_.on_unknown_call) options_.on_unknown_call();
        if (callee.of_system) return kReturns;
        // A function without a name may be what ends in std::terminate.
        const bool follow = state.caught || options_.on_call || (!unknown && callee.name.empty());
        if (!follow) return ends_of_clean_up(state, callee, depth);
        const Ends either = state.caught && others_throw_again() ? kReturns | kGoesOn : kReturns;
        if (callee.address == 0 || depth >= kDeepest) return either;
        return ends_inside(state, callee, depth, either);
    }

    // `meanwhile`: what is taken for the end of a function that calls itself.
    Ends ends_inside(const State& state, const Callee& callee, int depth, Ends meanwhile) {
        State inner;
        inner.ip = callee.address;
        inner.machine = state.machine;
        inner.machine.enter_function();
        inner.caught = state.caught;
        const auto known = functions_.find(inner);
        if (known != functions_.end()) return known->second;
        functions_[inner] = meanwhile;
        const Ends ends = walk(inner, depth + 1);
        functions_[inner] = ends;
        return ends;
    }

    // Destructors and clean-up handlers: what they do with themselves is foreseen only where they
    // don't come back at all, or may throw out of themselves, or may find that they have to call
    // std::terminate (that of a std::thread which is still to be joined).
    Ends ends_of_clean_up(const State& state, const Callee& callee, int depth) {
        if (callee.address == 0 || depth >= kDeepestOfOneCall) return kReturns;
        const int before = instructions_;
        const int most = most_instructions_;
        if (depth == 0) most_instructions_ = std::min(most, before + kMostOfOneCall);
        const Ends ends = ends_inside(state, callee, depth, kReturns);
        if (depth == 0) {
            most_instructions_ = most;
            instructions_ = before;
        }
        const bool comes_back = (ends & (kReturns | kLost)) != 0 || ends == 0;
        return comes_back ? kReturns | (ends & (kTerminates | kThrowsAnother)) : ends & ~kGoesOn;
    }

    // What becomes of another exception that is thrown at a call of this function, or passes it.
    Ends of_another(const State& state, std::uint64_t site, bool last, int depth) {
        // The one in hand is ended for it, whoever catches it.
        if (state.caught || last) return kThrowsAnother;
        const auto function = function_at(site);
        if (!function) return kLost;
        const UnwindEffect effect = effect_of_forced_unwind(memory_, *function, site);
        switch (effect.what) {
            case OnUnwind::passes:
                return kThrowsAnother;
            case OnUnwind::terminates:
            case OnUnwind::not_covered:
                return kTerminates;
            case OnUnwind::catches: {
                // Whatever it is that was thrown: clang's way of saying that nothing may be.
                State inner = state;
                inner.machine.come_back();
                inner.ip = effect.landing_pad;
                return walk(inner, depth + 1) == kTerminates ? kTerminates : kDepends;
            }
            case OnUnwind::cleans_up:
            case OnUnwind::unknown:
                break;
        }
        return kDepends;
    }

    // Also for a place in the cold part of a function. 0: not known.
    std::uint64_t entry_of_function(std::uint64_t ip) {
        const auto function = backtraces_.unwinder().function_at(ip);
        if (!function) return 0;
        const std::string name = backtraces_.symbolizer().symbol_at(function->begin);
        const std::size_t cold = name.find(".cold");
        if (cold == std::string::npos) return name.empty() ? 0 : function->begin;
        return backtraces_.symbolizer().address_of(name.substr(0, cold)).value_or(0);
    }

    // Is there a function that throws again what its caller has caught? Mostly there is none: then
    // neither does one that is called through an unknown pointer.
    bool others_throw_again() {
        if (others_throw_again_) return *others_throw_again_;
        others_throw_again_ = false;  // meanwhile: calls within those functions
        const auto sites = rethrow_sites(backtraces_, callees_);
        bool found = !sites;
        std::set<std::uint64_t> functions;
        for (const std::uint64_t site : sites.value_or(std::vector<std::uint64_t>())) {
            const std::uint64_t entry = entry_of_function(site);
            if (found || !functions.insert(entry).second) continue;
            State inner;
            inner.ip = entry;
            inner.caught = true;
            instructions_ = 0;
            const Ends ends = walk(inner, 1);
            found = (ends & (kGoesOn | kLost)) != 0;
        }
        instructions_ = 0;
        functions_.clear();
        others_throw_again_ = found;
        return found;
    }

    // The unwinding goes on at a call of this function: into a landing pad of its own, or out.
    bool unwind(State& state, Level& level, std::uint64_t site, bool last) {
        const auto end_with = [&](Ends ends) {
            level.ends |= ends;
            return false;
        };
        if (last) return end_with(kGoesOn);  // its frame is gone
        const auto function = function_at(site);
        if (!function) return end_with(kLost);
        const UnwindEffect effect = effect_of_forced_unwind(memory_, *function, site);
        switch (effect.what) {
            case OnUnwind::passes:
                return end_with(kGoesOn);
            case OnUnwind::terminates:
            case OnUnwind::not_covered:
                return end_with(kTerminates);
            case OnUnwind::unknown:
                return end_with(kLost);
            case OnUnwind::cleans_up:
            case OnUnwind::catches:
                break;
        }
        state.machine.enter_landing_pad(effect.selector);
        state.caught = false;
        state.fresh = false;
        state.ip = effect.landing_pad;
        return is_new(state, level);
    }

    Backtraces& backtraces_;
    RemoteMemory& memory_;
    Callees callees_;
    const HandlerOptions& options_;
    Machine::Constant constant_;
    std::optional<FunctionInfo> function_;
    std::map<State, Ends> functions_;
    int instructions_ = 0;
    int most_instructions_ = kMostInstructions;
    std::optional<bool> others_throw_again_;
    bool begins_catch_ = false;
    bool ends_another_ = false;
};

}  // namespace

Handling what_becomes_of(Backtraces& backtraces, const UnwindEffect& effect,
                         const HandlerOptions& options) {
    Walk walk(backtraces, options);
    const Ends ends = walk.from_landing_pad(effect);
    Handling handling{Caught::unknown, walk.begins_catch(), walk.ends_another()};
    constexpr Ends kFatal = kSwallows | kTerminates | kEndsProcess | kThrowsAnother;
    // Nothing but clean-up goes on: where its code can't be followed it still does.
    const bool plain = effect.what == OnUnwind::cleans_up && !effect.mixed;
    if (ends == kGoesOn || (plain && (ends & (kFatal | kDepends)) == 0)) {
        handling.caught = Caught::goes_on;
    } else if (ends == 0 || (ends & ~kFatal) != 0) {
        handling.caught = Caught::unknown;
    } else if ((ends & (kSwallows | kThrowsAnother)) != 0) {
        handling.caught = Caught::swallowed;
    } else {
        handling.caught = (ends & kTerminates) != 0 ? Caught::terminates : Caught::ends_process;
    }
    return handling;
}

}  // namespace threadfault::diagnose
