// Names as people read them: demangling, and names without parameters. Pure functions.
#include "observe/symbols.hpp"

#include <cxxabi.h>

#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace threadfault::observe {
namespace {

bool is_identifier_char(char c) noexcept {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
}

// `position` is just behind the word "operator": to the end of the operator's own characters, so
// that "<", ">" and "()" of its name aren't taken for brackets.
std::size_t skip_operator(std::string_view name, std::size_t position) noexcept {
    const std::string_view rest = name.substr(position);
    for (const std::string_view symbol :
         {"()", "[]", "<=>", "->*", "<<=", ">>=", "<<", ">>", "<=", ">=", "->", "<", ">"}) {
        if (rest.starts_with(symbol)) return position + symbol.size();
    }
    return position;
}

bool is_operator_at(std::string_view name, std::size_t position) noexcept {
    constexpr std::string_view kWord = "operator";
    if (!name.substr(position).starts_with(kWord)) return false;
    if (position > 0 && is_identifier_char(name[position - 1])) return false;
    const std::size_t end = position + kWord.size();
    return end == name.size() || !is_identifier_char(name[end]);
}

// Where the parameter list begins, or npos.
std::size_t parameters_begin(std::string_view name) noexcept {
    if (!name.ends_with(')')) return std::string_view::npos;
    int depth = 0;
    for (std::size_t i = name.size(); i-- > 0;) {
        if (name[i] == ')') ++depth;
        if (name[i] == '(' && --depth == 0) {
            // "X::operator()" as it stands, without parameters.
            const bool is_call_operator =
                i + 2 == name.size() && i >= 8 && is_operator_at(name, i - 8);
            return is_call_operator ? std::string_view::npos : i;
        }
    }
    return std::string_view::npos;
}

// Behind the last blank outside all brackets: a template function's return type stands before it.
std::string_view without_return_type(std::string_view name) noexcept {
    std::size_t begin = 0;
    int depth = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (is_operator_at(name, i)) {
            // What follows belongs to the name, blanks included ("operator unsigned long").
            if (depth == 0) break;
            i = skip_operator(name, i + 8) - 1;
            continue;
        }
        const char c = name[i];
        if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
        if (c == ')' || c == '}' || c == ']') --depth;
        if (c == '>' && (i == 0 || name[i - 1] != '-')) --depth;
        if (c != ' ' || depth != 0) continue;
        // "f(int) const::{lambda()#1}": a qualifier of an enclosing function, not a return type.
        const std::string_view next = name.substr(i + 1);
        const bool is_qualifier =
            i > 0 && name[i - 1] == ')' &&
            (next.starts_with("const") || next.starts_with("volatile") || next.starts_with('&'));
        const bool is_inner_qualifier = next.starts_with("&::") || next.starts_with("&&::") ||
                                        next.starts_with("volatile::") ||
                                        next.starts_with("volatile &");
        if (!is_qualifier && !is_inner_qualifier) begin = i + 1;
    }
    return name.substr(begin);
}

// rustc's legacy scheme wears the dress of a C++ name: "core::ops::FnOnce::h0123456789abcdef" with
// "$LT$" for "<". Takes off the hash and the escapes.
std::string plain_rust_name(std::string name) {
    constexpr std::size_t kHash = 19;  // "::h" and 16 digits
    if (name.size() <= kHash || name.compare(name.size() - kHash, 3, "::h") != 0) return name;
    for (std::size_t i = name.size() - kHash + 3; i < name.size(); ++i)
        if (std::isxdigit(static_cast<unsigned char>(name[i])) == 0) return name;
    name.resize(name.size() - kHash);
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kEscapes{{
        {"$LT$", "<"},
        {"$GT$", ">"},
        {"$RF$", "&"},
        {"$BP$", "*"},
        {"$LP$", "("},
        {"$RP$", ")"},
        {"$C$", ","},
        {"$u20$", " "},
        {"..", "::"},
    }};
    for (const auto& [escape, plain] : kEscapes)
        for (std::size_t at = name.find(escape); at != std::string::npos;
             at = name.find(escape, at + plain.size()))
            name.replace(at, escape.size(), plain);
    return name;
}

}  // namespace

std::string demangle(const char* mangled) {
    if (mangled == nullptr) return {};
    // __cxa_demangle takes any name for a type otherwise: "i" would come back as "int".
    if (mangled[0] != '_' || mangled[1] != 'Z') return mangled;
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(
        abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
    if (status != 0 || !name) return mangled;
    return plain_rust_name(name.get());
}

bool is_mapping_symbol(std::string_view name) {
    return (name.starts_with("$x") || name.starts_with("$d")) &&
           (name.size() == 2 || name[2] == '.');
}

std::string without_parameters(std::string_view demangled) {
    std::string_view name = demangled;
    for (const std::string_view special :
         {"vtable for ", "VTT for ", "typeinfo for ", "typeinfo name for ", "guard variable for ",
          "non-virtual thunk to ", "virtual thunk to ", "covariant return thunk to ",
          "construction vtable for ", "TLS init function for ", "TLS wrapper function for "})
        if (name.starts_with(special)) return std::string(demangled);
    // " [clone .cold]" says where the compiler put it, not what it is.
    while (name.ends_with(']')) {
        const std::size_t clone = name.rfind(" [clone ");
        if (clone == std::string_view::npos) break;
        name = name.substr(0, clone);
    }
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view qualifier : {" const", " volatile", " &&", " &", " noexcept"}) {
            if (name.ends_with(qualifier)) {
                name.remove_suffix(qualifier.size());
                again = true;
            }
        }
    }
    name = name.substr(0, parameters_begin(name));
    return std::string(without_return_type(name));
}

std::string to_string(const Symbol& symbol, std::uint64_t address) {
    std::array<char, 24> number{};
    const auto hexadecimal = [&](std::uint64_t value) {
        std::snprintf(number.data(), number.size(), "0x%llx",
                      static_cast<unsigned long long>(value));
        return std::string(number.data());
    };
    if (!symbol.name.empty())
        return symbol.offset == 0 ? symbol.name : symbol.name + "+" + hexadecimal(symbol.offset);
    if (!symbol.module.empty()) return symbol.module + "+" + hexadecimal(symbol.module_offset);
    return hexadecimal(address);
}

}  // namespace threadfault::observe
