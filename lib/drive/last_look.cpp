#include "drive/last_look.hpp"

#include "observe/maps.hpp"
#include "observe/memory.hpp"
#include "observe/proc_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace threadfault::drive {
namespace {

using namespace std::chrono_literals;

// Whoever does not answer at once is deaf: its death is not held up for the sake of words.
constexpr std::chrono::milliseconds kWait = 10ms;
constexpr std::uint64_t kPage = 4096;
// Of the stack, and of one module's data: more is rare, and would take time.
constexpr std::uint64_t kMostStack = 64 << 10;
constexpr std::uint64_t kMostData = 256 << 10;
constexpr std::uint64_t kMostOfAll = 4 << 20;

void keep(const observe::Memory& memory, std::uint64_t begin, std::uint64_t length,
          LastLook* look) {
    std::string bytes(length, '\0');
    bytes.resize(memory.read_some(begin, bytes.data(), length));
    if (!bytes.empty()) look->kept.push_back({begin, std::move(bytes)});
}

// A module's writable data, and what was writable until it was relocated: that part lies as a
// mapping of its own behind another read-only one of the same file, or before the writable one.
bool differs_from_its_file(const std::vector<observe::Mapping>& maps, std::size_t i) {
    const observe::Mapping& here = maps[i];
    if (here.path.empty() || here.path.front() != '/' || !here.readable || here.executable) {
        return false;
    }
    if (here.writable) return true;
    if (i == 0 || maps[i - 1].path != here.path) return false;
    const bool behind = maps[i - 1].readable && !maps[i - 1].executable;
    const bool before =
        i + 1 < maps.size() && maps[i + 1].path == here.path && maps[i + 1].writable;
    return behind || before;
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
    wire::FaultRequest request;
    request.fault = wire::Fault::capture;
    request.tid = victim.inner_tid;
    request.serial = victim.serial;
    request.wait_ns = std::chrono::nanoseconds(kWait).count();
    const std::uint32_t number = connection.send(request);
    LastLook look;
    // Meanwhile: the map does not wait for the thread.
    auto maps = observe::read_whole_file(AT_FDCWD, process.living_task_path("maps").c_str());
    const auto captured = connection.receive_capture(client::Clock::now() + 2 * kWait);
    if (!maps || !captured || captured->reply.header.request != number ||
        captured->reply.outcome != wire::Outcome::done) {
        return std::nullopt;
    }
    look.maps = std::move(*maps);
    std::copy(std::begin(captured->reply.registers), std::end(captured->reply.registers),
              look.registers.begin());
    const std::uint64_t top = look.registers[wire::kRegisterSp];
    look.kept.push_back({top, std::string(captured->stack.begin(), captured->stack.end())});
    const observe::Memory memory(process.pid());
    // Further out the stack is the same as long as the thread does not return from there.
    const std::uint64_t further = (top + captured->stack.size()) & ~(kPage - 1);
    keep(memory, further, kMostStack, &look);
    std::uint64_t total = 0;
    const std::vector<observe::Mapping> list = observe::parse_maps(look.maps);
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::uint64_t size = list[i].end - list[i].begin;
        if (size > kMostData || !differs_from_its_file(list, i)) continue;
        total += size;
        if (total > kMostOfAll) break;
        keep(memory, list[i].begin, size, &look);
    }
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
