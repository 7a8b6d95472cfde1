#include "diagnose/data_names.hpp"

#include "format/format.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <string_view>

namespace threadfault::diagnose {
namespace {

// Some 50 ms of reading.
constexpr std::size_t kMostEntries = 300'000;

bool type_of(Dwarf_Die* die, Dwarf_Die* type) {
    Dwarf_Attribute attribute;
    Dwarf_Die named;
    return dwarf_attr_integrate(die, DW_AT_type, &attribute) != nullptr &&
           dwarf_formref_die(&attribute, &named) != nullptr && dwarf_peel_type(&named, type) == 0;
}

std::optional<std::uint64_t> address_of(Dwarf_Die* variable) {
    Dwarf_Attribute attribute;
    Dwarf_Op* operations = nullptr;
    std::size_t count = 0;
    if (dwarf_attr(variable, DW_AT_location, &attribute) == nullptr ||
        dwarf_getlocation(&attribute, &operations, &count) != 0 || count != 1 ||
        operations[0].atom != DW_OP_addr) {
        return std::nullopt;
    }
    return operations[0].number;
}

// Names that begin like this are internal to the implementation and not shown.
bool is_reserved(std::string_view name) {
    return name.starts_with("__") || name.starts_with("_M_");
}

std::string member_path(Dwarf_Die type, std::uint64_t offset);

std::string path_in_array(Dwarf_Die array, std::uint64_t offset) {
    Dwarf_Die dimension;
    Dwarf_Die element;
    Dwarf_Word size = 0;
    if (!type_of(&array, &element) || dwarf_aggregate_size(&element, &size) != 0 || size == 0) {
        return {};
    }
    // Of several dimensions only the number of the element in all would be known.
    if (dwarf_child(&array, &dimension) != 0) return {};
    if (dwarf_siblingof(&dimension, &dimension) == 0) return {};
    return formatted("[{}]", offset / size) + member_path(element, offset % size);
}

std::string member_path(Dwarf_Die type, std::uint64_t offset) {
    const int tag = dwarf_tag(&type);
    if (tag == DW_TAG_array_type) return path_in_array(type, offset);
    if (tag != DW_TAG_structure_type && tag != DW_TAG_class_type) return {};
    Dwarf_Die child;
    if (dwarf_child(&type, &child) != 0) return {};
    do {
        const int kind = dwarf_tag(&child);
        if (kind != DW_TAG_member && kind != DW_TAG_inheritance) continue;
        Dwarf_Attribute attribute;
        Dwarf_Word begin = 0;
        Dwarf_Word size = 0;
        Dwarf_Die inner;
        if (dwarf_attr(&child, DW_AT_data_member_location, &attribute) == nullptr ||
            dwarf_formudata(&attribute, &begin) != 0 || !type_of(&child, &inner) ||
            dwarf_aggregate_size(&inner, &size) != 0) {
            continue;  // a static member, a bit field
        }
        if (offset < begin || offset - begin >= size) continue;
        if (kind == DW_TAG_inheritance) return member_path(inner, offset - begin);
        const char* const name = dwarf_diename(&child);
        if (name == nullptr) return member_path(inner, offset - begin);
        if (is_reserved(name)) return {};
        return formatted(".{}", name) + member_path(inner, offset - begin);
    } while (dwarf_siblingof(&child, &child) == 0);
    return {};
}

class VariableSearch {
public:
    explicit VariableSearch(std::uint64_t address) : address_(address) {}

    // True: the search is over.
    bool in(Dwarf_Die* scope) {
        Dwarf_Die child;
        if (dwarf_child(scope, &child) != 0) return false;
        do {
            if (++entries_ > kMostEntries) return true;
            switch (dwarf_tag(&child)) {
                case DW_TAG_variable:
                    if (is_it(&child)) return true;
                    break;
                case DW_TAG_namespace:
                case DW_TAG_subprogram:  // its static variables
                case DW_TAG_lexical_block:
                    if (in(&child)) return true;
                    break;
                default:
                    break;
            }
        } while (dwarf_siblingof(&child, &child) == 0);
        return false;
    }

    std::optional<DataPlace> found;

private:
    bool is_it(Dwarf_Die* variable) {
        const auto begin = address_of(variable);
        if (!begin || address_ < *begin) return false;
        Dwarf_Die type;
        Dwarf_Word size = 0;
        if (!type_of(variable, &type) || dwarf_aggregate_size(&type, &size) != 0 ||
            address_ - *begin >= size) {
            return false;
        }
        DataPlace place;
        place.members = member_path(type, address_ - *begin);
        const char* const file = dwarf_decl_file(variable);
        if (file != nullptr) place.file = file;
        dwarf_decl_line(variable, &place.line);
        found = std::move(place);
        return true;
    }

    std::uint64_t address_;
    std::size_t entries_ = 0;
};

}  // namespace

std::optional<DataPlace> find_data(Dwfl_Module* module, std::uint64_t address) {
    Dwarf_Addr bias = 0;
    Dwarf_Die* unit = nullptr;
    // The bias is known once there is debug information.
    if (dwfl_module_getdwarf(module, &bias) == nullptr) return std::nullopt;
    VariableSearch search(address - bias);
    while ((unit = dwfl_module_nextcu(module, unit, &bias)) != nullptr) {
        if (search.in(unit)) break;
    }
    return search.found;
}

}  // namespace threadfault::diagnose
