// What is needed to explain the death of a process, saved before the process ends.
#ifndef THREADFAULT_DRIVE_FAULTS_LAST_LOOK_HPP
#define THREADFAULT_DRIVE_FAULTS_LAST_LOOK_HPP

#include "observe/loaded_modules.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

// The stack of a thread that slept in a system call, as it was then.
struct KeptStack {
    std::uint64_t stack_pointer = 0;
    std::uint64_t instruction_pointer = 0;
    std::uint64_t frame_pointer = 0;   // 0: not known, or not needed
    std::vector<std::uint64_t> words;  // from the stack pointer on
};

struct LastLook {
    std::string maps;  // what was loaded where, as text like that of /proc/<pid>/maps
    std::vector<std::uint64_t> frames;  // Result::frames; of a thread that slept, none
    KeptStack stack{};
};

// As /proc/<pid>/maps would have it, of files alone. The readers take what has no inode for no
// file; its number does not matter to them.
std::string maps_text(const std::vector<observe::LoadedModule>& modules);

// As one string of bytes, for a helper of the same build, and back (std::nullopt: cut short).
std::string to_bytes(const LastLook& look);
std::optional<LastLook> parse_last_look(std::string_view bytes);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_LAST_LOOK_HPP
