#include "crew_thread.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

namespace echo_server {

CrewThread::CrewThread(std::string name, std::function<void()> body)
    : name_(std::move(name)), body_(std::move(body)) {}

void CrewThread::start() {
    tid_ = 0;
    returned_ = false;
    const int error = pthread_create(&handle_, nullptr, begin, this);
    if (error == 0) return;
    // The threads that run already use the server: nothing can be taken down under them.
    std::fprintf(stderr, "echo_server: pthread_create: %s\n", std::strerror(error));
    _exit(1);
}

void* CrewThread::begin(void* self) {
    CrewThread& thread = *static_cast<CrewThread*>(self);
    pthread_setname_np(pthread_self(), thread.name_.c_str());
    thread.tid_ = gettid();
    thread.body_();
    thread.returned_ = true;
    return nullptr;
}

bool CrewThread::is_gone() const {
    if (returned_) return true;
    const pid_t tid = tid_;
    return tid != 0 && syscall(SYS_tgkill, getpid(), tid, 0) != 0 && errno == ESRCH;
}

bool CrewThread::join(int seconds) {
    timespec deadline{};
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += seconds;
    return pthread_timedjoin_np(handle_, nullptr, &deadline) == 0;
}

}  // namespace echo_server
