// What happens to an attached target's threads, as looking again and again tells it.
#ifndef THREADFAULT_ATTACH_HAPPENINGS_HPP
#define THREADFAULT_ATTACH_HAPPENINGS_HPP

#include "attach/attachment.hpp"
#include "observe/process.hpp"
#include "wire/wire.hpp"

#include <map>
#include <string>
#include <vector>

namespace threadfault::attach {

// The time, the kind and the thread are filled in.
wire::EventReply make_event(wire::EventKind kind, pid_t tid, const std::string& name);

class Happenings {
public:
    explicit Happenings(const observe::Process& process) : process_(process) {}
    // Since the last look: threads that are new, have another name, or are gone. One that came and
    // went in between is not seen. The first look tells nothing.
    std::vector<wire::EventReply> look();
    // The next look is the first one again.
    void forget();
    // We have ended it: what its end will be called.
    void note_end(pid_t tid, wire::EndKind how) { ends_[tid] = how; }

private:
    const observe::Process& process_;
    bool looked_ = false;
    std::map<ThreadKey, std::string> known_;
    std::map<pid_t, wire::EndKind> ends_;
};

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_HAPPENINGS_HPP
