#include "threadfault/types.hpp"

#include "base/type_names.hpp"

#include <cstddef>
#include <iterator>

namespace threadfault {
namespace {

// `first` is the value that the table begins with.
template <typename Enum, typename Table>
constexpr std::string_view name_in(const Table& table, Enum value, Enum first = Enum{}) noexcept {
    const std::size_t place = static_cast<std::size_t>(value) - static_cast<std::size_t>(first);
    return place < std::size(table) ? std::begin(table)[place] : std::string_view{};
}

template <typename Enum, typename Table>
constexpr std::optional<Enum> find_in(const Table& table, std::string_view text,
                                      Enum first = Enum{}) noexcept {
    for (std::size_t i = 0; i < std::size(table); i++) {
        if (std::begin(table)[i] == text) {
            return static_cast<Enum>(static_cast<std::size_t>(first) + i);
        }
    }
    return std::nullopt;
}

// Every value has its name, and the tables have no more.
static_assert(find_in<Pick>(base::kPickNames, "random") == Pick::random);
static_assert(std::size(base::kPickNames) == static_cast<std::size_t>(Pick::random) + 1);
static_assert(name_in(base::kOutcomeNames, Outcome::target_died) == "target-died");
static_assert(std::size(base::kOutcomeNames) == static_cast<std::size_t>(Outcome::target_died) + 1);
static_assert(name_in(base::kProgressNames, Progress::stuck) == "stuck");
static_assert(std::size(base::kProgressNames) == static_cast<std::size_t>(Progress::unknown) + 1);
static_assert(name_in(base::kWaitKindNames, WaitKind::join) == "join");
static_assert(std::size(base::kWaitKindNames) == static_cast<std::size_t>(WaitKind::futex) + 1);
static_assert(name_in(base::kEventKindNames, EventKind::fault, EventKind::created) == "fault");
static_assert(std::size(base::kEventKindNames) == static_cast<std::size_t>(EventKind::fault));
static_assert(name_in(base::kEndKindNames, EndKind::exited) == "exited");
static_assert(std::size(base::kEndKindNames) == static_cast<std::size_t>(EndKind::vanished) + 1);

}  // namespace

std::string_view to_string(How how) noexcept {
    return name_in(base::kDeathNames, how);
}
std::string_view to_string(Pick pick) noexcept {
    return name_in(base::kPickNames, pick);
}
std::string_view to_string(Outcome outcome) noexcept {
    return name_in(base::kOutcomeNames, outcome);
}
std::string_view to_string(Progress progress) noexcept {
    return name_in(base::kProgressNames, progress);
}
std::string_view to_string(WaitKind kind) noexcept {
    return name_in(base::kWaitKindNames, kind);
}
std::string_view to_string(EventKind kind) noexcept {
    return name_in(base::kEventKindNames, kind, EventKind::created);
}
std::string_view to_string(EndKind kind) noexcept {
    return name_in(base::kEndKindNames, kind);
}

std::optional<How> parse_how(std::string_view text) noexcept {
    return find_in<How>(base::kDeathNames, text);
}
std::optional<Pick> parse_pick(std::string_view text) noexcept {
    return find_in<Pick>(base::kPickNames, text);
}
std::optional<Outcome> parse_outcome(std::string_view text) noexcept {
    return find_in<Outcome>(base::kOutcomeNames, text);
}
std::optional<Progress> parse_progress(std::string_view text) noexcept {
    return find_in<Progress>(base::kProgressNames, text);
}
std::optional<WaitKind> parse_wait_kind(std::string_view text) noexcept {
    return find_in<WaitKind>(base::kWaitKindNames, text);
}
std::optional<EventKind> parse_event_kind(std::string_view text) noexcept {
    return find_in(base::kEventKindNames, text, EventKind::created);
}
std::optional<EndKind> parse_end_kind(std::string_view text) noexcept {
    return find_in<EndKind>(base::kEndKindNames, text);
}

}  // namespace threadfault
