// Deadlocks, and what looks like one.
#include "actors.hpp"

#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace lock_target {
namespace {

constexpr std::size_t kMost = 5;
// As an array of mutexes a program would have.
std::array<pthread_mutex_t, kMost> circle;
pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
pthread_mutex_t cond_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t reply = PTHREAD_COND_INITIALIZER;

Action lock(std::size_t i) {
    return [i] { pthread_mutex_lock(&circle[i]); };
}

Action lock_until_tomorrow(std::size_t i) {
    return [i] {
        timespec end{};
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec += 86400;
        pthread_mutex_timedlock(&circle[i], &end);
    };
}

std::string member(std::size_t i) {
    return "member-" + std::to_string(i);
}

void mutexes(std::size_t count) {
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < count; ++i)
        pairs.push_back({member(i), lock(i), lock((i + 1) % count)});
    all_take_then(std::move(pairs));
}

void dining_philosophers() {
    constexpr std::size_t kSeats = 3;
    for (std::size_t i = 0; i < kSeats; ++i) {
        begin(member(i), [i] {
            while (true) {
                pthread_mutex_lock(&circle[i]);
                if (pthread_mutex_trylock(&circle[(i + 1) % kSeats]) == 0)
                    pthread_mutex_unlock(&circle[(i + 1) % kSeats]);
                pthread_mutex_unlock(&circle[i]);
            }
        });
    }
}

}  // namespace

void add_circles(Situations& situations) {
    for (auto& mutex : circle)
        pthread_mutex_init(&mutex, nullptr);
    situations["circle"] = [](const auto& arguments) { mutexes(std::stoul(arguments.at(0))); };
    // A circle and one that waits for a member of it.
    situations["circle-and-outsider"] = [](const auto&) {
        mutexes(2);
        block("outsider", lock(0));
    };
    situations["two-circles"] = [](const auto&) {
        mutexes(2);
        all_take_then({{member(2), lock(2), lock(3)}, {member(3), lock(3), lock(2)}});
    };
    situations["circle-by-join"] = [](const auto&) {
        static std::atomic<pthread_t> joinee{};
        static std::atomic<bool> held{false};
        joinee = start(member(1), [] {
            while (!held)
                usleep(1000);
            pthread_mutex_lock(&circle[0]);
        });
        block(member(0), [] {
            pthread_mutex_lock(&circle[0]);
            held = true;
            pthread_join(joinee, nullptr);
        });
    };
    situations["circle-by-writer"] = [](const auto&) {
        all_take_then({{member(0), [] { pthread_rwlock_wrlock(&table_lock); }, lock(0)},
                       {member(1), lock(0), [] { pthread_rwlock_rdlock(&table_lock); }}});
    };
    situations["timed-edge"] = [](const auto&) {
        all_take_then(
            {{member(0), lock(0), lock(1)}, {member(1), lock(1), lock_until_tomorrow(0)}});
    };
    situations["all-edges-timed"] = [](const auto&) {
        all_take_then({{member(0), lock(0), lock_until_tomorrow(1)},
                       {member(1), lock(1), lock_until_tomorrow(0)}});
    };
    // The reader waits for input and will let the writer in.
    situations["writer-behind-idle-reader"] = [](const auto&) {
        hold(member(0), [] { pthread_rwlock_rdlock(&table_lock); });
        block(member(1), [] {
            pthread_mutex_lock(&circle[0]);
            pthread_rwlock_wrlock(&table_lock);
            stay();
        });
        block(member(2), lock(0));
    };
    // Waits for a reply with its own lock held, which nobody needs for replying.
    situations["cond-with-lock-held"] = [](const auto&) {
        block(member(0), [] {
            pthread_mutex_lock(&circle[0]);
            pthread_mutex_lock(&cond_mutex);
            while (true)
                pthread_cond_wait(&reply, &cond_mutex);
        });
        block(member(1), lock(0));
    };
    situations["contention"] = [](const auto&) {
        for (std::size_t i = 0; i < 2; ++i) {
            begin(member(i), [] {
                while (true) {
                    pthread_mutex_lock(&circle[0]);
                    pthread_mutex_lock(&circle[1]);
                    pthread_mutex_unlock(&circle[1]);
                    pthread_mutex_unlock(&circle[0]);
                }
            });
        }
    };
    situations["philosophers"] = [](const auto&) { dining_philosophers(); };
}

}  // namespace lock_target
