#include "attach/facts.hpp"

#include "arch/code.hpp"
#include "drive/programs/attach_findings.hpp"
#include "format/format.hpp"
#include "observe/maps.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace threadfault::attach {
namespace {

constexpr std::uint64_t kMostCode = 32 << 20;  // of one mapping that is looked through

std::uint64_t find_bytes(std::span<const unsigned char> code, std::uint64_t begin,
                         std::span<const unsigned char> wanted) {
    const auto found = std::search(code.begin(), code.end(), wanted.begin(), wanted.end());
    return found == code.end() ? 0 : begin + static_cast<std::uint64_t>(found - code.begin());
}

// The kernel's own page (vdso) has the one in every process; libc, or a static program, the other.
Gadgets find_gadgets(const observe::Maps& maps, const observe::Memory& memory) {
    Gadgets gadgets;
    std::vector<unsigned char> code;
    for (const observe::Mapping& mapping : maps.all()) {
        if (!mapping.executable || !mapping.readable) continue;
        if (gadgets.syscall != 0 && gadgets.restorer != 0) break;
        code.resize(std::min(mapping.end - mapping.begin, kMostCode));
        code.resize(memory.read_some(mapping.begin, code.data(), code.size()));
        if (gadgets.syscall == 0)
            gadgets.syscall = find_bytes(code, mapping.begin, arch::kSyscallReturn);
        if (gadgets.restorer == 0)
            gadgets.restorer = find_bytes(code, mapping.begin, arch::kTrampoline);
        if (gadgets.pop_rax == 0 && !arch::kPopNumber.empty())
            gadgets.pop_rax = find_bytes(code, mapping.begin, arch::kPopNumber);
    }
    return gadgets;
}

}  // namespace

Facts learn(const observe::Process& process) {
    Facts facts;
    facts.filtered = drive::require_attachable(process);
    const observe::Memory memory(process.pid());
    const observe::Maps maps(process);
    facts.gadgets = find_gadgets(maps, memory);
    const bool returns = facts.gadgets.restorer != 0 || facts.gadgets.pop_rax != 0;
    if (facts.gadgets.syscall == 0 || !returns) {
        throw Error(ErrorCode::no_agent,
                    formatted("can't attach to process {}: its code has no place from which a "
                              "system call can be made",
                              process.pid()));
    }
    const drive::Unwinding unwinding = drive::find_unwinding(process, memory, facts.filtered);
    facts.pthread_exit = unwinding.pthread_exit;
    facts.cancel_word = unwinding.cancel_word;
    facts.descriptor_size = unwinding.descriptor_size;
    facts.why_no_unwinding = unwinding.why_not;
    if (facts.why_no_unwinding.empty() && facts.gadgets.restorer == 0) {
        facts.why_no_unwinding = "its C library has no code that returns from a signal handler";
    }
    return facts;
}

}  // namespace threadfault::attach
