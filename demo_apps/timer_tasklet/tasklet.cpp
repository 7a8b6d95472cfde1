#include "tasklet.hpp"

namespace timer_tasklet {

SoftWorker::~SoftWorker() {
    stop();
    sem_destroy(&work_);
}

void SoftWorker::stop() {
    stopping_ = true;
    wake();
    thread_.join();
}

// A successor looks before it waits: the dead one may have taken the semaphore's count with it.
void SoftWorker::run() {
    while (!stopping_) {
        while (run_each_once()) {
        }
        sem_wait(&work_);
    }
}

// Everybody's turn, so that one with a backlog does not starve the others.
bool SoftWorker::run_each_once() {
    bool worked = false;
    for (Tasklet* tasklet : tasklets_) {
        if (tasklet->backlog() == 0) continue;
        const std::uint64_t number = tasklet->done.load(std::memory_order_relaxed);
        tasklet->function(*tasklet, number);
        tasklet->done.store(number + 1, std::memory_order_release);
        worked = true;
    }
    return worked;
}

}  // namespace timer_tasklet
