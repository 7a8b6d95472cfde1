// CALL[,CALL…]:[before:|after:]FAULT[:when=…][:probability=P][:seed=N][:force][:child]
//     [:thread=SELECTOR]
#include "base/fault.hpp"
#include "inject/rule.hpp"
#include "inject/scan.hpp"
#include "inject/thread_terms.hpp"

namespace threadfault::inject {

namespace {

using Word = Problem::Word;

constexpr std::int64_t kNoDuration = -1;

bool parse_calls(Scanner& scanner, Rule* rule) noexcept {
    bool first = true;
    for (;;) {
        const Piece name = scanner.until(":,");
        Call call{};
        if (!find_call(name.text, name.length, &call)) {
            return scanner.fail(name, Word::call, "a call");
        }
        const bool c11 = info(call).convention == Convention::c11;
        for (std::size_t i = 0; !first && i < kCallCount; ++i) {
            const auto other = static_cast<Call>(i);
            if (rule->calls.has(other) && (info(other).convention == Convention::c11) != c11) {
                return scanner.fail(name, Word::other,
                                    "a call whose errors have the same names (mtx_..., cnd_... and "
                                    "thrd_... calls need a SPEC of their own)");
            }
        }
        rule->calls.add(call);
        first = false;
        if (!scanner.take(',')) return true;
    }
}

Convention error_convention(const CallSet& calls) noexcept {
    for (std::size_t i = 0; i < kCallCount; ++i) {
        const auto call = static_cast<Call>(i);
        if (calls.has(call)) {
            return info(call).convention == Convention::c11 ? Convention::c11 : Convention::number;
        }
    }
    return Convention::number;
}

bool parse_error(Scanner& scanner, Rule* rule) noexcept {
    rule->action = Action::error;
    const Piece name = scanner.until(":");
    const Convention convention = error_convention(rule->calls);
    rule->error = find_error(convention, name.text, name.length);
    if (rule->error != 0) return true;
    return scanner.fail(name, Word::error,
                        convention == Convention::c11
                            ? "thrd_busy, thrd_error, thrd_nomem or thrd_timedout"
                            : "the name of an error, such as EAGAIN");
}

bool parse_duration(Scanner& scanner, Action action, Rule* rule) noexcept {
    rule->action = action;
    const Piece text = scanner.until(":");
    rule->duration_ns = to_duration(text, kNoDuration);
    if (rule->duration_ns > 0) return true;
    return scanner.fail(text, Word::other, "a duration such as 250us, 10ms or 1.5s");
}

bool parse_death(Scanner& scanner, Rule* rule) noexcept {
    rule->action = Action::kill;
    const Piece how = scanner.until(":");
    const base::FaultInfo* const death = base::find_death({how.text, how.length});
    if (death == nullptr) {
        return scanner.fail(how, Word::death, base::kDeathsInWords.c_str());
    }
    rule->death = death->fault;
    return true;
}

bool parse_fault(Scanner& scanner, Rule* rule) noexcept {
    Piece name = scanner.until(":=");
    bool sided = false;
    if (name == "before" || name == "after") {
        sided = true;
        rule->side = name == "after" ? Side::after : Side::before;
        if (!scanner.take(':')) {
            return scanner.fail(scanner.rest(), Word::fault, "\":\" and a fault");
        }
        name = scanner.until(":=");
    }
    const bool has_value = scanner.take('=');
    if (has_value && name == "kill") return parse_death(scanner, rule);
    if (has_value && name == "delay") return parse_duration(scanner, Action::delay, rule);
    if (has_value && name == "freeze") return parse_duration(scanner, Action::freeze, rule);
    if (!sided) {
        if (has_value && name == "error") return parse_error(scanner, rule);
        if (!has_value && name == "spurious") {
            rule->action = Action::spurious;
            return true;
        }
        if (!has_value && name == "interrupt") {
            rule->action = Action::interrupt;
            return true;
        }
    }
    return scanner.fail(name, Word::fault,
                        sided ? "kill=, freeze= or delay="
                              : "error=, delay=, spurious, interrupt, kill= or freeze=");
}

bool parse_when(Scanner& scanner, When* when) noexcept {
    const auto number = [&scanner](std::uint64_t* value) {
        const Piece digits = scanner.digits();
        if (to_number(digits, value) && *value > 0) return true;
        return scanner.fail(digits, Word::other, "a number from 1");
    };
    *when = {};
    if (!number(&when->first)) return false;
    if (scanner.take('.')) {
        if (!scanner.take('.')) return scanner.fail(scanner.rest(), Word::other, "\"..\"");
        const Piece last = scanner.digits();
        if (!to_number(last, &when->last) || when->last < when->first) {
            return scanner.fail(last, Word::other, "a number not less than the first");
        }
        if (!scanner.take('+')) return true;
        return number(&when->step);
    }
    if (!scanner.take('+')) {
        when->last = when->first;
        return true;
    }
    // "3+" is strace's way to say: the third and all after it.
    return scanner.at_end_of_field() || number(&when->step);
}

bool parse_option(Scanner& scanner, Rule* rule) noexcept {
    const Piece name = scanner.until(":=");
    if (name == "force" && scanner.at_end_of_field()) {
        rule->forced = true;
        return true;
    }
    if (name == "child" && scanner.at_end_of_field()) {
        rule->child = true;
        return true;
    }
    const bool known = name == "when" || name == "probability" || name == "seed";
    if (!known || !scanner.take('=')) {
        return scanner.fail(name, Word::option,
                            "when=, probability=, seed=, force, child or thread=");
    }
    if (name == "when") {
        if (!parse_when(scanner, &rule->when)) return false;
        return scanner.at_end_of_field() ||
               scanner.fail(scanner.rest(), Word::other, "FIRST[..LAST][+STEP]");
    }
    const Piece value = scanner.until(":");
    if (name == "seed") {
        return to_number(value, &rule->seed) || scanner.fail(value, Word::other, "a number");
    }
    return to_chance(value, &rule->chance) ||
           scanner.fail(value, Word::other, "a probability from 0 to 1, or a percentage");
}

}  // namespace

bool parse(const char* text, std::size_t length, Rule* rule, Problem* problem) noexcept {
    *rule = {};
    *problem = {};
    Scanner scanner(text, length, problem);
    if (length >= kSpecSize) {
        return scanner.fail(scanner.rest(), Word::other, "a shorter SPEC");
    }
    if (!parse_calls(scanner, rule)) return false;
    if (!scanner.take(':')) {
        return scanner.fail(scanner.rest(), Word::fault, "\":\" and a fault");
    }
    if (!parse_fault(scanner, rule)) return false;
    while (scanner.take(':')) {
        if (scanner.take_word("thread=")) return parse_thread(scanner, &rule->thread);
        if (!parse_option(scanner, rule)) return false;
    }
    return scanner.at_end() || scanner.fail(scanner.rest(), Word::other, "\":\" or the end");
}

}  // namespace threadfault::inject
