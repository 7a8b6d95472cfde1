// What a test program and its guardian say to each other, over a SOCK_SEQPACKET socket pair that is
// the lifeline as well: its end tells the guardian that the test program is gone.
#ifndef THREADFAULT_HARNESS_GUARDIAN_PROTOCOL_HPP
#define THREADFAULT_HARNESS_GUARDIAN_PROTOCOL_HPP

#include <cstdint>

namespace threadfault::guardian {

// threadfault-guardian FD PARENT GRACE_MS DIRECTORY SCRATCH FILE ARGV0 [ARGV1…]; the environment is
// the target's. DIRECTORY may be "". SCRATCH, a directory or "", is made unless it is there, and
// removed once the test program has let go of the lifeline.
enum Argument { kFd = 1, kParent, kGrace, kDirectory, kScratch, kFile, kCommand };

enum class Kind : std::int32_t {
    // From the guardian.
    created = 1,     // value: the target's pid. It waits for `go` before it becomes the program.
    running = 2,     // it has become the program
    failed = 3,      // value: errno of execve
    no_place = 4,    // value: errno of chdir
    exited = 5,      // value: as wait(2) gives it
    no_scratch = 7,  // value: errno of mkdir
    all_gone = 6,    // nothing that the target started is left; the guardian ends
    // To the guardian.
    go = 16,
    end = 17,  // end the target and all that it started
};

struct Message {
    Kind kind{};
    std::int32_t value = 0;
};

}  // namespace threadfault::guardian

#endif  // THREADFAULT_HARNESS_GUARDIAN_PROTOCOL_HPP
