#include "diagnose/rethrow_sites.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace threadfault::diagnose {
namespace {

constexpr std::uint64_t kMostCode = 64 << 20;
constexpr std::size_t kMostStubs = 3000;
constexpr std::string_view kRethrow = "__cxa_rethrow";

class Code {
public:
    Code(std::uint64_t begin, std::vector<unsigned char> bytes)
        : begin_(begin), bytes_(std::move(bytes)) {}

    // `use(at, target)` for four bytes behind `prefix` that count from behind themselves.
    template <typename Use>
    void each_relative(std::string_view prefix, const Use& use) const {
        const std::size_t length = prefix.size() + 4;
        for (std::size_t at = 0; at + length <= bytes_.size(); ++at) {
            if (std::memcmp(bytes_.data() + at, prefix.data(), prefix.size()) != 0) continue;
            std::int32_t distance = 0;
            std::memcpy(&distance, bytes_.data() + at + prefix.size(), sizeof distance);
            use(begin_ + at,
                begin_ + at + length + static_cast<std::uint64_t>(std::int64_t{distance}));
        }
    }

private:
    std::uint64_t begin_;
    std::vector<unsigned char> bytes_;
};

}  // namespace

std::optional<std::vector<std::uint64_t>> rethrow_sites(Backtraces& backtraces, Callees& callees) {
    std::vector<std::uint64_t> sites;
    std::uint64_t read = 0;
    std::size_t looked_up = 0;
    const std::uint64_t own = backtraces.symbolizer().address_of(kRethrow).value_or(0);
    for (const observe::Mapping& mapping : backtraces.unwinder().maps().all()) {
        if (!mapping.executable || mapping.inode == 0 || callees.is_of_system(mapping.begin)) {
            continue;
        }
        read += mapping.end - mapping.begin;
        if (read > kMostCode) return std::nullopt;
        std::vector<unsigned char> bytes(mapping.end - mapping.begin);
        if (!backtraces.unwinder().memory().read(mapping.begin, bytes.data(), bytes.size())) {
            return std::nullopt;
        }
        const Code code(mapping.begin, std::move(bytes));
        // Functions by which it is called: itself where it is linked statically, and stubs.
        std::vector<std::uint64_t> entries = {own};
        bool too_many = false;
        code.each_relative("\xff\x25", [&](std::uint64_t at, std::uint64_t slot) {
            if (too_many) return;
            const auto callee = callees.in_slot(slot);
            too_many = ++looked_up > kMostStubs;
            // The stub may begin with endbr64 or bnd.
            if (callee && callee->name == kRethrow)
                entries.insert(entries.end(), {at, at - 4, at - 5, at - 1});
        });
        if (too_many) return std::nullopt;
        const auto leads_there = [&](std::uint64_t target) {
            return std::find(entries.begin(), entries.end(), target) != entries.end();
        };
        for (const std::string_view direct : {"\xe8", "\xe9"}) {
            code.each_relative(direct, [&](std::uint64_t at, std::uint64_t target) {
                if (target != 0 && leads_there(target)) sites.push_back(at);
            });
        }
        code.each_relative("\xff\x15", [&](std::uint64_t at, std::uint64_t slot) {
            const auto callee = callees.in_slot(slot);
            if (callee && callee->name == kRethrow) sites.push_back(at);
        });
    }
    return sites;
}

}  // namespace threadfault::diagnose
