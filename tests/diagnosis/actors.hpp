// Named threads that do one thing and then stand there, and the situations made of them.
#ifndef THREADFAULT_TESTS_DIAGNOSIS_ACTORS_HPP
#define THREADFAULT_TESTS_DIAGNOSIS_ACTORS_HPP

#include <pthread.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lock_target {

using Action = std::function<void()>;

// A thread of that name that runs `action` and returns.
pthread_t start(const std::string& name, Action action);
// Never returns; wakes for nothing.
[[noreturn]] void stay();
// The thread has done `take` when this returns; then it stays.
pthread_t hold(const std::string& name, Action take);
// The thread sleeps in a futex, in `call`, when this returns; or in that system call.
pthread_t block(const std::string& name, Action call);
pthread_t block_in(const std::string& name, long system_call, Action call);
// A call that waits for the world and not for a futex: started, and not waited for.
pthread_t begin(const std::string& name, Action call);

struct Pair {
    std::string name;
    Action take;
    Action then;
};
// Each of them takes; when all have, each goes on to `then`, and sleeps there in a futex when this
// returns. Returns their threads.
std::vector<pthread_t> all_take_then(std::vector<Pair> pairs);

void say_ready();

// What argv[1] may name; the arguments after it are theirs. A situation that returns leaves the
// main thread to wait for the end of its standard input; one that doesn't says that it is ready.
using Situation = std::function<void(const std::vector<std::string>& arguments)>;
using Situations = std::map<std::string, Situation>;

void add_objects(Situations& situations);
void add_circles(Situations& situations);
void add_programs(Situations& situations);
void add_misleading(Situations& situations);
void add_elsewhere(Situations& situations);
void add_spinners(Situations& situations);
void add_channels(Situations& situations);

}  // namespace lock_target

#endif  // THREADFAULT_TESTS_DIAGNOSIS_ACTORS_HPP
