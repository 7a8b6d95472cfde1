// What the guardian of an attached target does all the time: it answers as an agent in the target
// would (lib/wire), sees to the faults in force, and lets the target go in the end.
#ifndef THREADFAULT_ATTACH_SERVICE_HPP
#define THREADFAULT_ATTACH_SERVICE_HPP

#include "attach/attachment.hpp"
#include "attach/control_socket.hpp"
#include "attach/happenings.hpp"
#include "attach/works.hpp"
#include "observe/process.hpp"
#include "wire/wire.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace threadfault::attach {

struct ServiceOptions {
    std::optional<std::chrono::nanoseconds> time;  // then the target is let go
    bool until_idle = false;      // or when no client is left and no fault in force
    bool until_deserted = false;  // or when no client is left; what is in force is undone
};

class Service {
public:
    Service(const observe::Process& process, ControlSocket& socket, Attachment& attachment,
            const ServiceOptions& options);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    // Until the target has ended, or has been let go.
    void run();

private:
    using Clock = std::chrono::steady_clock;
    struct Client {
        bool follows = false;
        std::uint64_t lost = 0;
    };

    bool wait(Clock::time_point until);  // false: told to end
    void accept_clients();
    void hear(int client);
    void serve(int client, const unsigned char* message, std::size_t length);
    void say(int client, const void* message, std::size_t length);
    void refuse(int client, const wire::Header& request, wire::ErrorCode code, const char* text);
    void hello(int client, const wire::Header& request);
    void list(int client, const wire::ListRequest& request);
    void follow(int client, const wire::Header& request);
    void captures(int client, const wire::CaptureRequest& request);
    void tell(const wire::EventReply& event);
    void answer(int client, const wire::FaultRequest& request, const wire::FaultReply& reply);
    void drop(int client);
    void see_off();
    void let_go();

    const observe::Process& process_;
    ControlSocket& socket_;
    Attachment& attachment_;
    ServiceOptions options_;
    Works works_;
    Happenings happenings_;
    std::map<int, Client> clients_;
    int signals_ = -1;
    int target_ = -1;
    bool target_ended_ = false;
    bool had_client_ = false;
    std::vector<int> leaving_;  // clients that are none any more, their ends not closed yet
    bool deserted_ = false;
    Clock::time_point began_;
    Clock::time_point last_client_;
};

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_SERVICE_HPP
