#include "diagnose/handlers.hpp"

#include "diagnose/imports.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

namespace threadfault::diagnose {
namespace {

constexpr std::uint64_t kMost = 512;
// A landing pad in the hot part of a function whose handler is in the cold one: a register is moved
// (mov %rax,%rdi), then it jumps.
constexpr std::uint64_t kBeforeJump = 8;

class Look {
public:
    explicit Look(Backtraces& backtraces)
        : backtraces_(backtraces), memory_(backtraces.unwinder().memory()) {}

    // Calls and jumps to functions: `call rel32` (e8), `jmp rel32` (e9), `call *slot(%rip)` (ff
    // 15), `jmp *slot(%rip)` (ff 25). Where an instruction begins is not known: what looks like one
    // and leads to no function's name is none.
    Caught at(std::uint64_t begin, std::uint64_t end) {
        bool begun = false;
        bool ended = false;
        for (std::uint64_t at = begin; at + 5 <= end; ++at) {
            const std::string name = name_of_callee(at);
            if (!begun &&
                (name == "__clang_call_terminate" || name.starts_with("std::terminate"))) {
                return Caught::terminates;
            }
            if (ended && name == "__cxa_begin_catch") break;  // another handler
            begun = begun || name == "__cxa_begin_catch";
            ended = ended || (begun && name == "__cxa_end_catch");
            if (name == "__cxa_rethrow" || name == "_Unwind_Resume_or_Rethrow") {
                return ended ? Caught::unknown : Caught::thrown_again;
            }
        }
        return ended ? Caught::swallowed : Caught::unknown;
    }

    // Where the code goes on: at the pad itself, or behind the jump that it begins with.
    std::uint64_t follow(const FunctionInfo& function, std::uint64_t pad) {
        for (std::uint64_t at = pad; at < pad + kBeforeJump; ++at) {
            unsigned char code = 0;
            if (!memory_.read(at, &code, 1)) break;
            if (code == 0xe8) break;  // it has begun
            if (code != 0xe9) continue;
            const std::uint64_t target = relative(at + 1);
            const observe::Mapping* const mapping = backtraces_.unwinder().maps().find(target);
            const bool outside = target < function.begin || target >= function.end;
            if (outside && mapping != nullptr && mapping->executable) return target;
        }
        return pad;
    }

private:
    // The operand of four bytes at `at` counts from behind itself.
    std::uint64_t relative(std::uint64_t at) {
        std::int32_t distance = 0;
        if (!memory_.read(at, &distance, sizeof distance)) return 0;
        return at + sizeof distance + static_cast<std::uint64_t>(std::int64_t{distance});
    }

    std::string name_of_callee(std::uint64_t at) {
        unsigned char code[2];
        if (!memory_.read(at, code, sizeof code)) return {};
        if (code[0] == 0xff && (code[1] == 0x15 || code[1] == 0x25)) {
            return name_of_slot(relative(at + 2));
        }
        if (code[0] != 0xe8 && code[0] != 0xe9) return {};
        const std::uint64_t target = relative(at + 1);
        const observe::Mapping* const mapping = backtraces_.unwinder().maps().find(target);
        if (mapping == nullptr || !mapping->executable) return {};
        // A procedure linkage stub: [endbr64] [bnd] jmp *slot(%rip).
        unsigned char stub[12] = {};
        memory_.read(target, stub, sizeof stub);
        const std::size_t skip = stub[0] == 0xf3 && stub[1] == 0x0f ? 4 : 0;
        const std::size_t jump = stub[skip] == 0xf2 ? skip + 1 : skip;
        if (stub[jump] == 0xff && stub[jump + 1] == 0x25) {
            return name_of_slot(relative(target + jump + 2));
        }
        return backtraces_.symbolizer().at(target).lines.back().function;
    }

    std::string name_of_slot(std::uint64_t slot) {
        return import_at(memory_, backtraces_.unwinder().maps(), slot);
    }

    Backtraces& backtraces_;
    RemoteMemory& memory_;
};

}  // namespace

Caught what_becomes_of(Backtraces& backtraces, const FunctionInfo& function, std::uint64_t pad) {
    Look look(backtraces);
    const std::uint64_t begin = look.follow(function, pad);
    // The cold part has a table entry of its own.
    const auto part =
        begin == pad ? std::optional(function) : backtraces.unwinder().function_at(begin);
    if (!part) return Caught::unknown;
    return look.at(begin, std::min(part->end, begin + kMost));
}

}  // namespace threadfault::diagnose
