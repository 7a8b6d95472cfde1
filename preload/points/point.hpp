// What an interposed call does: a load, and on to the real one, unless a rule is about it.
#ifndef THREADFAULT_PRELOAD_POINT_HPP
#define THREADFAULT_PRELOAD_POINT_HPP

#include "inject/calls.hpp"
#include "preload/points/passages.hpp"
#include "preload/points/rules.hpp"

#include <errno.h>
#include <threads.h>

#include <type_traits>

namespace threadfault::shim {

// The failure that a rule asks for, in the way that the call has: the arguments do not matter.
template <inject::Convention kConvention, typename Result>
Result fail(const Effect& effect) noexcept {
    using inject::Convention;
    if constexpr (kConvention == Convention::none) {
        return Result();
    } else {
        // Forced on a call that can't wake up spuriously: it succeeds without having been made.
        if (effect.action == inject::Action::spurious) return Result{0};
        if constexpr (kConvention == Convention::error_number) {
            errno = effect.error;
            return Result{-1};
        } else if constexpr (kConvention == Convention::c11) {
            return effect.action == inject::Action::interrupt ? thrd_error : Result{effect.error};
        } else if constexpr (kConvention == Convention::minus_one) {
            return Result{-1};
        } else {
            return static_cast<Result>(effect.error);
        }
    }
}

template <inject::Convention kConvention>
struct Fail {
    template <typename Real, typename... Arguments>
    auto operator()(const Effect& effect, Real& real, Arguments... arguments) const {
        return fail<kConvention, decltype(real(arguments...))>(effect);
    }
};

// What a sweep must know of a call's arguments: a lock comes first.
template <typename First, typename... Rest>
const void* first_pointer(First first, Rest... /*rest*/) noexcept {
    if constexpr (std::is_pointer_v<First>) {
        return static_cast<const void*>(
            const_cast<const std::remove_cv_t<std::remove_pointer_t<First>>*>(first));
    } else {
        return nullptr;
    }
}
inline const void* first_pointer() noexcept {
    return nullptr;
}

// The rest of a call that is recorded, where no rule is in force.
template <inject::Call kCall, auto& kReal, auto kInstead, typename... Arguments>
[[gnu::always_inline]] inline auto recorded(const Passage& passage, Arguments... arguments) {
    if constexpr (std::is_void_v<decltype(kReal(arguments...))>) {
        if (!passage.instead) kReal(arguments...);
        leave_passage(passage, kCall, true);
    } else {
        const auto result =
            passage.instead ? kInstead(passage.effect, kReal, arguments...) : kReal(arguments...);
        const int kept = errno;
        leave_passage(passage, kCall, result == 0 || result == EOWNERDEAD);
        errno = kept;
        return result;
    }
}

// Out of the way of the call itself, which is two jumps long. Forced unwinding passes through.
template <inject::Call kCall, auto& kReal, auto kInstead, typename... Arguments>
[[gnu::noinline, gnu::cold]] auto faulted(Arguments... arguments) {
    using inject::Side;
    Passage passage;
    if (passages_recorded.load(std::memory_order_relaxed)) {
        enter_passage(&passage, kCall, first_pointer(arguments...));
    }
    if (!had_rules()) return recorded<kCall, kReal, kInstead>(passage, arguments...);
    const Decision decision = decide(kCall, Side::before, arguments_of<kCall>(arguments...));
    act_on(decision);
    const Effect* const instead = passage.instead ? &passage.effect : decision.instead();
    if constexpr (std::is_void_v<decltype(kReal(arguments...))>) {
        if (instead == nullptr) kReal(arguments...);
        act_on(decide(kCall, Side::after));
        leave_passage(passage, kCall, true);
    } else {
        const auto result =
            instead != nullptr ? kInstead(*instead, kReal, arguments...) : kReal(arguments...);
        const int kept = errno;
        act_on(decide(kCall, Side::after));
        leave_passage(passage, kCall, result == 0 || result == EOWNERDEAD);
        errno = kept;
        return result;
    }
}

// The interposer of a call whose failure needs more than its convention names `kInstead`:
// called with the effect, the real call and the arguments.
template <inject::Call kCall, auto& kReal, auto kInstead, typename... Arguments>
inline auto point_instead(Arguments... arguments) {
    const bool armed = armed_calls[static_cast<std::size_t>(kCall)].load(std::memory_order_relaxed);
    if constexpr (requires { kReal.peek(); }) {
        // What is not looked up yet is left to the slow way too, so that this one saves no
        // register.
        const auto known = kReal.peek();
        if (armed || known == nullptr) [[unlikely]] {
            return faulted<kCall, kReal, kInstead>(arguments...);
        }
        return known(arguments...);
    } else {
        if (armed) [[unlikely]]
            return faulted<kCall, kReal, kInstead>(arguments...);
        return kReal(arguments...);
    }
}

template <inject::Call kCall, auto& kReal, typename... Arguments>
inline auto point(Arguments... arguments) {
    constexpr auto kConvention = inject::kConventions[static_cast<std::size_t>(kCall)];
    return point_instead<kCall, kReal, Fail<kConvention>{}>(arguments...);
}

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_POINT_HPP
