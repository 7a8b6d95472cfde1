#include "drive/last_look.hpp"

#include "observe/loaded_modules.hpp"
#include "observe/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <set>

namespace threadfault::drive {
namespace {

using namespace std::chrono_literals;

// The agent tells of deaf ones sooner; on a loaded machine the others need some time.
constexpr std::chrono::milliseconds kWait = 100ms;
constexpr std::uint64_t kPage = 4096;
// Of the stack, and of one module's data: more is rare, and would take time.
constexpr std::uint64_t kMostStack = 64 << 10;
constexpr std::uint64_t kStackPiece = 16 << 10;  // mostly the stack ends in the first
constexpr std::uint64_t kMostData = 256 << 10;
constexpr std::uint64_t kMostOfAll = 4 << 20;

void keep(const observe::Memory& memory, std::uint64_t begin, std::uint64_t length,
          LastLook* look) {
    std::string bytes(length, '\0');
    bytes.resize(memory.read_some(begin, bytes.data(), length));
    if (!bytes.empty()) look->kept.push_back({begin, std::move(bytes)});
}

// Of those whose code a word on the stack points into: the others are in no frame's way.
void keep_data(const observe::Memory& memory, const std::vector<observe::LoadedModule>& modules,
               LastLook* look) {
    std::set<const observe::LoadedModule*> wanted;
    const auto want = [&](std::uint64_t address) {
        for (const observe::LoadedModule& module : modules) {
            if (module.contains_code(address)) wanted.insert(&module);
        }
    };
    want(look->registers[wire::kRegisterIp]);
    for (const KeptBytes& one : look->kept) {
        std::uint64_t word = 0;
        for (std::size_t at = 0; at + sizeof word <= one.bytes.size(); at += sizeof word) {
            std::memcpy(&word, one.bytes.data() + at, sizeof word);
            if (word != 0) want(word);
        }
    }
    std::uint64_t total = 0;
    for (const observe::LoadedModule* const module : wanted) {
        for (const observe::LoadedModule::Part& part : module->parts) {
            const std::uint64_t size = part.end - part.begin;
            if (!part.writable || size > kMostData) continue;
            total += size;
            if (total > kMostOfAll) return;
            keep(memory, part.begin, size, look);
        }
    }
}

// As /proc/<pid>/maps would have it, of files alone. The readers take what has no inode for no
// file; its number does not matter to them.
std::string maps_text(const std::vector<observe::LoadedModule>& modules) {
    std::map<std::uint64_t, std::string> lines;
    for (std::size_t i = 0; i < modules.size(); ++i) {
        for (const observe::LoadedModule::Part& part : modules[i].parts) {
            lines[part.begin] =
                fmt::format("{:x}-{:x} r{}{}p {:08x} 00:01 {} {}\n", part.begin, part.end,
                            part.writable ? 'w' : '-', part.executable ? 'x' : '-', part.offset,
                            i + 1, modules[i].path);
        }
    }
    std::string text;
    for (const auto& [begin, line] : lines)
        text += line;
    return text;
}

void put(std::string* out, std::uint64_t number) {
    out->append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put(std::string* out, std::string_view bytes) {
    put(out, bytes.size());
    out->append(bytes);
}

bool get(std::string_view* in, std::uint64_t* number) {
    if (in->size() < sizeof *number) return false;
    std::memcpy(number, in->data(), sizeof *number);
    in->remove_prefix(sizeof *number);
    return true;
}

bool get(std::string_view* in, std::string* bytes) {
    std::uint64_t size = 0;
    if (!get(in, &size) || in->size() < size) return false;
    bytes->assign(in->substr(0, size));
    in->remove_prefix(size);
    return true;
}

}  // namespace

std::optional<LastLook> look_once_more(const observe::Process& process,
                                       client::Connection& connection, const Victim& victim) {
    // A system call filter may punish the copy of the stack with death.
    if (process.status_at_opening().seccomp != 0) return std::nullopt;
    const wire::CaptureTarget target{victim.serial, victim.inner_tid, 0};
    const std::uint32_t number = connection.send_captures({&target, 1}, kWait);
    LastLook look;
    // Meanwhile: the loader's list does not wait for the thread.
    const observe::Memory memory(process.pid());
    const std::vector<observe::LoadedModule> modules = observe::loaded_modules(process, memory);
    const auto captures = connection.receive_captures(client::Clock::now() + 2 * kWait);
    if (modules.empty() || captures.size() != 1) return std::nullopt;
    const client::Connection::Captured& captured = captures.front();
    if (captured.record.number != number || captured.record.outcome != wire::Outcome::done) {
        return std::nullopt;
    }
    std::copy(std::begin(captured.record.registers), std::end(captured.record.registers),
              look.registers.begin());
    const std::uint64_t top = look.registers[wire::kRegisterSp];
    look.kept.push_back({top, std::string(captured.stack.begin(), captured.stack.end())});
    // Further out the stack is the same as long as the thread does not return from there.
    const std::uint64_t further = (top + captured.stack.size()) & ~(kPage - 1);
    for (std::uint64_t at = further; at < further + kMostStack; at += kStackPiece) {
        const std::size_t before = look.kept.size();
        keep(memory, at, kStackPiece, &look);
        if (look.kept.size() == before || look.kept.back().bytes.size() < kStackPiece) break;
    }
    keep_data(memory, modules, &look);
    look.maps = maps_text(modules);
    return look;
}

std::string to_bytes(const LastLook& look) {
    std::string out;
    for (const std::uint64_t value : look.registers)
        put(&out, value);
    put(&out, std::string_view(look.maps));
    for (const KeptBytes& one : look.kept) {
        put(&out, one.address);
        put(&out, std::string_view(one.bytes));
    }
    return out;
}

std::optional<LastLook> parse_last_look(std::string_view bytes) {
    LastLook look;
    for (std::uint64_t& value : look.registers) {
        if (!get(&bytes, &value)) return std::nullopt;
    }
    if (!get(&bytes, &look.maps)) return std::nullopt;
    while (!bytes.empty()) {
        KeptBytes& one = look.kept.emplace_back();
        if (!get(&bytes, &one.address) || !get(&bytes, &one.bytes)) return std::nullopt;
    }
    if (look.kept.empty()) return std::nullopt;
    return look;
}

}  // namespace threadfault::drive
