// Where in a module's debug information an address is: its compilation unit and the functions
// there.
#ifndef THREADFAULT_DIAGNOSE_UNITS_HPP
#define THREADFAULT_DIAGNOSE_UNITS_HPP

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

#include <optional>
#include <unordered_map>
#include <vector>

namespace threadfault::diagnose {

struct Unit {
    Dwarf_Die die{};
    Dwarf_Addr bias = 0;
};

// Of the modules of one Dwfl.
class Units {
public:
    std::optional<Unit> at(Dwfl_Module* module, Dwarf_Addr address);

private:
    struct Range {
        Dwarf_Addr begin = 0;
        Dwarf_Addr end = 0;
        Unit unit;
    };
    const std::vector<Range>& ranges_of(Dwfl_Module* module);

    // Of those without .debug_aranges, which clang does not make.
    std::unordered_map<Dwfl_Module*, std::vector<Range>> ranges_;
};

// The function and the inlined calls at an address of the unit (without the bias), innermost first.
// As they are nested there: dwarf_getscopes() goes on from an inlined call to where its function
// was written, and finds nothing if that is another unit, as after link-time optimisation.
std::vector<Dwarf_Die> functions_at(const Dwarf_Die& unit, Dwarf_Addr address);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_UNITS_HPP
