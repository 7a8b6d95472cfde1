// The threads of the service, and, in robust mode, their replacement.
#ifndef THREADFAULT_DEMO_WAIT_QUEUE_CREW_HPP
#define THREADFAULT_DEMO_WAIT_QUEUE_CREW_HPP

#include <pthread.h>

#include <atomic>
#include <deque>

#include "service.hpp"

namespace wait_queue {

class Crew {
public:
    Crew(Service& service, const Options& options);
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    // Robust: buries the dead and puts successors in their place. Returns how many.
    int replace_dead();
    // False when a thread can't be joined in time.
    bool join_all(int seconds);

private:
    // Where one thread stands. It outlives the thread.
    struct Post {
        Service* service = nullptr;
        int client = -1;  // or a worker
        pthread_t handle{};
        std::atomic<pid_t> tid{0};
        std::atomic<bool> returned{false};
    };

    static void* worker_main(void* post);
    static void* client_main(void* post);
    static void start(Post& post);
    static bool is_dead(const Post& post);
    void add(int client);

    Service& service_;
    std::deque<Post> posts_;
};

}  // namespace wait_queue

#endif  // THREADFAULT_DEMO_WAIT_QUEUE_CREW_HPP
