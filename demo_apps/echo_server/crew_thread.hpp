// One thread of the server: it can be found dead, and started again.
#ifndef THREADFAULT_DEMO_ECHO_SERVER_CREW_THREAD_HPP
#define THREADFAULT_DEMO_ECHO_SERVER_CREW_THREAD_HPP

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>

namespace echo_server {

class CrewThread {
public:
    CrewThread(std::string name, std::function<void()> body);
    CrewThread(const CrewThread&) = delete;
    CrewThread& operator=(const CrewThread&) = delete;

    void start();
    // True when the body has returned, or when the kernel no longer knows the thread.
    bool is_gone() const;
    // False when it does not end in time.
    bool join(int seconds);
    pid_t tid() const { return tid_; }
    const std::string& name() const { return name_; }

private:
    static void* begin(void* self);

    const std::string name_;
    const std::function<void()> body_;
    pthread_t handle_{};
    std::atomic<pid_t> tid_{0};
    std::atomic<bool> returned_{false};
};

}  // namespace echo_server

#endif  // THREADFAULT_DEMO_ECHO_SERVER_CREW_THREAD_HPP
