// What a target has in memory and we read: dynamic sections, symbol and relocation tables, unwind
// tables, tables of exception handlers, instructions. The input is the module, at kBase.
#include "diagnose/instruction.hpp"
#include "diagnose/lsda.hpp"
#include "diagnose/remote_memory.hpp"
#include "fuzz.hpp"
#include "observe/call_instruction.hpp"
#include "observe/exported_symbols.hpp"
#include "observe/frame_program.hpp"
#include "observe/import_names.hpp"
#include "observe/unwind_rules.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

using namespace threadfault;

namespace {

constexpr std::uint64_t kBase = 0x2000'0000'0000;  // which the sanitizers leave alone
constexpr std::size_t kRoom = 1 << 17;

// Our own memory, read as another process's.
const observe::Memory& memory_with(const std::uint8_t* data, std::size_t size) {
    static const observe::Memory memory(::getpid());
    static void* const room = ::mmap(reinterpret_cast<void*>(kBase), kRoom, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (room == MAP_FAILED) std::abort();
    std::memset(room, 0, kRoom);
    std::memcpy(room, data, size < kRoom ? size : kRoom);
    return memory;
}

void read_instructions(const std::uint8_t* data, std::size_t size) {
    observe::BytesBeforeReturn before{};
    observe::StubBytes stub{};
    std::memcpy(before.data(), data, std::min(size, before.size()));
    std::memcpy(stub.data(), data, std::min(size, stub.size()));
    observe::direct_target(before, kBase);
    observe::called_slot(before, kBase);
    observe::is_indirect_call(before);
    observe::first_argument(before, kBase);
    observe::slot_of_stub(stub, kBase);
    observe::jump_targets({data, size}, kBase);
    std::size_t at = 0;
    while (at < size) {
        const auto one = diagnose::decode({data + at, size - at}, kBase + at);
        if (one && (one->length == 0 || one->length > size - at)) std::abort();
        at += one ? one->length : 1;
    }
}

void read_module(const observe::ReadMemory& read, std::uint64_t address) {
    observe::read_dynamic_section(read, kBase);
    observe::ExportedSymbols exported;
    if (exported.read(read, kBase)) exported.find(address);
    observe::ImportNames imports(read);
    imports.at(kBase, address);
}

void read_handlers(const observe::ReadMemory& read, std::uint64_t place, std::uint64_t address) {
    diagnose::RemoteMemory memory(read);
    diagnose::effect_of_forced_unwind(memory, {kBase, kBase + kRoom, place, address}, address);
}

}  // namespace

// The first byte chooses; two numbers say where to begin and what to ask for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Bytes input(data, size);
    const auto what = input.take<std::uint8_t>();
    const std::uint64_t place = kBase + input.take<std::uint16_t>();
    const std::uint64_t address = kBase + input.take<std::uint16_t>();
    if (what % 6 == 0) {
        read_instructions(input.data(), input.size());
        return 0;
    }
    const observe::Memory& memory = memory_with(input.data(), input.size());
    const observe::ReadMemory read = [&memory](std::uint64_t from, void* buffer,
                                               std::size_t length) {
        return memory.read(from, buffer, length);
    };
    switch (what % 6) {
        case 1:
            read_module(read, address);
            return 0;
        case 2:
            observe::frame_rule(memory, place, address);
            observe::begin_of_record(memory, place);
            return 0;
        case 3:
            observe::UnwindRules(memory, place).at(address);
            return 0;
        case 4:
            observe::UnwindRules(memory, place, kRoom / 2).at(address);
            return 0;
        default:
            read_handlers(read, place, address);
            return 0;
    }
}
