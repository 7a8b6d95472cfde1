#include "diagnose/units.hpp"

#include <dwarf.h>

#include <algorithm>

namespace threadfault::diagnose {
namespace {

// Deeper than compilers nest.
constexpr int kDeepest = 256;

// Has a scope that may hold functions without being at an address itself.
bool is_container(int tag) {
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type ||
           tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

bool descend(Dwarf_Die scope, Dwarf_Addr address, int depth, std::vector<Dwarf_Die>* found) {
    Dwarf_Die child;
    if (depth > kDeepest || dwarf_child(&scope, &child) != 0) return false;
    do {
        const int tag = dwarf_tag(&child);
        const bool function = tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
        const bool block =
            tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
        if (!function && !block && !is_container(tag)) continue;
        const bool here = is_container(tag) ? false : dwarf_haspc(&child, address) > 0;
        // A block need not have addresses for what lies in it to have them.
        if (!here && function) continue;
        const bool inside = descend(child, address, depth + 1, found);
        if (here && function) found->push_back(child);
        if (inside || (here && function)) return true;
    } while (dwarf_siblingof(&child, &child) == 0);
    return false;
}

// A unit that does not tell its ranges is believed.
bool lies_in(Dwarf_Die* unit, Dwarf_Addr address) {
    Dwarf_Addr base = 0;
    Dwarf_Addr begin = 0;
    Dwarf_Addr end = 0;
    return dwarf_haspc(unit, address) > 0 || dwarf_ranges(unit, 0, &base, &begin, &end) <= 0;
}

}  // namespace

const std::vector<Units::Range>& Units::ranges_of(Dwfl_Module* module) {
    const auto [entry, fresh] = ranges_.try_emplace(module);
    std::vector<Range>& ranges = entry->second;
    if (!fresh) return ranges;
    Dwarf_Addr bias = 0;
    for (Dwarf_Die* die = nullptr; (die = dwfl_module_nextcu(module, die, &bias)) != nullptr;) {
        Range range;
        range.unit = {*die, bias};
        Dwarf_Addr base = 0;
        for (std::ptrdiff_t at = 0;
             (at = dwarf_ranges(die, at, &base, &range.begin, &range.end)) > 0;) {
            if (range.begin < range.end) ranges.push_back(range);
        }
    }
    std::sort(ranges.begin(), ranges.end(),
              [](const Range& a, const Range& b) { return a.begin < b.begin; });
    return ranges;
}

std::optional<Unit> Units::at(Dwfl_Module* module, Dwarf_Addr address) {
    Dwarf_Addr bias = 0;
    if (Dwarf_Die* const die = dwfl_module_addrdie(module, address, &bias)) {
        // libdwfl gives the code between two units to the first of them: that which has no debug
        // information, as the C runtime's start.
        if (lies_in(die, address - bias)) return Unit{*die, bias};
    }
    const std::vector<Range>& ranges = ranges_of(module);
    if (ranges.empty()) return std::nullopt;
    const Dwarf_Addr plain = address - ranges.front().unit.bias;
    auto next =
        std::upper_bound(ranges.begin(), ranges.end(), plain,
                         [](Dwarf_Addr value, const Range& range) { return value < range.begin; });
    if (next == ranges.begin()) return std::nullopt;
    --next;
    if (plain >= next->end) return std::nullopt;
    return next->unit;
}

std::vector<Dwarf_Die> functions_at(const Dwarf_Die& unit, Dwarf_Addr address) {
    std::vector<Dwarf_Die> found;
    descend(unit, address, 0, &found);
    return found;
}

}  // namespace threadfault::diagnose
