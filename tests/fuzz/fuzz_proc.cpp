// What /proc tells of a process that may name its threads and files as it likes, and what our
// helper programs print.
#include "drive/faults/last_look.hpp"
#include "drive/threads/outside_threads.hpp"
#include "execute/thread_state.hpp"
#include "fuzz.hpp"
#include "observe/maps.hpp"
#include "observe/proc_file.hpp"
#include "observe/process.hpp"

#include <cstdlib>
#include <string>

using namespace threadfault;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Bytes input(data, size);
    const auto what = input.take<std::uint8_t>();
    const std::string_view text = fuzz::as_text(input.data(), input.size());
    switch (what % 8) {
        case 0:
            observe::parse_task_stat(text);
            return 0;
        case 1:
            observe::parse_task_status(text);
            return 0;
        case 2:
            observe::parse_task_syscall(text);
            return 0;
        case 3: {
            const observe::Maps maps(observe::parse_maps(text));
            maps.find(0x1000);
            maps.find_file("libc.so");
            return 0;
        }
        case 4:
            observe::parse_number(text);
            return 0;
        case 5: {
            execute::ThreadStat stat{};
            execute::parse_stat(text.data(), text.size(), &stat);
            return 0;
        }
        case 6:
            drive::parse_outside_threads(text);
            return 0;
        default:
            if (const auto look = drive::parse_last_look(text)) {
                if (drive::to_bytes(*look).size() > text.size()) std::abort();
            }
            return 0;
    }
}
