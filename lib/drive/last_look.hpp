// What a backtrace needs of a process, kept for the time when the process is no more: afterwards
// there is no stack to look at.
#ifndef THREADFAULT_DRIVE_LAST_LOOK_HPP
#define THREADFAULT_DRIVE_LAST_LOOK_HPP

#include "client/connection.hpp"
#include "drive/choose.hpp"
#include "observe/process.hpp"
#include "wire/wire.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

// Bytes that no file has: the stack, and what the loader has relocated.
struct KeptBytes {
    std::uint64_t address = 0;
    std::string bytes;
};

struct LastLook {
    std::array<std::uint64_t, wire::kRegisters> registers{};  // of the victim
    std::string maps;             // what was loaded where, as text like that of /proc/<pid>/maps
    std::vector<KeptBytes> kept;  // the first: the stack from rsp on
};

// The victim copies its registers on itself; the rest is read from outside. Some hundred
// microseconds. std::nullopt: the victim did not answer at once, or the process must not be asked.
std::optional<LastLook> look_once_more(const observe::Process& process,
                                       client::Connection& connection, const Victim& victim);

// As one string of bytes, for a helper of the same build, and back (std::nullopt: cut short).
std::string to_bytes(const LastLook& look);
std::optional<LastLook> parse_last_look(std::string_view bytes);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LAST_LOOK_HPP
