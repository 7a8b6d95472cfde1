#include "attach/go_stacks.hpp"

#include "observe/maps.hpp"
#include "observe/proc_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string>

namespace threadfault::attach {

std::uint64_t unused_stack(const observe::Process& process) {
    constexpr std::uint64_t kDepth = 96 << 10;  // that main must have, and
    constexpr std::uint64_t kOurs = 32 << 10;   // what of its lower end is taken
    const auto text = observe::read_whole_file(AT_FDCWD, process.living_task_path("stat").c_str());
    if (!text) return 0;
    // startstack, the 28th field; the second is a name in parentheses.
    std::istringstream fields(text->substr(std::min(text->rfind(')') + 1, text->size())));
    std::string field;
    for (int number = 3; number <= 28; ++number)
        fields >> field;
    std::uint64_t begin = 0;
    std::from_chars(field.data(), field.data() + field.size(), begin);
    const observe::Maps maps(process);
    const observe::Mapping* const stack = maps.find(begin);
    if (stack == nullptr || begin - stack->begin < kDepth) return 0;
    const auto main = process.syscall(process.pid());
    if (!main || main->running) return 0;
    const bool deep = main->stack_pointer >= stack->begin &&
                      main->stack_pointer < stack->begin + kDepth / 2 + kOurs / 2;
    return deep ? 0 : stack->begin + kOurs;
}

}  // namespace threadfault::attach
