// A session is handed to a detached thread and freed when the answer is late. The late thread then
// writes into memory that belongs to another session by now. The sessions come from a pool, as in a
// server with an allocator of its own, so that the program itself can see what happened.
#include "flaw.hpp"

#include <fcntl.h>

struct Session {
    unsigned id = 0;
    unsigned answer = 0;
    bool done = false;
    int references = 0;  // 0: free
};

pthread_mutex_t pool_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
Session pool[4];  // guarded by pool_mutex
int peer = -1;

namespace {

Session* allocate(unsigned id) {
    const flaw::Lock lock(pool_mutex);
    for (Session& session : pool) {
        if (session.references != 0) continue;
#ifdef FIXED
        session = {id, 0, false, 2};  // this thread's and the sender's
#else
        session = {id, 0, false, 1};
#endif
        return &session;
    }
    flaw::fatal("session", ENOMEM);
}

void* sender(void* argument) {
    auto* const session = static_cast<Session*>(argument);
    unsigned id = 0;
    {
        const flaw::Lock lock(pool_mutex);
        id = session->id;
    }
    unsigned question = 0;
    if (read(peer, &question, sizeof question) != sizeof question) flaw::fatal("peer", errno);
    const flaw::Lock lock(pool_mutex);
    if (session->id != id) flaw::corrupt("an answer was written into another session's memory");
    session->answer = flaw::compute(question);
    session->done = true;
#ifdef FIXED
    --session->references;
#endif
    pthread_cond_signal(&answered);
    return nullptr;
}

bool wait_for_answer(const Session& session) {
    timespec deadline{};
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 1;
    while (!session.done)
        if (pthread_cond_timedwait(&answered, &pool_mutex, &deadline) == ETIMEDOUT) return false;
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "sessions that are freed while a late detached thread has them");
    peer = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (peer < 0) flaw::fatal("/dev/zero", errno);
    flaw::ready();
    for (unsigned id = 1;; ++id) {
        Session* const session = allocate(id);
        pthread_detach(flaw::start("sender", sender, session));
        {
            const flaw::Lock lock(pool_mutex);
            if (!wait_for_answer(*session)) std::fprintf(stderr, "session %u gave up\n", id);
            --session->references;
        }
        flaw::nap(5);
    }
}
