#include "crew.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>

namespace wait_queue {

Crew::Crew(Service& service, const Options& options) : service_(service) {
    for (int worker = 0; worker < options.workers; ++worker)
        add(-1);
    // The first request shall find them all waiting; a worker that comes late would take it from
    // the one that was chosen.
    for (int tries = 0; !service.workers_wait() && tries < 2000; ++tries)
        usleep(1000);
    for (int client = 0; client < options.clients; ++client)
        add(client);
}

void Crew::add(int client) {
    Post& post = posts_.emplace_back();
    post.service = &service_;
    post.client = client;
    start(post);
}

void Crew::start(Post& post) {
    post.tid = 0;
    const bool is_client = post.client >= 0;
    const int error =
        pthread_create(&post.handle, nullptr, is_client ? client_main : worker_main, &post);
    if (error == 0) return;
    // The threads that run already use the service: nothing can be taken down under them.
    std::fprintf(stderr, "wait_queue: pthread_create: %s\n", std::strerror(error));
    _exit(1);
}

void* Crew::worker_main(void* argument) {
    Post& post = *static_cast<Post*>(argument);
    pthread_setname_np(pthread_self(), "wq-worker");
    post.tid = gettid();
    post.service->work();
    post.returned = true;
    return nullptr;
}

void* Crew::client_main(void* argument) {
    Post& post = *static_cast<Post*>(argument);
    pthread_setname_np(pthread_self(), "wq-client");
    post.tid = gettid();
    post.service->be_client(post.client);
    post.returned = true;
    return nullptr;
}

bool Crew::is_dead(const Post& post) {
    return !post.returned && post.tid != 0 && !is_alive(post.tid) && !post.returned;
}

int Crew::replace_dead() {
    int replaced = 0;
    for (Post& post : posts_) {
        if (!is_dead(post)) continue;
        std::printf("%s %d is gone, a successor takes over\n",
                    post.client < 0 ? "worker" : "client", post.tid.load());
        // First out of the lists, then joined: joining frees the stack that its waiter is on.
        service_.recover(post.tid);
        pthread_join(post.handle, nullptr);
        start(post);
        ++replaced;
    }
    return replaced;
}

bool Crew::join_all(int seconds) {
    timespec deadline{};
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += seconds;
    for (Post& post : posts_) {
        if (pthread_timedjoin_np(post.handle, nullptr, &deadline) != 0) return false;
    }
    return true;
}

}  // namespace wait_queue
